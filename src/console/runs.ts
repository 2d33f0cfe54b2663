import type { Plan, PlanRequest } from '../plan/plan.ts';
import { toDayboardError } from '../project/errors.ts';
import type { Outcome } from '../plan/events.ts';
import type { RunHandle, Workspace } from '../run/workspace.ts';
import type { Feed } from './feed.ts';
import { duration, plural } from './format.ts';
import { clearMarks, say } from './moves.ts';
import { fold, runFromLedger, runFromPlan, withModel } from './run-model.ts';
import type { ConsoleState } from './state.ts';
import type { Store } from './store.ts';

/** How the end of a run is said. */
const TONES = { done: 'good', cancelled: 'plain', partly: 'bad', failed: 'bad' } as const;

/** Plans, starts, follows and stops runs for the console. */
export class Runs {
  private readonly workspace: Workspace;
  private readonly store: Store;
  private readonly feed: Feed;
  private readonly now: () => string;
  private readonly handles = new Map<string, RunHandle>();
  private readonly onIdle: () => void;
  private readonly onEnded: (text: string) => void;
  private following: { id: string; stop: AbortController } | undefined;
  /** Runs of this process that have ended, in the order of their ends; for the line that the console leaves behind. */
  readonly endings: Array<{ id: string; outcome: Outcome | undefined }> = [];
  /** Runs that something else in this process started, while their outcome is read. */
  private readonly ending = new Set<string>();

  constructor(parts: {
    workspace: Workspace;
    store: Store;
    feed: Feed;
    now: () => string;
    onIdle: () => void;
    /** A run of this process ended, and how. */
    onEnded: (text: string) => void;
  }) {
    this.workspace = parts.workspace;
    this.store = parts.store;
    this.feed = parts.feed;
    this.now = parts.now;
    this.onIdle = parts.onIdle;
    this.onEnded = parts.onEnded;
  }

  /** Opens the plan dialog; `only` for a plan that is to be looked at. */
  async plan(request: PlanRequest, only: boolean, note?: string): Promise<void> {
    const dialog = { kind: 'planning' as const, request, only, ...(note === undefined ? {} : { note }) };
    this.store.update((state) => ({ ...state, dialog }));
    const isAwaited = () => this.store.current.dialog === dialog;
    try {
      const plan = await this.workspace.plan(request);
      if (isAwaited()) this.store.update((state) => ({ ...state, dialog: shownPlan(plan, only, note) }));
    } catch (thrown) {
      if (!isAwaited()) return;
      this.store.update((state) =>
        say({ ...state, dialog: undefined }, `No plan: ${toDayboardError(thrown).message}`, 'bad'),
      );
    }
  }

  /** Starts the plan of the dialog. One that is out of date is made anew and shown again. */
  async start(): Promise<void> {
    const { dialog } = this.store.current;
    if (dialog?.kind !== 'plan' || dialog.starting) return;
    const { plan } = dialog;
    this.store.update((state) => ({ ...state, dialog: { ...dialog, starting: true } }));
    try {
      const handle = await this.workspace.start(plan, (event) => this.feed.ownEvent(event, plan));
      this.started(handle, plan);
    } catch (thrown) {
      await this.refused(plan, thrown);
    }
  }

  /** A run that was started here is shown. */
  started(handle: RunHandle, plan: Plan): void {
    this.handles.set(handle.id, handle);
    this.store.update((state) => {
      const known = state.models.get(handle.id) ?? runFromPlan(handle.id, plan, this.now());
      const models = withModel(state.models, known);
      const shown = { ...openRun(clearMarks(state), handle.id), dialog: undefined };
      const here = [...state.here.filter((id) => id !== handle.id), handle.id];
      return { ...shown, models, here, tips: [] };
    });
    handle.done.then(
      (outcome) => this.ended(handle.id, outcome),
      (thrown: unknown) => this.broke(handle.id, thrown),
    );
  }

  /**
   * Takes in runs of this process that no key of the console started (they end with it all the same), and lets go of
   * those that have ended.
   */
  reconcile(): void {
    const active = this.workspace.activeRuns().map(({ id }) => id);
    const { here } = this.store.current;
    const known = new Set([...here, ...this.handles.keys(), ...this.endings.map(({ id }) => id)]);
    const found = active.filter((id) => !known.has(id));
    if (found.length > 0) this.store.feed((state) => ({ ...state, here: [...found, ...state.here] }));
    for (const id of here) if (!this.handles.has(id) && !active.includes(id)) void this.endedElsewhere(id);
  }

  private async endedElsewhere(id: string): Promise<void> {
    if (this.ending.has(id)) return;
    this.ending.add(id);
    const detail = await this.workspace.run(id).catch(() => undefined);
    this.ended(id, detail?.outcome);
  }

  private async refused(plan: Plan, thrown: unknown): Promise<void> {
    const error = toDayboardError(thrown);
    const fresh =
      error.kind === 'refused' ? await this.workspace.plan(plan.request).catch(() => undefined) : undefined;
    const { dialog } = this.store.current;
    if (dialog?.kind !== 'plan' || dialog.plan !== plan) return;
    if (fresh !== undefined && fresh.basis !== plan.basis) {
      const note =
        'Something changed since the plan was made, so nothing was started. This is the plan made anew.';
      this.store.update((state) => ({ ...state, dialog: shownPlan(fresh, dialog.only, note) }));
      return;
    }
    const next = { ...dialog, plan: fresh ?? plan, starting: false, typed: '', error: error.toJSON() };
    this.store.update((state) => ({ ...state, dialog: next }));
  }

