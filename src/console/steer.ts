import type { ActionId } from '../actions/action.ts';
import { moveTo } from './board-cursor.ts';
import { scrollWholeLog, toggleFollow, toggleWrap, toHit } from './log.ts';
import { markOnBoard, moveInList, moveOnBoard, say } from './moves.ts';
import { pageOf, scrollDialog } from './pages.ts';
import { withFilter } from './refilter.ts';
import { cellUnderCursor, placeOf } from './selection.ts';
import type { ConsoleState } from './state.ts';
import { volumeLines } from './volume.ts';

/** The filter that was typed stays; a search goes to its newest hit. */
export function filterKept(state: ConsoleState): ConsoleState {
  const next: ConsoleState = { ...state, dialog: undefined };
  if (state.screen !== 'log') return next;
  const found = toHit({ ...next, logHit: undefined }, -1);
  if (found !== next && found.logHit !== undefined) return found;
  const { search } = state.logView;
  return search.trim() === '' ? next : say(next, `No line has "${search.trim()}".`, 'plain');
}

/** The run's log over the whole screen, at its end. */
export function wholeLog(state: ConsoleState): ConsoleState {
  return {
    ...state,
    screen: 'log',
    back: [...state.back, 'run'],
    logView: { ...state.logView, first: undefined, search: '' },
    logHit: undefined,
  };
}

/** The rows of each day of the table under the cursor, in a dialog. */
export function withVolume(state: ConsoleState): ConsoleState {
  const dataset = cellUnderCursor(state)?.dataset;
  const row = state.whole?.board.rows.find((each) => each.dataset === dataset);
  const lines = volumeLines(row);
  if (lines === undefined) return say(state, 'There is no daily volume of this.', 'plain');
  return { ...state, dialog: { kind: 'details', title: `VOLUME  ${dataset}, rows by day`, lines, first: 0 } };
}

/** The board's cursor on a table or view. */
export function toName(state: ConsoleState, name: string): ConsoleState {
  const all =
    state.whole === undefined
      ? state
      : { ...state, filters: { ...state.filters, board: '' }, board: state.whole };
  const table = all.board?.tracks.findIndex((track) => track.row.dataset === name) ?? -1;
  const view = all.board?.derived.findIndex((derived) => derived.name === name) ?? -1;
  if (table !== -1) return moveTo(all, { row: table });
  if (view !== -1) return moveTo(all, { row: view + (all.board?.tracks.length ?? 0) });
  return say(state, `There is no table or view "${name}".`, 'bad');
}

/** A move or a mark, wherever the keys go. */
export function moved(state: ConsoleState, id: ActionId): ConsoleState {
  if (state.dialog !== undefined) return scrollDialog(state, id);
  if (state.screen === 'log') return inLog(state, id);
  if (state.screen !== 'board') return moveInList(state, id, pageOf(state));
  const marking = state.view.marks.size > 0 || state.view.range !== undefined;
  if (id === 'select.clear' && !marking) return withFilter(state, '');
  return id.startsWith('move.') ? moveOnBoard(state, id) : markOnBoard(state, id);
}

function inLog(state: ConsoleState, id: ActionId): ConsoleState {
  switch (id) {
    case 'log.follow':
      return toggleFollow(state);
    case 'log.wrap':
      return toggleWrap(state);
    case 'log.next':
      return toHit(state, 1);
    case 'log.previous':
      return toHit(state, -1);
    default:
      return scrollWholeLog(state, id);
  }
}

const SHIFTED: Record<string, ActionId> = {
  up: 'move.up',
  down: 'move.down',
  left: 'move.left',
  right: 'move.right',
};

/** Shift and an arrow: a range that begins where the cursor was. */
export function extended(state: ConsoleState, direction: string): ConsoleState {
  const id = SHIFTED[direction];
  if (placeOf(state) !== 'board' || id === undefined) return state;
  return moveOnBoard(state.view.range === undefined ? markOnBoard(state, 'select.range') : state, id);
}

/** With a capital. */
export function sentence(label: string): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}
