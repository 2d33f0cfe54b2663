import { owedText } from '../../plan/command-line.ts';
import type { DerivedStatus, Verdict } from '../../plan/board.ts';
import type { Clock } from '../clock.ts';
import { age, bytes, count, duration, sparkline } from '../format.ts';
import { listLayout, visibleWindow } from '../layout.ts';
import { Line } from '../line.ts';
import { freshnessRows } from '../selection.ts';
import { type ConsoleState, derivedOf } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { titleLine } from '../widgets/header.ts';
import { columns, drawRows, heading, paragraph, REST, type Row, rule } from '../widgets/rows.ts';
import { fitMiddle } from '../width.ts';
import { limits } from './board-lists.ts';

/** Title, counts, column names, rule, footer. */
const FIXED = 5;
const PANEL = 11;

export function freshnessLayout(state: ConsoleState): { list: number; panel: number } {
  return listLayout(state.size, FIXED, freshnessRows(state).length, PANEL);
}

/** How far every relation reaches, worst first, and why the one under the cursor reaches no further. */
export function freshnessScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const width = state.size.columns;
  const relations = freshnessRows(state);
  const { list, panel } = freshnessLayout(state);
  const cursor = Math.min(state.freshnessView.row, relations.length - 1);
  const window = visibleWindow(cursor, list, relations.length);
  const rows = relations
    .slice(window.first, window.end)
    .map((each, index) => relationRow(state, theme, clock, each, window.first + index === cursor));
  const selected = relations[cursor];
  const why = selected === undefined ? [] : whyRows(state, theme, clock, selected);
  const shown = Math.min(list, Math.max(1, relations.length));
  return [
    titleLine(state, theme, clock, ['freshness']),
    countsLine(state, theme, relations),
    head(state, theme),
    ...Array.from({ length: shown }, (_, index) => rows[index] ?? ''),
    ...(panel > 0 && selected !== undefined
      ? [heading(theme, width, `WHY  ${selected.kind} ${selected.name}`)]
      : []),
    ...Array.from(
      { length: Math.max(0, list - shown + panel - 1) },
      (_, index) => drawRows(why, width)[index] ?? '',
    ),
    ...(panel > 0 && selected !== undefined ? [] : ['']),
    rule(theme, width),
    footerLine(state, theme),
  ].slice(0, state.size.rows);
}

const WORDS: Record<Verdict, string> = { pass: 'fresh', warn: 'late', error: 'too old', unknown: 'unknown' };

function countsLine(state: ConsoleState, theme: Theme, relations: readonly DerivedStatus[]): string {
  const line = new Line(state.size.columns).add(` ${relations.length} relations`, theme.strong);
  for (const verdict of ['error', 'warn', 'unknown', 'pass'] as const) {
    const number = relations.filter((each) => each.verdict === verdict).length;
    if (number === 0) continue;
    line
      .add('   ')
      .add(`${theme.glyphs.verdict[verdict]} ${number} ${WORDS[verdict]}`, theme.verdict[verdict]);
  }
  return line.end();
}

function nameWidth(state: ConsoleState): number {
  const longest = Math.max(12, ...freshnessRows(state).map((each) => each.name.length));
  return Math.min(longest, Math.max(16, Math.floor(state.size.columns * 0.3)));
}

function head(state: ConsoleState, theme: Theme): string {
  const style = theme.faint;
  const line = new Line(state.size.columns).add(' STATE'.padEnd(11), theme.heading);
  return columns(line, theme, [
    { text: 'RELATION', width: nameWidth(state), style: theme.heading },
    { text: 'THROUGH', width: 10, style },
    { text: 'AGE', width: 6, style, align: 'right' },
    { text: 'LIMITS', width: 9, style },
    { text: 'REFRESHED', width: 11, style },
    { text: 'ROWS', width: 13, style, align: 'right' },
    { text: 'SIZE', width: 8, style, align: 'right' },
    { text: 'TOOK', width: 14, style },
    { text: 'KIND', width: 6, style },
    { text: 'WHY', width: REST, style },
  ]).end();
}

