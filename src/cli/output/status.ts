import { age, count } from '../../console/format.ts';
import { byWorst } from '../../console/glyphs.ts';
import { clean } from '../../console/clean.ts';
import { displayWidth } from '../../console/width.ts';
import { type Board, type BoardRow, type Cell, type DerivedStatus, VERDICT_WORDS } from '../../plan/board.ts';
import type { CellState, Period } from '../../project/model.ts';
import type { Paint } from './paint.ts';
import { second } from './plain.ts';
import { table, type TableCell } from './table.ts';

/** CONTRACT's Status JSON. */
export function statusJson(board: Board): object {
  return {
    schema: 'dayboard.status/1',
    project: board.project,
    context: board.context,
    asOf: board.asOf,
    cells: board.rows.flatMap((row) => row.cells).map(cellJson),
    views: board.derived.map(viewJson),
  };
}

function cellJson(cell: Cell): object {
  const { dataset, computed, period, state, rows, version, object, run, since, why } = cell;
  return { dataset, computed, period, state, rows, version, object, run, since, why };
}

function viewJson({
  name,
  through,
  ageSeconds,
  verdict,
  refreshed,
  rows,
  bytes,
  owed,
  why,
}: DerivedStatus): object {
  return { name, through, ageSeconds, verdict, refreshed, rows, bytes, owed, why };
}

/** States that need nobody. */
const QUIET: ReadonlySet<CellState> = new Set(['loaded', 'not due', 'off']);

/** So many cells are explained in words. */
const MOST_EXPLAINED = 40;

/** The board as tables: datasets by periods, what is wrong in words, and what is derived below. */
export function statusText(board: Board, paint: Paint): string[] {
  const { theme } = paint;
  const listed =
    board.listedAt === undefined ? 'the source was never listed' : `source listed ${second(board.listedAt)}`;
  const lines = [
    `${paint.text(board.project, theme.heading)} ${paint.text(`· context ${board.context} · ${listed}`, theme.muted)}`,
  ];
  if (board.listingError !== undefined) {
    lines.push(paint.text(`the last listing failed: ${board.listingError.message}`, theme.warn));
  }
  for (const unit of ['day', 'week', 'month'] as const) {
    const rows = board.rows.filter((row) => row.unit === unit);
    if (rows.length > 0) lines.push('', ...grid(rows, paint));
  }
  lines.push(...legend(board, paint), ...explained(board, paint));
  if (board.derived.length > 0) lines.push('', ...derivedTable(board.derived, board.asOf, paint));
  return lines;
}

/** Rows of one unit, which all have the same periods: with words where they fit, else with glyphs alone. */
function grid(rows: readonly BoardRow[], paint: Paint): string[] {
  const periods = [...new Set(rows.flatMap((row) => row.cells.map((cell) => cell.period)))].sort();
  const names = Math.max(...rows.map((row) => displayWidth(clean(row.dataset))));
  const inWords = names + periods.length * WORD_COLUMN <= paint.width;
  if (inWords) return wordGrid(rows, periods, paint);
  const room = Math.max(1, Math.floor((paint.width - names - 2) / glyphColumn(periods)));
  const lines: string[] = [];
  for (let first = 0; first < periods.length; first += room) {
    if (first > 0) lines.push('');
    lines.push(...glyphGrid(rows, periods.slice(first, first + room), paint));
  }
  return lines;
}

/** The widest state's word with its glyph and the gap. */
const WORD_COLUMN = 14;

function wordGrid(rows: readonly BoardRow[], periods: readonly Period[], paint: Paint): string[] {
  const { theme } = paint;
  const header: TableCell[] = ['', ...periods.map((period) => ({ text: period, style: theme.muted }))];
  const body = rows.map((row): TableCell[] => [
    row.dataset,
    ...periods.map((period) => {
      const state = stateAt(row, period);
      return state === undefined
        ? ''
        : { text: `${theme.glyphs.state[state]} ${state}`.trim(), style: theme.state[state] };
    }),
  ]);
  return table([header, ...body], paint);
}

function glyphColumn(periods: readonly Period[]): number {
  return label(periods[0] ?? '').length + 1;
}

/** '14' of 2024-11-14, 'W46' of 2024-W46, '11' of 2024-11: what tells neighbours apart. */
function label(period: Period): string {
  return period.slice(period.lastIndexOf('-') + 1);
}

