import type { PlanRequest } from '../plan/plan.ts';
import type { CellState, Period } from '../project/model.ts';
import type { RunState } from '../plan/events.ts';

export const SCREENS = [
  'board',
  'runs',
  'run',
  'log',
  'freshness',
  'files',
  'scripts',
  'audit',
  'sizes',
] as const;
export type Screen = (typeof SCREENS)[number];

/** Where keys go: a screen, or the dialog in front of it. */
export const PLACES = [
  ...SCREENS,
  'plan',
  'parameters',
  'script',
  'confirm',
  'leave',
  'date',
  'details',
  'filter',
  'palette',
  'copy',
  'help',
] as const;
export type Place = (typeof PLACES)[number];

/** A delivery, or a period of an aggregate, that an action would be about. */
export interface SelectedCell {
  dataset: string;
  period: Period;
  state: CellState;
  /** A version of it is published. */
  published: boolean;
  /** What is at the source was taken back by an undo. */
  takenBack?: true;
  /** A period of an aggregate: it is computed, not loaded. */
  computed?: true;
}

/** What actions are decided from: what is selected, what runs, and what this context allows. */
export interface ActionState {
  place: Place;
  context: { name: string; readOnly: boolean };
  /** Why the ledger cannot be reached now; undefined while it can. */
  lost?: string;
  /** The marked cells, or the one under the cursor. In the project's order of datasets, oldest period first. */
  cells: SelectedCell[];
  /** Failed (and, of a run, cancelled) cells: those selected when some are marked, else all there are. */
  failed: SelectedCell[];
  /** The rollup or view under the cursor. */
  derived?: string;
  /** Names of rollups and views that owe something or are past their limits. */
  behind: string[];
  /** The run whose log `o` shows: the one that is shown, or the last one of the cell under the cursor. */
  logged?: string;
  /** Something is searched for in the log. */
  searched?: boolean;
  /** The run that is shown, or the one in flight that was started last. */
  run?: { id: string; state: RunState; cancelling?: 'step' | 'now' };
  /** The script under the cursor, and why it cannot be run. */
  script?: { name: string; problem?: string };
  /** The script's plan in the dialog. */
  scriptPlan?: { confirmed: boolean; starting: boolean };
  /** The comparison that is shown, with ids of people whole; undefined where they are so already. */
  comparison?: PlanRequest;
  /** The plan in the dialog. */
  plan?: {
    cli: string;
    command: PlanRequest['command'];
    steps: number;
    confirmed: boolean;
    heldBy?: string;
    starting: boolean;
  };
}

/** One thing an operator can do. Keys, footer, help and the README's table all come from these records. */
export interface Action {
  id: ActionId;
  places: readonly Place[];
  /** Key names as src/console/keys.ts gives them: 'i', 'ctrl-d', 'space'; 'g g' is one key after another. */
  keys: readonly string[];
  /** For the footer: a word or two. */
  label: string;
  /** For help: what it does, in a sentence without a full stop. */
  help: string;
  /** Its heading in help. */
  group: 'move' | 'select' | 'do' | 'look' | 'answer';
  /** 'write' changes data or stops a run: not bound in a read-only context. */
  danger: 'read' | 'write';
  /** Place in the footer, lower first; without it only help shows it. */
  footer?: number;
  /** Why it cannot be done now, for people; undefined when it can. */
  disabledReason(state: ActionState): string | undefined;
  /** The same thing as a command line; undefined while there is nothing that it would be about. */
  cli(state: ActionState): string | undefined;
  /** It is about this screen alone: there is nothing that a command could do. Without it an action has a command line. */
  screenOnly?: true;
}

export const ACTION_IDS = [
  'move.up',
  'move.down',
  'move.left',
  'move.right',
  'move.pageUp',
  'move.pageDown',
  'move.halfUp',
  'move.halfDown',
  'move.first',
  'move.last',
  'move.firstDay',
  'move.lastDay',
  'move.previousProblem',
  'move.nextProblem',
  'move.date',
  'select.mark',
  'select.range',
  'select.day',
  'select.table',
  'select.missing',
  'select.failed',
  'select.stale',
  'select.clear',
  'log',
  'log.follow',
  'log.wrap',
  'log.next',
  'log.previous',
  'filter',
  'filter.keep',
  'filter.clear',
  'palette',
  'palette.complete',
  'palette.run',
  'copy',
  'copy.it',
  'volume',
  'log.earlier',
  'log.later',
  'open',
  'back',
  'import',
  'plan',
  'retry',
  'diff',
  'diff.ids',
  'undo',
  'refresh',
  'refreshAll',
  'cancel.step',
  'cancel.now',
  'reload',
  'wider',
  'narrower',
  'show.board',
  'show.runs',
  'show.freshness',
  'show.files',
  'show.scripts',
  'script',
  'parameters.next',
  'parameters.previous',
  'parameters.plan',
  'script.run',
  'show.audit',
  'show.sizes',
  'background',
  'chain',
  'help',
  'quit',
  'suspend',
  'plan.run',
  'plan.loadedToo',
  'plan.watchHolder',
  'confirm.yes',
  'leave.wait',
  'leave.step',
  'leave.now',
  'date.go',
  'help.run',
  'dismiss',
] as const;
export type ActionId = (typeof ACTION_IDS)[number];
