import type { ActionId } from '../actions/action.ts';
import { auditRows } from './audit.ts';
import { linksOf, onLink } from './chain.ts';
import { sizeRows } from './sizes.ts';
import { boardPlace, type BoardPlace, moveTo, rememberWindows } from './board-cursor.ts';
import { type BoardModel, cellAt } from './board-model.ts';
import { filesRows, filesWindow } from './files.ts';
import { plural } from './format.ts';
import type { CellState } from '../project/model.ts';
import { type DayWidth, visibleWindow } from './layout.ts';
import { scriptRows } from './script-rows.ts';
import { freshnessRows, markedCells, runRows } from './selection.ts';
import { type ConsoleState, markKey } from './state.ts';

/** Moves on the board. */
export function moveOnBoard(state: ConsoleState, id: ActionId): ConsoleState {
  const model = state.board;
  if (model === undefined) return state;
  const place = boardPlace(state, model);
  const page = Math.max(1, place.layout.tableRows);
  switch (id) {
    case 'move.up':
      return moveTo(state, { row: place.row - 1 });
    case 'move.down':
      return moveTo(state, { row: place.row + 1 });
    case 'move.left':
      return moveTo(state, { column: cellEdge(state, place.column, -1) });
    case 'move.right':
      return moveTo(state, { column: cellEdge(state, place.column, 1) });
    case 'move.pageUp':
      return moveTo(state, { row: place.row - page });
    case 'move.pageDown':
      return moveTo(state, { row: place.row + page });
    case 'move.halfUp':
      return moveTo(state, { row: place.row - Math.ceil(page / 2) });
    case 'move.halfDown':
      return moveTo(state, { row: place.row + Math.ceil(page / 2) });
    case 'move.first':
      return moveTo(state, { row: 0 });
    case 'move.last':
      return moveTo(state, { row: Number.MAX_SAFE_INTEGER });
    case 'move.firstDay':
      return moveTo(state, { column: 0 });
    case 'move.lastDay':
      return moveTo(state, { column: Number.MAX_SAFE_INTEGER });
    case 'move.previousProblem':
      return toProblem(state, -1);
    case 'move.nextProblem':
      return toProblem(state, 1);
    default:
      return state;
  }
}

/** A step to the left or right leaves the cell: a week's takes seven columns at once. */
function cellEdge(state: ConsoleState, column: number, step: 1 | -1): number {
  const model = state.board;
  if (model === undefined) return column;
  const track = model.tracks[boardPlace(state, model).row];
  const from = cellAt(track, column);
  let next = column + step;
  while (from !== undefined && next > 0 && next < model.days.length - 1 && cellAt(track, next) === from)
    next += step;
  return next;
}

/** To the next newer or older problem, from one end to the other; they are numbered from the newest. */
function toProblem(state: ConsoleState, step: 1 | -1): ConsoleState {
  const model = state.board;
  if (model === undefined) return state;
  const { problems } = model;
  if (problems.length === 0)
    return say(state, 'No problems: nothing failed, is suspicious, stale or missing.', 'good');
  const place = boardPlace(state, model);
  const here = { row: place.row, column: ownColumn(model, place) };
  const order = (at: { row: number; column: number }) =>
    at.column * model.tracks.length + Math.min(at.row, model.tracks.length - 1);
  const after =
    step === 1
      ? problems.findIndex((each) => order(each) > order(here))
      : problems.findLastIndex((each) => order(each) < order(here));
  const index = after !== -1 ? after : step === 1 ? 0 : problems.length - 1;
  const moved = moveTo(state, problems[index] ?? {});
  const wrapped = after === -1 ? (step === 1 ? ', from the oldest again' : ', from the newest again') : '';
  const number = problems.length - index;
  return say(
    moved,
    `Problem ${number} of ${problems.length} in ${plural(model.days.length, 'day')}${wrapped}`,
    'plain',
  );
}

/** Where the problem under the cursor stands: in the last column of its cell. */
function ownColumn({ tracks, problems }: BoardModel, { row, column, cell }: BoardPlace): number {
  const own = problems.find(
    (each) => cell !== undefined && each.row === row && cellAt(tracks[row], each.column) === cell,
  );
  return own?.column ?? column;
}

/** Marks, ranges and the width of days. */
export function markOnBoard(state: ConsoleState, id: ActionId): ConsoleState {
  const model = state.board;
  if (model === undefined) return state;
  const place = boardPlace(state, model);
  switch (id) {
    case 'select.mark':
      return place.cell === undefined
        ? state
        : withMarks(state, toggled(state.view.marks, [markKey(place.cell.dataset, place.cell.period)]));
    case 'select.range':
      return place.cell === undefined
        ? state
        : toggleRange(state, place.row, model.days[place.column]?.day ?? '');
    case 'select.day':
      return withMarks(
        state,
        toggled(state.view.marks, markable(model.tracks.map((track) => cellAt(track, place.column)))),
      );
    case 'select.table':
      return withMarks(state, toggled(state.view.marks, markable(place.track?.row.cells ?? [])));
    case 'select.missing':
      return markStates(state, ['missing', 'available', 'fetched']);
    case 'select.failed':
      return markStates(state, ['failed']);
    case 'select.stale':
      return markStates(state, ['stale', 'suspicious', 'owed']);
    case 'select.clear':
      return clearMarks(state);
    case 'wider':
      return withDayWidth(state, place.layout.dayWidth + 1);
    case 'narrower':
      return withDayWidth(state, place.layout.dayWidth - 1);
    default:
      return state;
  }
}

