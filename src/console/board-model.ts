import { Temporal } from 'temporal-polyfill';
import type { Board, BoardRow, Cell, DerivedStatus } from '../plan/board.ts';
import { CELL_STATES, type CellState, type Day } from '../project/model.ts';
import { firstDay, lastDay, today } from '../project/period.ts';
import { PROBLEM_STATES } from './glyphs.ts';
import { displayWidth } from './width.ts';

/** A column of the board. */
export interface DayColumn {
  day: Day;
  /** Day of the month. */
  number: number;
  /** 'NOV 2026'. */
  month: string;
  /** 'mon' … 'sun'. */
  weekday: string;
  weekend: boolean;
  today: boolean;
}

/** A dataset's row: which of its cells stands in which day's column. */
export interface Track {
  row: BoardRow;
  /** Index into `row.cells` by column, -1 where there is none. A week's cell fills seven columns, a month's thirty. */
  at: Int32Array;
}

/** The board as it is drawn: one axis of days for all datasets, whatever their periods are. */
export interface BoardModel {
  board: Board;
  days: DayColumn[];
  /** Column by day. */
  columnOf: ReadonlyMap<Day, number>;
  tracks: Track[];
  /** What is derived and has no row among the tables: those aggregates are not listed twice. */
  derived: DerivedStatus[];
  /** Cells by state, of the days that are counted: reading further back does not change them. */
  counts: Record<CellState, number>;
  /** Of the days that are counted. */
  failed: Cell[];
  /** States that any cell is in, counted or not. */
  present: ReadonlySet<CellState>;
  /** Where `[` and `]` go: by day, then from top to bottom. */
  problems: Array<{ row: number; column: number }>;
  longestName: number;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/**
 * @param now RFC 3339; today is its date in the project's time zone
 * @param counted how many of the newest periods of a row are counted
 */
export function boardModel(
  board: Board,
  now: string,
  timeZone: string,
  counted = Number.MAX_SAFE_INTEGER,
): BoardModel {
  const current = today(now, timeZone);
  const days = axis(board.rows, current);
  const countedFrom = oldestDay(
    board.rows.map((row) => ({ ...row, cells: row.cells.slice(-counted) })),
    current,
  ).toString();
  const columnOf = new Map(days.map((column, index) => [column.day, index]));
  const tracks = board.rows.map((each) => trackOf(each, days, columnOf));
  const counts = Object.fromEntries(CELL_STATES.map((state) => [state, 0])) as Record<CellState, number>;
  const failed: Cell[] = [];
  const present = new Set<CellState>();
  for (const { row } of tracks) {
    for (const cell of row.cells) {
      present.add(cell.state);
      const end = row.unit === 'day' ? cell.period : lastDay(cell.period).toString();
      if (end < countedFrom) continue;
      counts[cell.state] += 1;
      if (cell.state === 'failed') failed.push(cell);
    }
  }
  const tables = new Set(board.rows.map((row) => row.dataset));
  const derived = board.derived.filter(({ name }) => !tables.has(name));
  const names = [...tables, ...derived.map(({ name }) => name)];
  return {
    board,
    days,
    columnOf,
    tracks,
    derived,
    counts,
    failed,
    present,
    problems: problemsOf(tracks, days.length),
    longestName: Math.max(0, ...names.map(displayWidth)),
  };
}

/** Each problem once, in the column where its cell ends. */
export function problemsOf(tracks: readonly Track[], width: number): BoardModel['problems'] {
  const found: BoardModel['problems'] = [];
  for (let column = 0; column < width; column += 1) {
    for (const [row, track] of tracks.entries()) {
      const cell = cellAt(track, column);
      if (cell !== undefined && PROBLEM_STATES.has(cell.state) && cell !== cellAt(track, column + 1)) {
        found.push({ row, column });
      }
    }
  }
  return found;
}

const UNITS = ['day', 'week', 'month'] as const;

/**
 * The first day of the board: all days to today are shown, without gaps, from the oldest period of the rows with the
 * shortest ones. As many months back as there are days would be ten years.
 */
function oldestDay(rows: readonly BoardRow[], current: Temporal.PlainDate): Temporal.PlainDate {
  const unit = UNITS.find((each) => rows.some((row) => row.unit === each && row.cells.length > 0));
  let first = current;
  for (const row of rows.filter((each) => each.unit === unit)) {
    const oldest = row.cells[0];
    if (oldest === undefined) continue;
    const start = firstDay(oldest.period);
    if (Temporal.PlainDate.compare(start, first) < 0) first = start;
  }
  return first;
}

/** The columns from that day to today. */
function axis(rows: readonly BoardRow[], current: Temporal.PlainDate): DayColumn[] {
  const first = oldestDay(rows, current);
  const columns: DayColumn[] = [];
  for (let date = first; Temporal.PlainDate.compare(date, current) <= 0; date = date.add({ days: 1 })) {
    columns.push({
      day: date.toString(),
      number: date.day,
      month: `${MONTHS[date.month - 1]} ${date.year}`,
      weekday: WEEKDAYS[date.dayOfWeek - 1] ?? '',
      weekend: date.dayOfWeek > 5,
      today: date.equals(current),
    });
  }
  return columns;
}

/** A row with those of its cells that reach into the axis. */
function trackOf(row: BoardRow, days: readonly DayColumn[], columnOf: ReadonlyMap<Day, number>): Track {
  const first = days[0]?.day ?? '';
  const cells =
    row.unit === 'day' ? row.cells : row.cells.filter((cell) => lastDay(cell.period).toString() >= first);
  const at = new Int32Array(days.length).fill(-1);
  const start = columnOf.get(cells[0]?.period ?? '') ?? -1;
  if (row.unit === 'day' && start !== -1 && cells.length === days.length - start) {
    // The usual case by far: a cell for every day, up to today.
    for (let column = start; column < days.length; column += 1) at[column] = column - start;
    return { row, at };
  }
  for (const [index, cell] of cells.entries()) {
    const [from, to] = span(row, cell, columnOf, days);
    for (let column = from; column <= to; column += 1) at[column] = index;
  }
  return { row: { ...row, cells }, at };
}

/** The columns of a cell; what lies before or after the axis is cut off. */
function span(
  row: BoardRow,
  cell: Cell,
  columnOf: ReadonlyMap<Day, number>,
  days: readonly DayColumn[],
): [number, number] {
  if (row.unit === 'day') {
    const column = columnOf.get(cell.period) ?? -1;
    return column === -1 ? [0, -1] : [column, column];
  }
  const start = firstDay(cell.period).toString();
  const end = lastDay(cell.period).toString();
  if (end < (days[0]?.day ?? '') || start > (days.at(-1)?.day ?? '')) return [0, -1];
  return [columnOf.get(start) ?? 0, columnOf.get(end) ?? days.length - 1];
}

/** The cell of a row in a day's column. */
export function cellAt(track: Track | undefined, column: number): Cell | undefined {
  const index = track?.at[column] ?? -1;
  return index === -1 ? undefined : track?.row.cells[index];
}
