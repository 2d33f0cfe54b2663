import { auditRows } from './audit.ts';
import { sizeRows } from './sizes.ts';
import { moveTo } from './board-cursor.ts';
import { filesRows } from './files.ts';
import { filteredBoard, isFiltered } from './filter.ts';
import { scriptRows } from './script-rows.ts';
import { freshnessRows, runRows } from './selection.ts';
import type { ConsoleState, Filtered } from './state.ts';

/** The state with another filter, its cursor where it was when that is still shown, else at the top. */
export function withFilter(state: ConsoleState, text: string): ConsoleState {
  const { screen } = state;
  if (screen === 'log') return { ...state, logView: { ...state.logView, search: text } };
  if (!isFiltered(screen)) return state;
  const next: ConsoleState = { ...state, filters: { ...state.filters, [screen]: text } };
  const row = Math.max(
    0,
    nameRows(next, screen).indexOf(nameRows(state, screen)[rowOf(state, screen)] ?? ''),
  );
  const view = { row, first: row };
  switch (screen) {
    case 'runs':
      return { ...next, runsView: view };
    case 'freshness':
      return { ...next, freshnessView: view };
    case 'files':
      return { ...next, filesView: view };
    case 'scripts':
      return { ...next, scriptsView: view };
    case 'audit':
      return { ...next, auditView: view };
    case 'sizes':
      return { ...next, sizesView: view };
    case 'board':
      return onBoard(next, text, row);
  }
}

function onBoard(state: ConsoleState, text: string, row: number): ConsoleState {
  if (state.whole === undefined) return state;
  // A range is of rows, which are others now.
  const view = { ...state.view, firstRow: 0, range: undefined };
  return moveTo({ ...state, view, board: filteredBoard(state.whole, text) }, { row });
}

function rowOf(state: ConsoleState, screen: Filtered): number {
  const views = {
    board: state.view,
    runs: state.runsView,
    freshness: state.freshnessView,
    files: state.filesView,
    scripts: state.scriptsView,
    audit: state.auditView,
    sizes: state.sizesView,
  };
  return views[screen].row;
}

/** What each line is, by a name of its own. */
function nameRows(state: ConsoleState, screen: Filtered): string[] {
  switch (screen) {
    case 'runs':
      return runRows(state).map(({ id }) => id);
    case 'freshness':
      return freshnessRows(state).map(({ name }) => name);
    case 'files':
      return filesRows(state).map(({ dataset, period }) => `${period} ${dataset}`);
    case 'scripts':
      return scriptRows(state).map(({ name }) => name);
    case 'audit':
      return auditRows(state).map(({ at, did, what }) => `${at} ${did} ${what}`);
    case 'sizes':
      return sizeRows(state).map(({ relation, kind, of = '' }) => `${relation} ${kind} ${of}`);
    case 'board': {
      const board = state.whole && filteredBoard(state.whole, state.filters.board);
      const views = board?.derived.map(({ name }) => name) ?? [];
      return [...(board?.tracks.map(({ row }) => row.dataset) ?? []), ...views];
    }
  }
}
