import type { Cell } from '../plan/board.ts';
import { boardPlace, moveTo } from './board-cursor.ts';
import type { BoardModel } from './board-model.ts';
import { matches } from './filter.ts';
import { visibleWindow } from './layout.ts';
import type { ConsoleState } from './state.ts';

/** What a delivery's object is to what is published of it. */
export type Loadedness = 'none' | 'same' | 'other' | 'not loaded' | 'only published';

export function loadedness(cell: Cell): Loadedness {
  if (cell.object === undefined) return cell.version > 0 ? 'only published' : 'none';
  if (cell.version === 0) return 'not loaded';
  return cell.state === 'stale' || cell.takenBack === true ? 'other' : 'same';
}

/** Thousands of lines are made once for a reading of the board and a filter, not for each frame. */
const made = new WeakMap<BoardModel, { filter: string; rows: Cell[] }>();

/** Every delivery that is due, was ever seen or was loaded, the newest first, in the project's order within a period. */
export function filesRows(state: ConsoleState): Cell[] {
  const model = state.whole ?? state.board;
  if (model === undefined) return [];
  const filter = state.filters.files ?? '';
  const known = made.get(model);
  if (known?.filter === filter) return known.rows;
  const rows = model.tracks
    .flatMap(({ row }) => row.cells)
    .filter((cell) => cell.computed === undefined)
    .filter((cell) => cell.object !== undefined || cell.version > 0 || isDue(cell))
    .filter((cell) =>
      matches(filter, `${cell.period} ${cell.dataset} ${cell.state} ${cell.object?.key ?? ''}`),
    )
    // Stable: datasets stay in the project's order.
    .sort((a, b) => (a.period < b.period ? 1 : a.period > b.period ? -1 : 0));
  made.set(model, { filter, rows });
  return rows;
}

function isDue({ state }: Cell): boolean {
  return state !== 'not due' && state !== 'off';
}

/** The list of files on the line of the board's cell, when it has one. */
export function atBoardCell(state: ConsoleState): ConsoleState {
  if (state.board === undefined) return state;
  const { cell } = boardPlace(state, state.board);
  const row = cell === undefined ? -1 : filesRows(state).indexOf(cell);
  return row === -1 ? state : { ...state, filesView: { row, first: Math.max(0, row - 5) } };
}

/** The list at a delivery; at the newest of its dataset when no period is named. */
export function atDelivery(state: ConsoleState, dataset: string, period: string | undefined): ConsoleState {
  const row = filesRows(state).findIndex(
    (cell) => cell.dataset === dataset && (period === undefined || cell.period === period),
  );
  return row === -1 ? state : { ...state, filesView: { row, first: Math.max(0, row - 5) } };
}

/** The board on the line of the list of files, so that going back leads to where one looked. */
export function atFile(state: ConsoleState): ConsoleState {
  const cell = filesRows(state)[state.filesView.row];
  const row = state.board?.tracks.findIndex((track) => track.row.dataset === cell?.dataset) ?? -1;
  const column = state.board?.columnOf.get(cell?.period ?? '');
  return row === -1 || column === undefined ? state : moveTo(state, { row, column });
}

/** The part of the list that is shown; it stays while the cursor moves in it. */
export function filesWindow(state: ConsoleState, page: number) {
  return visibleWindow(state.filesView.row, page, filesRows(state).length, state.filesView.first);
}
