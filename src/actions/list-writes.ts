import type { Action, ActionState } from './action.ts';
import { cliOf, requestOf } from './requests.ts';

/** Off while the ledger cannot be reached: nothing can be planned or stopped then. */
function whileConnected(reason: (state: ActionState) => string | undefined): Action['disabledReason'] {
  return (state) => (state.lost === undefined ? reason(state) : `the connection is lost: ${state.lost}`);
}

function noCells(state: ActionState): string | undefined {
  if (state.derived !== undefined) return 'the cursor is on a view, not on a delivery; m refreshes it';
  if (state.cells.length === 0) return 'there is nothing under the cursor';
  return undefined;
}

/** What only deliveries can have done to them. */
function noDeliveries(state: ActionState): string | undefined {
  const computed = state.cells.length > 0 && state.cells.every((cell) => cell.computed);
  return noCells(state) ?? (computed ? 'this is computed, not loaded; m computes it' : undefined);
}

const canStop = whileConnected((state) => {
  if (state.run === undefined || state.run.state !== 'running') return 'nothing is running';
  return undefined;
});

export const WRITES: readonly Action[] = [
  {
    id: 'import',
    places: ['board', 'files'],
    keys: ['i'],
    label: 'import',
    help: 'import the marked cells (or this one) with all that follows from them; shows the plan first',
    group: 'do',
    danger: 'write',
    footer: 10,
    disabledReason: whileConnected(noDeliveries),
    cli: (state) => cliOf(requestOf('import', state)),
  },
  {
    id: 'script',
    places: ['scripts'],
    keys: ['enter', 'i'],
    label: 'run',
    help: 'run the script under the cursor; asks for its parameters and shows its plan first',
    group: 'do',
    danger: 'write',
    footer: 10,
    disabledReason: whileConnected(({ script }) =>
      script === undefined ? 'there is no script under the cursor' : script.problem,
    ),
    cli: ({ script }) => (script === undefined ? undefined : `dayboard script ${script.name}`),
  },
  {
    id: 'script.run',
    places: ['script'],
    keys: ['enter'],
    label: 'run it',
    help: 'run the script that is shown',
    group: 'answer',
    danger: 'write',
    footer: 1,
    disabledReason: whileConnected(({ scriptPlan }) => {
      if (scriptPlan?.starting === true) return 'it is being started';
      return scriptPlan?.confirmed === true ? undefined : 'the name of this context must be typed first';
    }),
    cli: ({ script }) => (script === undefined ? undefined : `dayboard script ${script.name}`),
  },
  {
    id: 'plan',
    places: ['board', 'files'],
    keys: ['p'],
    label: 'plan',
    help: 'show what import would do, and run nothing',
    group: 'do',
    danger: 'read',
    footer: 20,
    disabledReason: whileConnected((state) => (state.derived === undefined ? noCells(state) : undefined)),
    cli: (state) => dryRun(cliOf(requestOf('plan', state))),
  },
  {
    id: 'retry',
    places: ['board', 'run', 'files'],
    keys: ['R'],
    label: 'retry failed',
    help: 'retry what failed or was cancelled: of the marked cells, of this run, or all there is',
    group: 'do',
    danger: 'write',
    footer: 15,
    disabledReason: whileConnected((state) => {
      if (state.place === 'run' && state.run?.state === 'running') return 'the run is still going';
      return state.failed.length === 0 ? 'nothing failed or was cancelled here' : undefined;
    }),
    cli: (state) => cliOf(requestOf('retry', state)),
  },
  {
    id: 'diff',
    places: ['board', 'files'],
    keys: ['D'],
    label: 'diff',
    help: 'compare what is published of this cell with what is at the source, rollups too; changes nothing',
    group: 'do',
    danger: 'write',
    disabledReason: whileConnected(
      (state) =>
        noDeliveries(state) ?? (state.cells.length > 1 ? 'it compares one cell at a time' : undefined),
    ),
    cli: (state) => cliOf(requestOf('diff', state)),
  },
  {
    id: 'diff.ids',
    places: ['run'],
    keys: ['I'],
    label: 'show ids',
    help: 'compare once more, and show ids of users and devices whole; the ledger keeps them masked',
    group: 'do',
    danger: 'write',
    footer: 62,
    disabledReason: whileConnected(({ comparison }) =>
      comparison === undefined ? 'this is no comparison with masked ids' : undefined,
    ),
    cli: ({ comparison }) => cliOf(comparison),
  },
  {
    id: 'undo',
    places: ['board', 'files'],
    keys: ['U'],
    label: 'undo',
    help: 'take the newest version of the marked cells (or this one) back; shows the plan first',
    group: 'do',
    danger: 'write',
    disabledReason: whileConnected(
      (state) =>
        noDeliveries(state) ??
        (state.cells.some((cell) => cell.published) ? undefined : 'nothing of it is published'),
    ),
    cli: (state) => cliOf(requestOf('undo', state)),
  },
  {
    id: 'refresh',
    places: ['board', 'freshness'],
    keys: ['m'],
    label: 'refresh',
    help: 'compute the view under the cursor, or the periods of an aggregate that are marked (or this one); on a table: all that is owed or stale',
    group: 'do',
    danger: 'write',
    footer: 25,
    disabledReason: whileConnected((state) =>
      state.derived === undefined && state.behind.length === 0 && !state.cells.some((cell) => cell.computed)
        ? 'no rollup, view or aggregate is owed or stale'
        : undefined,
    ),
    cli: (state) => cliOf(requestOf('refresh', state)),
  },
  {
    id: 'refreshAll',
    places: ['board', 'freshness'],
    keys: ['M'],
    label: 'refresh all behind',
    help: 'compute every rollup, view and aggregate that is owed or stale',
    group: 'do',
    danger: 'write',
    disabledReason: whileConnected((state) =>
      state.behind.length === 0 ? 'no rollup, view or aggregate is owed or stale' : undefined,
    ),
    cli: (state) => cliOf(requestOf('refreshAll', state)),
  },
  {
    id: 'cancel.step',
    places: ['board', 'run'],
    keys: ['x'],
    label: 'stop after step',
    help: 'stop the run when what it is at is done; nothing new is started (asks)',
    group: 'do',
    danger: 'write',
    footer: 30,
    disabledReason: (state) =>
      canStop(state) ??
      (state.run?.cancelling === undefined ? undefined : 'it is stopping already; X cancels now'),
    cli: (state) => (state.run === undefined ? undefined : `dayboard cancel ${state.run.id}`),
  },
  {
    id: 'cancel.now',
    places: ['board', 'run'],
    keys: ['X'],
    label: 'cancel now',
    help: 'cancel the run now; what is in flight is rolled back (asks)',
    group: 'do',
    danger: 'write',
    footer: 31,
    // Also while it is being cancelled: the server is told again.
    disabledReason: canStop,
    cli: (state) => (state.run === undefined ? undefined : `dayboard cancel ${state.run.id} --now`),
  },
  {
    id: 'plan.run',
    places: ['plan'],
    keys: ['enter'],
    label: 'run it',
    help: 'run this plan',
    group: 'answer',
    danger: 'write',
    footer: 1,
    disabledReason: whileConnected((state) => {
      if (state.plan === undefined) return 'the plan is still being made';
      if (state.plan.starting) return 'it is being started';
      if (state.plan.steps === 0) return 'there is nothing to do';
      return state.plan.confirmed ? undefined : 'type what is asked for first';
    }),
    cli: (state) => state.plan?.cli ?? 'dayboard sync',
  },
];

function dryRun(command: string | undefined): string | undefined {
  return command
    ?.split(' && ')
    .map((each) => `${each} --dry-run`)
    .join(' && ');
}
