import { auditRows } from './audit.ts';
import { atBoardCell } from './files.ts';
import { runRows } from './selection.ts';
import type { Screen } from '../actions/action.ts';
import type { ConsoleState } from './state.ts';

/** Screens by the actions that show them. */
export const SHOWN = {
  'show.board': 'board',
  'show.runs': 'runs',
  'show.freshness': 'freshness',
  'show.files': 'files',
  'show.scripts': 'scripts',
  'show.audit': 'audit',
  'show.sizes': 'sizes',
} as const;

/** Screens of one run: they lie under no other. */
const OF_A_RUN: ReadonlySet<Screen> = new Set(['run', 'log']);

/** The state with a screen in front; Esc leads back to the one before. */
export function showing(state: ConsoleState, screen: Screen): ConsoleState {
  const back =
    screen === 'board'
      ? []
      : [...state.back.filter((each) => each !== screen), state.screen].filter((each) => !OF_A_RUN.has(each));
  return { ...(screen === 'files' ? atBoardCell(state) : state), screen, back };
}

/** The run of the line under the cursor of a list of runs or of the audit. */
export function openedRun(state: ConsoleState): string | undefined {
  if (state.screen === 'runs') return runRows(state)[state.runsView.row]?.id;
  return state.screen === 'audit' ? auditRows(state)[state.auditView.row]?.run : undefined;
}
