import { type BoardModel, problemsOf } from './board-model.ts';
import type { ConsoleState, Filtered } from './state.ts';

/** Whether a text has every word of a filter, and none of those behind a '!'. Case does not count. */
export function matches(filter: string, text: string): boolean {
  const folded = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '' && word !== '!')
    .every((word) => (word.startsWith('!') ? !folded.includes(word.slice(1)) : folded.includes(word)));
}

/** The board with the tables and views whose names a filter leaves; counts stay those of all. */
export function filteredBoard(whole: BoardModel, filter: string | undefined): BoardModel {
  if (filter === undefined || filter.trim() === '') return whole;
  const tracks = whole.tracks.filter(({ row }) => matches(filter, row.dataset));
  return {
    ...whole,
    tracks,
    problems: problemsOf(tracks, whole.days.length),
    derived: whole.derived.filter(({ name }) => matches(filter, name)),
    board: { ...whole.board, rows: tracks.map(({ row }) => row) },
  };
}

export function isFiltered(screen: ConsoleState['screen']): screen is Filtered {
  return ['board', 'runs', 'freshness', 'files', 'scripts', 'audit', 'sizes'].includes(screen);
}

/** What is typed at the foot of the screen: the filter of its lines, or what is searched for. */
export function typedFilter(state: ConsoleState): string {
  if (state.screen === 'log') return state.logView.search;
  return isFiltered(state.screen) ? (state.filters[state.screen] ?? '') : '';
}