  private ended(id: string, outcome: Outcome | undefined): void {
    this.handles.delete(id);
    this.endings.push({ id, outcome });
    const tone = TONES[outcome?.state ?? 'cancelled'];
    const how = outcome === undefined ? 'has ended' : outcomeText(outcome);
    this.store.update((state) => say(withoutRun(state, id), `Run ${id} ${how}`, tone));
    this.onEnded(`run ${id} ${how}`);
    this.feed.readBoard();
    if (this.store.current.here.length === 0) this.onIdle();
  }

  private broke(id: string, thrown: unknown): void {
    this.handles.delete(id);
    const { message } = toDayboardError(thrown);
    this.store.update((state) =>
      say(withoutRun(state, id), `Run ${id} could not be written down: ${message}`, 'bad'),
    );
    this.endings.push({ id, outcome: undefined });
    if (this.store.current.here.length === 0) this.onIdle();
  }

  /** Stops a run, from here or elsewhere. */
  async cancel(id: string, mode: 'step' | 'now'): Promise<void> {
    const asked = mode === 'step' ? `Run ${id} stops after what it is at.` : `Run ${id} is being cancelled.`;
    this.store.update((state) => say(state, asked, 'plain'));
    try {
      await (this.handles.get(id)?.cancel(mode) ?? this.workspace.cancel(id, mode));
    } catch (thrown) {
      this.store.update((state) =>
        say(state, `Run ${id} was not stopped: ${toDayboardError(thrown).message}`, 'bad'),
      );
    }
  }

  /**
   * Shows a run, at the steps of a delivery when one is given: its steps from the ledger, then its events as they come.
   * Runs that were started here are known.
   */
  async show(id: string, focus?: { dataset: string; period: string }): Promise<void> {
    this.store.update((state) => openRun(state, id, focus));
    if (this.handles.has(id) || this.store.current.models.get(id)?.outcome !== undefined) return;
    this.unfollow();
    const stop = new AbortController();
    this.following = { id, stop };
    try {
      this.set(id, await this.read(id));
      for await (const event of this.workspace.follow(id, stop.signal)) {
        this.store.feed((state) => {
          const model = state.models.get(id);
          return model === undefined
            ? state
            : { ...state, models: withModel(state.models, fold(model, event)) };
        });
      }
      // The end of a run whose process is gone is known to the ledger alone.
      if (!stop.signal.aborted && this.store.current.models.get(id)?.state === 'running')
        this.set(id, await this.read(id));
      if (!stop.signal.aborted) await this.readOutput(id);
    } catch (thrown) {
      if (!stop.signal.aborted)
        this.store.update((state) => say(state, toDayboardError(thrown).message, 'bad'));
    }
  }

  /** What is kept of what a script wrote, below what was said while it ran. */
  private async readOutput(id: string): Promise<void> {
    if (this.store.current.models.get(id)?.command !== 'script') return;
    const { script, run } = await this.workspace.run(id);
    if (script !== undefined && script.output !== '')
      this.feed.ownOutput(id, script.output.trimEnd().split('\n'), run.finishedAt ?? run.startedAt);
  }

  private async read(id: string) {
    return runFromLedger(await this.workspace.run(id));
  }

  private set(id: string, model: ReturnType<typeof runFromLedger>): void {
    this.store.feed((state) => {
      const notes = state.models.get(id)?.notes ?? [];
      return { ...state, models: withModel(state.models, { ...model, notes }) };
    });
  }

  /** The same, unless what goes on to be shown is of that run. */
  unfollowUnless(stays: boolean): void {
    if (!stays) this.unfollow();
  }

  /** Ends the following of a run of another process; those of this one go on by themselves. */
  unfollow(): void {
    this.following?.stop.abort();
    this.following = undefined;
  }
}

function shownPlan(plan: Plan, only: boolean, note: string | undefined): NonNullable<ConsoleState['dialog']> {
  return {
    kind: 'plan',
    plan,
    only,
    first: 0,
    typed: '',
    starting: false,
    ...(note === undefined ? {} : { note }),
  };
}

/** The state with a run's screen in front. */
function openRun(state: ConsoleState, id: string, focus?: { dataset: string; period: string }): ConsoleState {
  const back =
    state.screen === 'run' ? state.back : [...state.back.filter((screen) => screen !== 'run'), state.screen];
  return { ...state, screen: 'run', back, runView: { id, row: 0, first: 0, following: true, focus } };
}

/** The state once a run of this process has ended: no dialog asks any more what is to become of it. */
function withoutRun(state: ConsoleState, id: string): ConsoleState {
  const here = state.here.filter((each) => each !== id);
  const { dialog } = state;
  const settled =
    (dialog?.kind === 'leave' && here.length === 0) || (dialog?.kind === 'confirm' && dialog.run === id);
  return { ...state, here, dialog: settled ? undefined : dialog };
}

/** 'done in 0:41: 3 published, 1 failed'. */
export function outcomeText(outcome: Outcome): string {
  const { published, failed, unchanged, cancelled } = outcome.deliveries;
  const counts = [
    [published, 'published'],
    [failed, 'failed'],
    [unchanged, 'unchanged'],
    [cancelled, 'cancelled'],
  ].flatMap(([number, word]) => (number === 0 ? [] : [`${number} ${word}`]));
  const what = counts.length > 0 ? counts.join(', ') : plural(outcome.steps.done, 'step');
  const words = { done: 'is done', failed: 'failed', partly: 'is partly done', cancelled: 'was cancelled' };
  return `${words[outcome.state]} in ${duration(outcome.seconds)}: ${what}`;
}