/** '2024-11' of a day, '2024' of a week or month: what neighbours share. */
function shared(period: Period): string {
  return period.slice(0, period.lastIndexOf('-'));
}

function glyphGrid(rows: readonly BoardRow[], periods: readonly Period[], paint: Paint): string[] {
  const { theme } = paint;
  const names = Math.max(...rows.map((row) => displayWidth(clean(row.dataset))));
  const wide = glyphColumn(periods);
  const indent = ' '.repeat(names + 1);
  let months = '';
  for (const [index, period] of periods.entries()) {
    const begins = index === 0 || shared(periods[index - 1] ?? '') !== shared(period);
    if (begins && months.length <= index * wide) months = `${months.padEnd(index * wide)} ${shared(period)}`;
  }
  return [
    paint.text(`${indent}${months}`.trimEnd(), theme.muted),
    paint.text(indent + periods.map((period) => label(period).padStart(wide)).join(''), theme.muted),
    ...rows.map((row) => {
      const cells = periods.map((period) => {
        const state = stateAt(row, period);
        const glyph = state === undefined ? ' ' : theme.glyphs.state[state];
        return ' '.repeat(wide - 1) + paint.text(glyph, state === undefined ? '' : theme.state[state]);
      });
      const name = clean(row.dataset);
      return `${name}${' '.repeat(names - displayWidth(name) + 1)}${cells.join('')}`.trimEnd();
    }),
  ];
}

function stateAt(row: BoardRow, period: Period): CellState | undefined {
  return row.cells.find((cell) => cell.period === period)?.state;
}

function legend(board: Board, paint: Paint): string[] {
  const { theme } = paint;
  const counts = new Map<CellState, number>();
  for (const cell of board.rows.flatMap((row) => row.cells))
    counts.set(cell.state, (counts.get(cell.state) ?? 0) + 1);
  const parts = byWorst(counts.keys()).map((state) =>
    paint.text(`${theme.glyphs.state[state]} ${state} ${counts.get(state) ?? 0}`.trim(), theme.state[state]),
  );
  return parts.length === 0 ? [] : ['', parts.join('   ')];
}

function explained(board: Board, paint: Paint): string[] {
  const { theme } = paint;
  const loud = board.rows.flatMap((row) => row.cells).filter((cell) => !QUIET.has(cell.state));
  const order = byWorst(loud.map((cell) => cell.state));
  const sorted = loud.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const rows = sorted
    .slice(0, MOST_EXPLAINED)
    .map((cell): TableCell[] => [
      { text: `${theme.glyphs.state[cell.state]} ${cell.state}`, style: theme.state[cell.state] },
      `${cell.dataset} ${cell.period}`,
      { text: cell.why, style: theme.muted },
    ]);
  if (rows.length === 0) return [];
  const more = sorted.length - rows.length;
  return [
    '',
    ...table(rows, paint),
    ...(more > 0 ? [paint.text(`and ${count(more)} more`, theme.muted)] : []),
  ];
}

/** Relations with how far they reach, as in `status` and `freshness`. */
export function derivedTable(derived: readonly DerivedStatus[], asOf: string, paint: Paint): string[] {
  const { theme } = paint;
  const header = ['relation', 'freshness', 'through', 'age', 'rows', 'refreshed', 'owed', 'why'];
  const rows = derived.map((each): TableCell[] => [
    each.name,
    {
      text: `${theme.glyphs.verdict[each.verdict]} ${VERDICT_WORDS[each.verdict]}`,
      style: theme.verdict[each.verdict],
    },
    each.through ?? theme.glyphs.dash,
    { text: each.ageSeconds === undefined ? theme.glyphs.dash : age(each.ageSeconds), align: 'right' },
    { text: each.rows === undefined ? theme.glyphs.dash : count(each.rows), align: 'right' },
    each.refreshed === undefined
      ? theme.glyphs.dash
      : `${age((Date.parse(asOf) - Date.parse(each.refreshed)) / 1000)} ago`,
    each.owed.length === 0 ? theme.glyphs.dash : String(each.owed.length),
    { text: each.why, style: theme.muted },
  ]);
  return table([header.map((text) => ({ text, style: theme.muted })), ...rows], paint);
}