/** `v` begins a range; a second `v` keeps it as marks. */
function toggleRange(state: ConsoleState, row: number, day: string): ConsoleState {
  const model = state.board;
  if (model === undefined) return state;
  const { range, ...view } = state.view;
  if (range === undefined) return { ...state, view: { ...view, range: { row, day } } };
  const cells = markedCells(state, model).map((cell) => markKey(cell.dataset, cell.period));
  return { ...state, view: { ...view, marks: new Set(cells) } };
}

function markable(cells: ReadonlyArray<ReturnType<typeof cellAt>>): string[] {
  return cells.flatMap((cell) =>
    cell === undefined || cell.state === 'off' || cell.state === 'not due'
      ? []
      : [markKey(cell.dataset, cell.period)],
  );
}

/** Adds all cells in these states to the marks, of the tables that are shown and the days that are loaded here. */
function markStates(state: ConsoleState, states: readonly CellState[]): ConsoleState {
  const cells = (state.board?.tracks ?? []).flatMap(({ row }) =>
    row.cells.filter((cell) => states.includes(cell.state)),
  );
  if (cells.length === 0) return say(state, `Nothing is ${states.join(' or ')}.`, 'good');
  return withMarks(state, new Set([...state.view.marks, ...markable(cells)]));
}

/** All of them off when all are on, else all on. */
function toggled(marks: ReadonlySet<string>, keys: readonly string[]): Set<string> {
  const next = new Set(marks);
  const off = keys.every((key) => marks.has(key));
  for (const key of keys) {
    if (off) next.delete(key);
    else next.add(key);
  }
  return next;
}

function withMarks(state: ConsoleState, marks: ReadonlySet<string>): ConsoleState {
  return { ...state, view: { ...state.view, marks } };
}

/** The board without marks and range: after an action, and with Esc. */
export function clearMarks(state: ConsoleState): ConsoleState {
  return { ...state, view: { ...state.view, range: undefined, marks: new Set() } };
}

function withDayWidth(state: ConsoleState, width: number): ConsoleState {
  const dayWidth = Math.max(1, Math.min(3, width)) as DayWidth;
  const next: ConsoleState = { ...state, view: { ...state.view, firstDay: undefined, dayWidth } };
  return next.board === undefined ? next : rememberWindows(next, next.board);
}

/** Where a move leads in a list of `total` lines that shows `page` of them. */
export function listTarget(id: ActionId, row: number, total: number, page: number): number {
  const target: Partial<Record<ActionId, number>> = {
    'move.up': row - 1,
    'move.down': row + 1,
    'move.pageUp': row - page,
    'move.pageDown': row + page,
    'move.halfUp': row - Math.ceil(page / 2),
    'move.halfDown': row + Math.ceil(page / 2),
    'move.first': 0,
    'move.last': total - 1,
  };
  return Math.max(0, Math.min(target[id] ?? row, total - 1));
}

/** A move on one of the list screens. `page` is how many lines it shows. */
export function moveInList(state: ConsoleState, id: ActionId, page: number): ConsoleState {
  switch (state.screen) {
    case 'runs':
      return {
        ...state,
        runsView: {
          ...state.runsView,
          row: listTarget(id, state.runsView.row, runRows(state).length, page),
        },
      };
    case 'freshness':
      if (state.freshnessView.link !== undefined)
        return onLink(state, listTarget(id, state.freshnessView.link, linksOf(state).length, page));
      return {
        ...state,
        freshnessView: {
          ...state.freshnessView,
          row: listTarget(id, state.freshnessView.row, freshnessRows(state).length, page),
        },
      };
    case 'run': {
      const total = state.models.get(state.runView.id ?? '')?.steps.length ?? 0;
      return {
        ...state,
        runView: { ...state.runView, row: listTarget(id, state.runView.row, total, page), following: false },
      };
    }
    case 'files': {
      const moved = listTarget(id, state.filesView.row, filesRows(state).length, page);
      const next = { ...state, filesView: { ...state.filesView, row: moved } };
      return { ...next, filesView: { row: moved, first: filesWindow(next, page).first } };
    }
    case 'audit': {
      const total = auditRows(state).length;
      const row = listTarget(id, state.auditView.row, total, page);
      return {
        ...state,
        auditView: { row, first: visibleWindow(row, page, total, state.auditView.first).first },
      };
    }
    case 'sizes': {
      const total = sizeRows(state).length;
      const row = listTarget(id, state.sizesView.row, total, page);
      return {
        ...state,
        sizesView: { row, first: visibleWindow(row, page, total, state.sizesView.first).first },
      };
    }
    case 'scripts': {
      const row = listTarget(id, state.scriptsView.row, scriptRows(state).length, page);
      return { ...state, scriptsView: { ...state.scriptsView, row } };
    }
    case 'log':
    case 'board':
      return state;
  }
}

/** The state with a line for the operator. */
export function say(state: ConsoleState, text: string, tone: 'good' | 'plain' | 'bad'): ConsoleState {
  return { ...state, message: { text, tone, at: state.now } };
}
