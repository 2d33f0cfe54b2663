import type { Verdict } from '../plan/board.ts';
import { CELL_STATES, type CellState } from '../project/model.ts';

/** What stands for a thing on the screen. All glyphs are one column wide in every terminal. */
export interface Glyphs {
  state: Record<CellState, string>;
  verdict: Record<Verdict, string>;
  step: Record<'queued' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled', string>;
  /** A running cell whose end is known, from just begun to nearly done. */
  growth: readonly string[];
  /** Bars of small charts, lowest first. */
  spark: readonly string[];
  barFull: string;
  barEmpty: string;
  rule: string;
  bar: string;
  pointer: string;
  ellipsis: string;
  separator: string;
  corner: { topLeft: string; topRight: string; bottomLeft: string; bottomRight: string };
  arrows: { left: string; right: string; up: string; down: string };
  branch: string;
  dash: string;
}

/**
 * Chosen for terminals that differ: none is an emoji or as wide as two where ambiguous characters are wide, except the
 * lines and bars that have no other form. The heavy ones stand for what needs somebody.
 */
const UNICODE: Glyphs = {
  state: {
    failed: '✘',
    running: '▶',
    suspicious: '!',
    stale: '~',
    owed: '+',
    missing: '∅',
    available: 'o',
    fetched: '@',
    loaded: '✓',
    'not due': ' ',
    off: '-',
  },
  verdict: { pass: '✓', warn: '!', error: '✘', unknown: '?' },
  step: { queued: '·', running: '▶', done: '✓', failed: '✘', skipped: '-', cancelled: '×' },
  growth: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇'],
  barFull: '━',
  barEmpty: '─',
  rule: '─',
  bar: '│',
  pointer: '▸',
  ellipsis: '…',
  separator: '›',
  corner: { topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯' },
  arrows: { left: '◂', right: '▸', up: '▴', down: '▾' },
  branch: '└',
  dash: '–',
};

/** For TERM=linux and --ascii. */
const ASCII: Glyphs = {
  state: {
    failed: 'x',
    running: '>',
    suspicious: '!',
    stale: '~',
    owed: '+',
    missing: '_',
    available: 'o',
    fetched: '@',
    loaded: '.',
    'not due': ' ',
    off: '-',
  },
  verdict: { pass: '.', warn: '!', error: 'x', unknown: '?' },
  step: { queued: ' ', running: '>', done: '.', failed: 'x', skipped: '-', cancelled: '%' },
  growth: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  spark: ['_', '.', '-', '=', '+', '*', '%', '#'],
  barFull: '#',
  barEmpty: '.',
  rule: '-',
  bar: '|',
  pointer: '>',
  ellipsis: '..',
  separator: '>',
  corner: { topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+' },
  arrows: { left: '<', right: '>', up: '^', down: 'v' },
  branch: '`',
  dash: '-',
};

export function glyphSet(ascii: boolean): Glyphs {
  return ascii ? ASCII : UNICODE;
}

/** The states from worst to best that deserve somebody's eyes; `[` and `]` go through them. */
export const PROBLEM_STATES: ReadonlySet<CellState> = new Set(['failed', 'suspicious', 'stale', 'missing']);

/** In the order of `CELL_STATES`, worst first. */
export function byWorst(states: Iterable<CellState>): CellState[] {
  const present = new Set(states);
  return CELL_STATES.filter((state) => present.has(state));
}
