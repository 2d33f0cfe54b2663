import type { Clock } from './clock.ts';
import { draw } from './draw.ts';
import type { ConsoleState } from './state.ts';
import type { MouseEvent } from './terminal-input.ts';
import type { Theme } from './theme.ts';
import { displayWidth } from './width.ts';

/** Lines that the wheel moves by. */
const WHEEL = 3;
/** More keys than any screen has lines and days. */
const MOST_KEYS = 500;

/** What a pointing device needs of the console. */
export interface Pointed {
  state: () => ConsoleState;
  press: (key: string) => void;
  theme: Theme;
  clock: Clock;
}

/**
 * Does with keys what was done with the mouse: the wheel moves the cursor, a click puts it where it points, and one on
 * what it is on already is Enter. Where the cursor stands is read off the drawn screen, so that no screen needs to know.
 */
export function point(pointed: Pointed, { kind, column, row }: MouseEvent): void {
  const { state, press } = pointed;
  if (kind !== 'click') {
    for (let line = 0; line < WHEEL; line += 1) press(kind);
    return;
  }
  if (state().dialog !== undefined) return;
  const before = cursorOf(pointed);
  if (before === undefined) return;
  walk(pointed, (at) => Math.sign(row - at.row), 'up', 'down');
  walk(pointed, (at) => (column < at.first ? -1 : column > at.last ? 1 : 0), 'left', 'right');
  const after = cursorOf(pointed);
  const isThere = before.row === row && column >= before.first && column <= before.last;
  if (isThere && after?.row === before.row && after.first === before.first) press('enter');
}

/** Presses a key as long as it brings the cursor nearer; one step too far is taken back. */
function walk(pointed: Pointed, side: (at: Cursor) => number, less: string, more: string): void {
  let at = cursorOf(pointed);
  const begin = at === undefined ? 0 : side(at);
  for (
    let keys = 0;
    at !== undefined && side(at) !== 0 && side(at) === begin && keys < MOST_KEYS;
    keys += 1
  ) {
    const { row, first } = at;
    pointed.press(begin < 0 ? less : more);
    at = cursorOf(pointed);
    if (at?.row === row && at.first === first) return;
  }
}

interface Cursor {
  row: number;
  /** Columns of the cell that it is on; of a list the whole line. */
  first: number;
  last: number;
}

function cursorOf({ state, theme, clock }: Pointed): Cursor | undefined {
  const { lines } = draw(state(), theme, clock);
  const row = lines.findIndex((line) => plain(line).startsWith(theme.glyphs.pointer));
  if (row === -1) return undefined;
  const cell = state().screen === 'board' ? inverse(lines[row] ?? '') : undefined;
  return { row, ...(cell ?? { first: 0, last: Number.POSITIVE_INFINITY }) };
}

// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[([\d;]*)m/gu;

function plain(line: string): string {
  return line.replaceAll(SGR, '');
}

/** The columns that are drawn in inverse, as the cell under the cursor is. */
function inverse(line: string): { first: number; last: number } | undefined {
  for (const { 0: code, 1: codes = '', index } of line.matchAll(SGR)) {
    if (!codes.split(';').includes('7')) continue;
    const start = index + code.length;
    const end = line.indexOf('\u001b[', start);
    const first = displayWidth(plain(line.slice(0, start)));
    const width = displayWidth(line.slice(start, end === -1 ? undefined : end));
    return { first, last: first + Math.max(0, width - 1) };
  }
  return undefined;
}
