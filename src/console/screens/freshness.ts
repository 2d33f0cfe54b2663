import { type DerivedStatus, VERDICT_WORDS } from '../../plan/board.ts';
import type { Clock } from '../clock.ts';
import { age, bytes, count, sparkline } from '../format.ts';
import { listLayout, visibleWindow } from '../layout.ts';
import { Line } from '../line.ts';
import { freshnessRows } from '../selection.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { titleLine } from '../widgets/header.ts';
import { columns, drawRows, heading, REST, rule } from '../widgets/rows.ts';
import { fitMiddle } from '../width.ts';
import { limits } from './board-lists.ts';
import { whyRows } from './freshness-why.ts';

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

function countsLine(state: ConsoleState, theme: Theme, relations: readonly DerivedStatus[]): string {
  const line = new Line(state.size.columns).add(` ${relations.length} relations`, theme.strong);
  for (const verdict of ['error', 'warn', 'unknown', 'pass'] as const) {
    const number = relations.filter((each) => each.verdict === verdict).length;
    if (number === 0) continue;
    line
      .add('   ')
      .add(`${theme.glyphs.verdict[verdict]} ${number} ${VERDICT_WORDS[verdict]}`, theme.verdict[verdict]);
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
  line.add(`${theme.glyphs.verdict[each.verdict]} ${VERDICT_WORDS[each.verdict].padEnd(8)}`, style);
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