function relationRow(
  state: ConsoleState,
  theme: Theme,
  clock: Clock,
  each: DerivedStatus,
  here: boolean,
): string {
  const line = new Line(state.size.columns).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  const style = theme.verdict[each.verdict];
  const name = nameWidth(state);
  line.add(`${theme.glyphs.verdict[each.verdict]} ${WORDS[each.verdict].padEnd(8)}`, style);
  columns(line, theme, [
    { text: fitMiddle(each.name, name, theme.glyphs.ellipsis), width: name, style: here ? theme.strong : '' },
    { text: each.through ?? theme.glyphs.dash, width: 10, style },
    { text: each.ageSeconds === undefined ? '' : age(each.ageSeconds), width: 6, style, align: 'right' },
    { text: limits(each), width: 9, style: theme.faint },
    {
      text: each.refreshed === undefined ? 'never' : clock.moment(each.refreshed, state.now),
      width: 11,
      style: theme.muted,
    },
    { text: each.rows === undefined ? '' : count(each.rows), width: 13, style: theme.muted, align: 'right' },
    { text: each.bytes === undefined ? '' : bytes(each.bytes), width: 8, style: theme.muted, align: 'right' },
    { text: sparkline(each.durations, theme.glyphs.spark), width: 14, style: theme.muted },
    { text: each.kind, width: 6, style: theme.faint },
    {
      text: each.verdict === 'pass' && each.owed.length === 0 ? '' : each.why,
      width: REST,
      style: theme.muted,
    },
  ]);
  return line.end();
}

/** Why it is as old as it is: the relation's own reason, what it reads and how far that reaches, and what to do. */
function whyRows(state: ConsoleState, theme: Theme, clock: Clock, each: DerivedStatus): Row[] {
  const width = state.size.columns;
  const last = each.durations.at(-1);
  const refreshed =
    each.refreshed === undefined
      ? 'never'
      : `${clock.moment(each.refreshed, state.now)}${last === undefined ? '' : `, took ${duration(last)}`}`;
  return [
    ...paragraph(theme, each.error?.message ?? each.why, width, 2),
    ...each.reads.slice(0, 4).map((name) => readsRow(state, theme, name)),
    [
      [' refreshed  ', theme.faint],
      [refreshed, theme.muted],
    ],
    ...(each.owed.length === 0
      ? []
      : [
          [
            [' owed       ', theme.faint],
            [owedText(each.owed), theme.warn],
          ] as Row,
        ]),
    ...paragraph(theme, advice(each), width, 2, theme.accent),
    [],
    ...paragraph(
      theme,
      'Age counts from the end of the newest day inside, not from the last refresh.',
      width,
      1,
      theme.faint,
    ),
  ];
}

function readsRow(state: ConsoleState, theme: Theme, name: string): Row {
  const parent = [...freshnessRows(state), ...derivedOf(state)].find((each) => each.name === name);
  if (parent !== undefined) {
    return [
      [' reads      ', theme.faint],
      [`${name} `],
      [
        `${theme.glyphs.verdict[parent.verdict]} through ${parent.through ?? 'nothing'}`,
        theme.verdict[parent.verdict],
      ],
    ];
  }
  const row = state.board?.board.rows.find((each) => each.dataset === name);
  const loaded = row?.cells.findLast((cell) => cell.version > 0);
  const worst = row?.cells.findLast((cell) => cell.state === 'failed' || cell.state === 'missing');
  return [
    [' reads      ', theme.faint],
    [`${name} `],
    [loaded === undefined ? 'nothing is loaded' : `loaded through ${loaded.period}`, theme.muted],
    [
      worst === undefined ? '' : `, ${worst.period} ${worst.state}`,
      worst === undefined ? '' : theme.state[worst.state],
    ],
  ];
}

function advice(each: DerivedStatus): string {
  if (each.kind === 'table') return each.verdict === 'pass' ? '' : 'The board shows which day is missing: 1.';
  const last = each.durations.at(-1);
  const time = last === undefined ? '' : `, about ${duration(last)}`;
  if (each.verdict === 'pass' && each.owed.length === 0)
    return `Nothing to do. m refreshes it all the same${time}.`;
  return `m refreshes it${time}; M refreshes all that are owed or late.`;
}
