import type { ActionState, Place, SelectedCell } from '../actions/action.ts';
import { type Cell, type DerivedStatus, type RunSummary, VERDICT_WORDS } from '../plan/board.ts';
import type { ScriptPlan } from '../plan/script.ts';
import { auditRows } from './audit.ts';
import { boardPlace, rangeOf } from './board-cursor.ts';
import { type BoardModel, cellAt } from './board-model.ts';
import { filesRows } from './files.ts';
import { matches } from './filter.ts';
import type { RunModel } from './run-model.ts';
import { scriptUnderCursor } from './script-rows.ts';
import { type ConsoleState, derivedOf, markKey, splitMark } from './state.ts';

/** The place that keys go to. */
export function placeOf(state: ConsoleState): Place {
  const kind = state.dialog?.kind;
  if (kind === undefined) return state.screen;
  return kind === 'planning' ? 'plan' : kind;
}

/** What actions are decided from, for the state of the console. */
export function actionState(state: ConsoleState): ActionState {
  const derived = derivedUnderCursor(state);
  const run = runOf(state);
  const logged = loggedRun(state);
  const base = {
    place: placeOf(state),
    context: { name: state.context.name, readOnly: state.context.readOnly },
    cells: selectedCells(state),
    failed: failedCells(state),
    behind: derivedOf(state)
      .filter(isBehind)
      .map((each) => each.name),
  };
  return {
    ...base,
    ...(state.lost === undefined ? {} : { lost: state.lost.error.message }),
    ...(derived === undefined ? {} : { derived: derived.name }),
    ...(run === undefined ? {} : { run }),
    ...(logged === undefined ? {} : { logged }),
    ...(state.logView.search.trim() === '' ? {} : { searched: true }),
    ...planPart(state),
    ...scriptPart(state),
    ...comparisonPart(state),
  };
}

/** The cell under the cursor of the board or of the files. */
export function cellUnderCursor(state: ConsoleState): Cell | undefined {
  if (state.screen === 'files') return filesRows(state)[state.filesView.row];
  if (state.screen !== 'board' || state.board === undefined) return undefined;
  return boardPlace(state, state.board).cell;
}

/** The run whose log is meant: the one that is shown or under the cursor, else the cell's last one. */
function loggedRun(state: ConsoleState): string | undefined {
  if (state.screen === 'run' || state.screen === 'log') return state.runView.id;
  if (state.screen === 'runs') return runRows(state)[state.runsView.row]?.id;
  if (state.screen === 'scripts') return scriptUnderCursor(state)?.lastRun?.id;
  if (state.screen === 'audit') return auditRows(state)[state.auditView.row]?.run;
  return cellUnderCursor(state)?.run;
}

/** Whether a rollup, view or aggregate owes something or is past a limit. */
export function isBehind(derived: DerivedStatus): boolean {
  return (
    derived.kind !== 'table' &&
    (derived.owed.length > 0 || derived.verdict === 'warn' || derived.verdict === 'error')
  );
}

function scriptPart(state: ConsoleState): Pick<ActionState, 'script' | 'scriptPlan'> {
  const { dialog } = state;
  const script = scriptUnderCursor(state);
  return {
    ...(script === undefined
      ? {}
      : {
          script: { name: script.name, ...(script.problem === undefined ? {} : { problem: script.problem }) },
        }),
    ...(dialog?.kind === 'script'
      ? { scriptPlan: { confirmed: isConfirmed(state), starting: dialog.starting } }
      : {}),
  };
}

function planPart(state: ConsoleState): Pick<ActionState, 'plan'> {
  const { dialog } = state;
  if (dialog?.kind !== 'plan') return {};
  const holder = dialog.plan.held.find((held) => held.run !== undefined)?.run;
  return {
    plan: {
      cli: dialog.plan.cli,
      steps: dialog.plan.steps.length,
      command: dialog.plan.request.command,
      confirmed: !dialog.only && isConfirmed(state),
      starting: dialog.starting,
      ...(holder === undefined ? {} : { heldBy: holder }),
    },
  };
}

function comparisonPart(state: ConsoleState): Pick<ActionState, 'comparison'> {
  const run = state.screen === 'run' ? state.models.get(state.runView.id ?? '') : undefined;
  const request = run?.plan?.request;
  return request?.command !== 'diff' || request.showIds === true || run?.state === 'running'
    ? {}
    : { comparison: { ...request, showIds: true } };
}

/** What must be typed before a plan runs in a production context: any one of these. Empty where Enter is enough. */
export function passwordsOf(state: ConsoleState): string[] {
  const { dialog, context } = state;
  if (dialog?.kind === 'script' && context.production && changes(dialog.plan)) return [context.name];
  if (dialog?.kind !== 'plan' || !context.production || dialog.plan.request.command === 'diff') return [];
  const periods = new Set(
    dialog.plan.cells.filter((cell) => cell.action !== 'skip').map((cell) => cell.period),
  );
  const [only] = periods;
  return [...(periods.size === 1 && only !== undefined ? [only] : []), context.name];
}

/** Whether a script does more than to read, as far as its text tells. */
function changes({ statements }: ScriptPlan): boolean {
  return statements.some(({ does }) => does !== 'read' && does !== 'session');
}

function isConfirmed(state: ConsoleState): boolean {
  const wanted = passwordsOf(state);
  if (wanted.length === 0) return true;
  const { dialog } = state;
  return (dialog?.kind === 'plan' || dialog?.kind === 'script') && wanted.includes(dialog.typed.trim());
}

/** The rollup or view under the cursor of the board or of the freshness screen. */
export function derivedUnderCursor(state: ConsoleState): DerivedStatus | undefined {
  if (state.screen === 'freshness') {
    const under = freshnessRows(state)[state.freshnessView.row];
    return under?.kind === 'table' ? undefined : under;
  }
  if (state.screen !== 'board' || state.board === undefined) return undefined;
  return state.board.derived[boardPlace(state, state.board).row - state.board.tracks.length];
}

