import type { Cell } from '../plan/board.ts';
import { CELL_STATES } from '../project/model.ts';
import { type BoardModel, cellAt, type Track } from './board-model.ts';
import { type BoardLayout, boardLayout, visibleWindow, type Window } from './layout.ts';
import { type ConsoleState, markKey } from './state.ts';

/** Where things are on the board for a state; everything that draws or moves on the board starts here. */
export interface BoardPlace {
  layout: BoardLayout;
  /** Row of the cursor: tables, then rollups and views. */
  row: number;
  /** Column of the cursor among all days. */
  column: number;
  tables: Window;
  views: Window;
  days: Window;
  track: Track | undefined;
  cell: Cell | undefined;
}

export function boardPlace(state: ConsoleState, model: BoardModel): BoardPlace {
  const layout = boardLayout(state.size, {
    tables: model.tracks.length,
    views: model.derived.length,
    checks: model.board.checks.length,
    runs: model.board.runs.length,
    days: model.days.length,
    longestName: model.longestName,
    dayWidth: state.view.dayWidth,
    tip: state.tips.length > 0,
  });
  const { view } = state;
  const tableCount = model.tracks.length;
  const row = Math.max(0, Math.min(view.row, tableCount + model.derived.length - 1));
  const last = model.days.length - 1;
  const column = view.day === undefined ? last : (model.columnOf.get(view.day) ?? last);
  const anchored = model.days.length - layout.dayCount;
  const from = view.firstDay === undefined ? anchored : (model.columnOf.get(view.firstDay) ?? anchored);
  const track = model.tracks[row];
  return {
    layout,
    row,
    column,
    tables: visibleWindow(Math.min(row, tableCount - 1), layout.tableRows, tableCount, view.firstRow),
    views: visibleWindow(Math.max(0, row - tableCount), layout.viewRows, model.derived.length),
    days: visibleWindow(column, layout.dayCount, model.days.length, from),
    track,
    cell: cellAt(track, column),
  };
}

/** The state with the cursor of the board moved; windows are remembered, so that they stay when it moves inside. */
export function moveTo(state: ConsoleState, target: { row?: number; column?: number }): ConsoleState {
  const model = state.board;
  if (model === undefined) return state;
  const before = boardPlace(state, model);
  const rows = model.tracks.length + model.derived.length;
  const row = Math.max(0, Math.min(target.row ?? before.row, rows - 1));
  const column = Math.max(0, Math.min(target.column ?? before.column, model.days.length - 1));
  const day = column === model.days.length - 1 ? undefined : model.days[column]?.day;
  return rememberWindows({ ...state, view: { ...state.view, row, day } }, model);
}

/** Keeps the first row and day that are shown; a window that ends with today stays with today when the day changes. */
export function rememberWindows(state: ConsoleState, model: BoardModel): ConsoleState {
  const place = boardPlace(state, model);
  const anchored = place.days.end === model.days.length;
  const firstDay = anchored ? undefined : model.days[place.days.first]?.day;
  return { ...state, view: { ...state.view, firstRow: place.tables.first, firstDay } };
}

/**
 * The state until a key is pressed: the cursor on the worst problem that can be seen, else on yesterday's first
 * delivery.
 */
export function settle(state: ConsoleState, model: BoardModel): ConsoleState {
  const { days } = boardPlace(state, model);
  const rank = ({ row, column }: { row: number; column: number }) =>
    CELL_STATES.indexOf(cellAt(model.tracks[row], column)?.state ?? 'off');
  const seen = model.problems
    .filter(({ column }) => inside(days, column))
    .sort((a, b) => rank(a) - rank(b) || b.column - a.column);
  return moveTo(state, seen[0] ?? { row: 0, column: Math.max(0, model.days.length - 2) });
}

/** Rows and columns of the range that is being drawn, from its beginning to the cursor. */
export function rangeOf(
  state: ConsoleState,
  model: BoardModel,
): { rows: Window; columns: Window } | undefined {
  const { range } = state.view;
  if (range === undefined) return undefined;
  const place = boardPlace(state, model);
  const row = Math.min(place.row, model.tracks.length - 1);
  const column = model.columnOf.get(range.day) ?? place.column;
  return {
    rows: { first: Math.min(range.row, row), end: Math.max(range.row, row) + 1 },
    columns: { first: Math.min(column, place.column), end: Math.max(column, place.column) + 1 },
  };
}

/** Whether a cell is marked, by itself or as part of the range. */
export function isMarked(
  view: { marks: ReadonlySet<string> },
  range: { rows: Window; columns: Window } | undefined,
  at: { row: number; column: number; cell: Cell },
): boolean {
  if (view.marks.size > 0 && view.marks.has(markKey(at.cell.dataset, at.cell.period))) return true;
  return range !== undefined && inside(range.rows, at.row) && inside(range.columns, at.column);
}

function inside(window: Window, index: number): boolean {
  return index >= window.first && index < window.end;
}
