import { bytesOf, type IndexSize, type RelationSize, unusedIndexes } from '../../plan/sizes.ts';
import type { Clock } from '../clock.ts';
import { bytes, plural, shortCount } from '../format.ts';
import { listLayout, visibleWindow } from '../layout.ts';
import { Line } from '../line.ts';
import { sizeRows } from '../sizes.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { statusLine, titleLine } from '../widgets/header.ts';
import { bar, columns, drawRows, heading, REST, type Row } from '../widgets/rows.ts';

/** Title, status, column names, footer. */
const FIXED = 4;
const BAR = 10;

function layout(state: ConsoleState): { list: number; panel: number } {
  const most = Math.max(1, ...(state.sizes?.relations ?? []).map(({ indexes }) => indexes.length));
  const panel = Math.min(most + 1, Math.floor(state.size.rows / 2) - 2);
  return listLayout(state.size, FIXED, sizeRows(state).length, panel);
}

export function sizesPage(state: ConsoleState): number {
  return layout(state).list;
}

/** What the project takes on the server, the largest first; below, the indexes of what the cursor is on. */
export function sizesScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const rows = sizeRows(state);
  const { list, panel } = layout(state);
  const { row, first } = state.sizesView;
  const window = visibleWindow(row, list, rows.length, first);
  const largest = Math.max(1, ...(state.sizes?.relations ?? []).map(bytesOf));
  const lines =
    rows.length === 0
      ? ['', `  ${emptyText(state)}`]
      : rows
          .slice(window.first, window.end)
          .map((relation, at) => relationLine(state, theme, relation, largest, window.first + at === row));
  return [
    titleLine(state, theme, clock, ['sizes']),
    statusLine(state, theme, clock),
    head(theme, state.size.columns),
    ...Array.from({ length: list }, (_, index) => lines[index] ?? ''),
    ...indexPanel(state, theme, clock, rows[row], panel),
    footerLine(state, theme),
  ];
}

function emptyText({ sizes }: ConsoleState): string {
  if (sizes === undefined) return 'Asking the server.';
  return sizes.relations.length > 0 ? 'Nothing that takes room has these words.' : 'Nothing is there yet.';
}

/** Below this many columns the names need the room of the bars. */
const NARROW = 100;
const WIDTHS = { total: 9, rows: 6, indexes: 9, unused: 7, kind: 14 } as const;

function head(theme: Theme, width: number): string {
  const style = theme.faint;
  return columns(new Line(width).add(' '), theme, [
    { text: 'SIZE', width: WIDTHS.total, style: theme.heading, align: 'right' },
    ...(width < NARROW ? [] : [{ text: '', width: BAR }]),
    { text: 'INDEXES', width: WIDTHS.indexes, style, align: 'right' },
    { text: 'ROWS', width: WIDTHS.rows, style, align: 'right' },
    { text: 'UNUSED', width: WIDTHS.unused, style, align: 'right' },
    { text: 'KIND', width: WIDTHS.kind, style },
    { text: 'RELATION', width: REST, style },
  ]).end();
}

function relationLine(
  { size }: ConsoleState,
  theme: Theme,
  relation: RelationSize,
  largest: number,
  here: boolean,
): string {
  const unused = unusedIndexes(relation).length;
  const line = new Line(size.columns).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  const whole = bytesOf(relation);
  columns(line, theme, [
    { text: bytes(whole), width: WIDTHS.total, style: here ? theme.strong : '', align: 'right' },
  ]);
  if (size.columns >= NARROW) {
    for (const [text, style] of bar(theme, BAR, whole / largest, false)) line.add(text, style ?? '');
    line.add('  ');
  }
  return columns(line, theme, [
    { text: bytes(relation.indexBytes), width: WIDTHS.indexes, align: 'right' },
    { text: shortCount(relation.rows), width: WIDTHS.rows, align: 'right' },
    { text: unused === 0 ? '' : String(unused), width: WIDTHS.unused, style: theme.warn, align: 'right' },
    { text: relation.kind, width: WIDTHS.kind, style: theme.muted },
    { text: relation.of ?? relation.relation, width: REST, style: here ? theme.strong : '' },
  ]).full();
}

/** Its heading, and as many indexes as there is room for; Enter shows the others. */
function indexPanel(
  state: ConsoleState,
  theme: Theme,
  clock: Clock,
  relation: RelationSize | undefined,
  room: number,
): string[] {
  const width = state.size.columns;
  if (relation === undefined || room === 0) return Array.from({ length: room }, () => '');
  const since = state.sizes?.since;
  const { indexes } = relation;
  const shown = indexes.length > room - 1 ? indexes.slice(0, room - 2) : indexes;
  const more = indexes.length - shown.length;
  const rows: Row[] = [
    ...shown.map((index) => indexRow(theme, index, unusedIndexes(relation).includes(index))),
    ...(more > 0 ? [[[` and ${more} more`, theme.muted]] as Row] : []),
    ...(indexes.length === 0 ? [[[` ${partsText(relation)}`, theme.muted]] as Row] : []),
  ];
  const drawn = drawRows(rows, width);
  return [
    heading(
      theme,
      width,
      relation.relation,
      since === undefined ? '' : `scans since ${clock.moment(since, state.now)}`,
    ),
    ...Array.from({ length: room - 1 }, (_, index) => drawn[index] ?? ''),
  ];
}

function partsText({ parts }: RelationSize): string {
  return parts.length === 0 ? 'It has no indexes.' : `${plural(parts.length, 'table')}.`;
}

function indexRow(
  theme: Theme,
  { name, definition, bytes: taken, scans, needed }: IndexSize,
  unused: boolean,
): Row {
  return [
    [bytes(taken).padStart(9)],
    [`  ${unused ? 'never used' : plural(scans, 'scan')}`.padEnd(18), unused ? theme.warn : theme.muted],
    [` ${name}`],
    [`  ${definition}${needed ? ', keeps the key' : ''}`, theme.muted],
  ];
}