const VERDICT_ORDER = { error: 0, unknown: 1, warn: 2, pass: 3 } as const;

/** Relations as the freshness screen lists them: worst first, then the oldest data. */
export function freshnessRows(state: ConsoleState): DerivedStatus[] {
  const filter = state.filters.freshness ?? '';
  const found = (state.freshness ?? derivedOf(state)).filter((each) =>
    matches(filter, `${each.name} ${each.kind} ${VERDICT_WORDS[each.verdict]}`),
  );
  return found.sort(
    (a, b) =>
      VERDICT_ORDER[a.verdict] - VERDICT_ORDER[b.verdict] ||
      (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0) ||
      a.name.localeCompare(b.name),
  );
}

/** Runs as the list of runs shows them. */
export function runRows(state: ConsoleState): RunSummary[] {
  const filter = state.filters.runs ?? '';
  return (state.runs ?? []).filter((run) =>
    matches(filter, `${run.id} ${run.state} ${run.by}@${run.host} ${run.cli}`),
  );
}

/** The marked cells and the range, or else the one under the cursor. */
export function selectedCells(state: ConsoleState): SelectedCell[] {
  const model = state.board;
  if (state.screen === 'files') {
    const file = filesRows(state)[state.filesView.row];
    return file === undefined ? [] : [selected(file)];
  }
  if (model === undefined || state.screen !== 'board') return [];
  const marked = markedCells(state, model);
  if (marked.length > 0) return marked;
  const { cell } = boardPlace(state, model);
  return cell === undefined ? [] : [selected(cell)];
}

function selected({ dataset, period, state, version, takenBack, computed }: Cell): SelectedCell {
  return {
    dataset,
    period,
    state,
    published: version > 0,
    ...(takenBack === undefined ? {} : { takenBack }),
    ...(computed === undefined ? {} : { computed }),
  };
}

/** In the board's order. */
export function markedCells(state: ConsoleState, model: BoardModel): SelectedCell[] {
  const range = rangeOf(state, model);
  if (range === undefined && state.view.marks.size === 0) return [];
  const wanted = new Map<string, Set<string>>();
  const want = (dataset: string, period: string) => {
    const periods = wanted.get(dataset) ?? new Set();
    wanted.set(dataset, periods.add(period));
  };
  for (const mark of state.view.marks) want(...splitMark(mark));
  for (let row = range?.rows.first ?? 0; row < (range?.rows.end ?? 0); row += 1) {
    for (let column = range?.columns.first ?? 0; column < (range?.columns.end ?? 0); column += 1) {
      const cell = cellAt(model.tracks[row], column);
      if (cell !== undefined) want(cell.dataset, cell.period);
    }
  }
  return model.tracks.flatMap(({ row }) => {
    const periods = wanted.get(row.dataset);
    return periods === undefined ? [] : row.cells.filter((cell) => periods.has(cell.period)).map(selected);
  });
}

/** Failed cells to retry: of the run that is shown (with its cancelled ones), of the marked cells, or all there are. */
export function failedCells(state: ConsoleState): SelectedCell[] {
  if (state.screen === 'run' || state.screen === 'log')
    return unfinishedOf(state.models.get(state.runView.id ?? ''));
  const model = state.board;
  if (model === undefined) return [];
  if (state.screen === 'files') return selectedCells(state).filter((cell) => cell.state === 'failed');
  const marked = markedCells(state, model);
  return marked.length > 0 ? marked.filter((cell) => cell.state === 'failed') : model.failed.map(selected);
}

/** Deliveries of a run of which a step failed, was cancelled, or was skipped because of that. */
function unfinishedOf(run: RunModel | undefined): SelectedCell[] {
  const found = new Map<string, SelectedCell>();
  for (const step of run?.steps ?? []) {
    if (step.period === undefined || !['failed', 'cancelled'].includes(step.state)) continue;
    found.set(markKey(step.target, step.period), {
      dataset: step.target,
      period: step.period,
      state: 'failed',
      published: false,
    });
  }
  return [...found.values()];
}

/** The run that x and X are about: the one that is shown, else one in flight, ours before others'. */
export function runOf(state: ConsoleState): ActionState['run'] {
  if (state.screen === 'runs') return summaryOf(state, runRows(state)[state.runsView.row]?.id);
  if (state.screen === 'audit') return audited(state);
  if (state.screen === 'run' || state.screen === 'log') return summaryOf(state, state.runView.id);
  const inFlight = (state.board?.board.runs ?? [])
    .filter((run) => run.state === 'running')
    .map((run) => run.id);
  return summaryOf(state, state.here.at(-1) ?? inFlight[0]);
}

/** The run of the line of the audit under the cursor. */
function audited(state: ConsoleState): ActionState['run'] {
  const entry = auditRows(state)[state.auditView.row];
  if (entry?.run === undefined) return undefined;
  return (
    summaryOf(state, entry.run) ?? {
      id: entry.run,
      state: entry.state ?? 'interrupted',
    }
  );
}

function summaryOf(state: ConsoleState, id: string | undefined): ActionState['run'] {
  if (id === undefined) return undefined;
  const model = state.models.get(id);
  if (model !== undefined) {
    return {
      id,
      state: model.state,
      ...(model.cancelling === undefined ? {} : { cancelling: model.cancelling }),
    };
  }
  const known = [...(state.runs ?? []), ...(state.board?.board.runs ?? [])].find((run) => run.id === id);
  return known === undefined
    ? undefined
    : { id, state: known.state, ...(known.cancel === undefined ? {} : { cancelling: known.cancel }) };
}
