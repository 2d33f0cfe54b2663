import type { Outcome, RunEvent } from '../plan/events.ts';
import type { Plan, PlannedCell, PlanRequest } from '../plan/plan.ts';
import { nextStart } from '../plan/schedule.ts';
import { needsUnlisted, sourceOf } from '../plan/unlisted.ts';
import { type DayboardError, toDayboardError } from '../project/errors.ts';
import {
  catchUpRequest,
  copyRequest,
  isForPoll,
  isForStart,
  missingLines,
  narrowed,
  owedRequest,
} from './catch-up.ts';
import type { RunHandle, Workspace } from './workspace.ts';

export interface SchedulerParts {
  workspace: Pick<Workspace, 'project' | 'list' | 'plan' | 'start' | 'watch' | 'holdSchedule'>;
  /** RFC 3339. */
  now: () => string;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Says what it does, for a log. */
  log: (text: string) => void;
  onEvent?: (event: RunEvent) => void;
  /** Minutes between two looks at the source. */
  pollMinutes: number;
  concurrency: number;
}

/** Never asleep for longer: clocks are set, and machines are suspended. */
const LONGEST_SLEEP = 60_000;

/** Seconds between tries while the database cannot be reached, or the lock is held; the last one is kept to. */
const BACK_OFF = [1, 2, 5, 10, 30, 60] as const;

const UNREACHABLE = new Set([
  'database.unreachable',
  'database.connection-lost',
  'database.starting',
  'database.too-many-connections',
]);

/** How long the end of a connection is waited for, in milliseconds. */
const RELEASE_WAIT = 2_000;

/** A plan that others made out of date is made anew this often before it is left for later. */
const MOST_PLANS = 3;

/** A scheduled start, or a look between two of them for what arrived late. */
type Job = 'start' | 'poll';

/**
 * Runs a project's schedule until it is stopped: at each start the deliveries of the last days that are not up to
 * date and what is owed, and between starts deliveries that arrived late. It does one thing at a time, so a start that
 * comes due while a run is on is made up for afterwards. What failed is tried again at starts only; what an operator
 * cancelled too.
 */
export class Scheduler {
  private readonly parts: SchedulerParts;
  private readonly stopped = new AbortController();
  private running: RunHandle | undefined;
  private mode: 'step' | 'now' = 'step';
  private hold: { release(): Promise<void> } | undefined;
  private holdIsSure = false;
  /** When the next start is due, RFC 3339. */
  private next: string;
  /** When the source is looked at next, in milliseconds; at once to begin with. */
  private nextPoll = 0;
  /** A start that is to be made (again) at the next look. */
  private owesStart: boolean;
  /** Sources that could not be listed at the last start, which is made up for when they can. */
  private unlisted: ReadonlySet<string> = new Set();
  private cancelledByOperator = false;
  private cutShort = false;

  constructor(parts: SchedulerParts) {
    this.parts = parts;
    const { schedule } = parts.workspace.project;
    this.next = nextStart(schedule, parts.now());
    this.owesStart = schedule.atStart;
  }

  /**
   * Goes on until `stop`; says whether a run was cut short by it.
   * @throws 'lock.held' when another scheduler has this project
   */
  async run(): Promise<{ cutShort: boolean }> {
    const unwatch = this.parts.workspace.watch((change) => {
      // The lock may have gone with its connection; it is taken anew before anything is done.
      if (change.kind === 'lost') this.holdIsSure = false;
    });
    try {
      await this.whenReachable(() => this.takeSchedule());
      this.parts.log(
        `the next start is at ${this.next}; the source is looked at every ${this.parts.pollMinutes} min`,
      );
      while (!this.stopped.signal.aborted) {
        const job = this.dueJob();
        if (job === undefined) await this.rest();
        else await this.whenReachable(() => this.work(job));
      }
    } finally {
      unwatch();
      await this.letGo();
    }
    return { cutShort: this.cutShort };
  }

  /** 'step': what is in flight is finished first; 'now': it is cancelled and rolled back. */
  stop(mode: 'step' | 'now'): void {
    this.mode = mode;
    this.stopped.abort();
    void this.running?.cancel(mode);
  }

  private async takeSchedule(): Promise<void> {
    if (this.holdIsSure) return;
    await this.letGo();
    this.hold = await this.parts.workspace.holdSchedule();
    this.holdIsSure = true;
  }

  /**
   * Takes a lock that may be lost anew, before anything is done. Whoever holds it (this process's own connection, which
   * the server has not found dead yet, or a scheduler that took over) is waited for.
   */
  private async regainSchedule(): Promise<void> {
    let told: string | undefined;
    for (let failures = 0; !this.stopped.signal.aborted; failures += 1) {
      try {
        await this.takeSchedule();
        return;
      } catch (thrown) {
        const error = toDayboardError(thrown);
        if (error.code !== 'lock.held') throw error;
        if (error.message !== told) this.parts.log(`${error.message} Nothing is started until it is free.`);
        told = error.message;
        await this.parts.sleep(backOff(failures) * 1000, this.stopped.signal);
      }
    }
  }

  private async letGo(): Promise<void> {
    const { hold } = this;
    this.hold = undefined;
    this.holdIsSure = false;
    if (hold === undefined) return;
    // A connection that died with its network may never say that it has ended.
    const given = new AbortController();
    await Promise.race([hold.release().catch(() => undefined), this.parts.sleep(RELEASE_WAIT, given.signal)]);
    given.abort();
  }

  private dueJob(): Job | undefined {
    const now = this.parts.now();
    if (Date.parse(now) >= Date.parse(this.next)) {
      const due = this.next;
      this.next = nextStart(this.parts.workspace.project.schedule, now);
      const late = Date.parse(now) - Date.parse(due) > LONGEST_SLEEP;
      this.parts.log(
        `the start of ${due}${late ? ' is made up for now' : ''}; the next one is at ${this.next}`,
      );
      return 'start';
    }
    if (Date.parse(now) < this.nextPoll) return undefined;
    return this.owesStart ? 'start' : 'poll';
  }

  private async rest(): Promise<void> {
    const due = Math.min(Date.parse(this.next), this.nextPoll) - Date.parse(this.parts.now());
    await this.parts.sleep(Math.min(LONGEST_SLEEP, Math.max(1, due)), this.stopped.signal);
  }

  private async work(job: Job): Promise<void> {
    await this.regainSchedule();
    if (this.stopped.signal.aborted) return;
    try {
      await (job === 'start' ? this.start() : this.poll());
    } catch (thrown) {
      if (this.stopped.signal.aborted) return;
      const error = toDayboardError(thrown);
      if (UNREACHABLE.has(error.code)) throw error;
      // Somebody else's work is no reason to end.
      if (job === 'start') this.owesStart = true;
      this.parts.log(`${error.message} It is tried again in ${this.parts.pollMinutes} min.`);
    }
    this.nextPoll = Date.parse(this.parts.now()) + this.parts.pollMinutes * 60_000;
  }

  private async start(): Promise<void> {
    this.cancelledByOperator = false;
    await this.copy();
    await this.sync(Object.keys(this.parts.workspace.project.sources), true);
    await this.runRequest(owedRequest(this.parts.concurrency));
    this.owesStart = false;
  }

  /** The copies come first: what is loaded is looked up in their tables. One that cannot be made stops nothing else. */
  private async copy(): Promise<void> {
    const { workspace, log } = this.parts;
    if ((workspace.project.copies ?? []).every(({ off }) => off !== undefined)) return;
    try {
      await this.runRequest(copyRequest());
    } catch (thrown) {
      const error = toDayboardError(thrown);
      if (UNREACHABLE.has(error.code)) throw error;
      log(`${error.message} The rest goes on with the tables as they are.`);
    }
  }

  private async poll(): Promise<void> {
    await this.sync([...this.unlisted], false);
  }

  /**
   * Loads what the sources have: of those named all that is not up to date, as at a start, of the others what has
   * arrived. A source that cannot be listed keeps nothing of another from being loaded.
   */
  private async sync(starting: readonly string[], isStart: boolean): Promise<void> {
    const { workspace, now, concurrency, log, pollMinutes } = this.parts;
    const { project } = workspace;
    const unlisted = await workspace.list(this.stopped.signal);
    for (const { message } of unlisted.values()) log(`${message} It is tried again in ${pollMinutes} min.`);
    const request = catchUpRequest(project, now(), concurrency);
    const { cells } = await workspace.plan(request);
    const from = (cell: PlannedCell) => sourceOf(cell.dataset, project);
    if (isStart)
      for (const line of missingLines(cells.filter((cell) => !unlisted.has(from(cell))))) log(line);
    const wanted = cells.filter(
      (cell) =>
        !needsUnlisted(cell, project, unlisted) &&
        (starting.includes(from(cell)) ? isForStart(cell) : isForPoll(cell)),
    );
    const those = narrowed(request, wanted);
    if (those !== undefined) await this.runRequest(those);
    this.unlisted = new Set(starting.filter((source) => unlisted.has(source)));
  }

  private async runRequest(request: PlanRequest): Promise<void> {
    if (this.stopped.signal.aborted || this.cancelledByOperator) return;
    const handle = await this.begin(request);
    if (handle === undefined) return;
    this.running = handle;
    if (this.stopped.signal.aborted) await handle.cancel(this.mode);
    try {
      this.tell(handle.id, await handle.done);
    } finally {
      this.running = undefined;
    }
  }

  /** Plans and starts; undefined when there is nothing to do. */
  private async begin(request: PlanRequest): Promise<RunHandle | undefined> {
    for (let tries = 1; ; tries += 1) {
      const plan: Plan = await this.parts.workspace.plan(request);
      if (plan.steps.length === 0) return undefined;
      try {
        return await this.parts.workspace.start(plan, this.parts.onEvent);
      } catch (thrown) {
        if (toDayboardError(thrown).code !== 'plan.out-of-date' || tries === MOST_PLANS) throw thrown;
      }
    }
  }

  private tell(run: string, outcome: Outcome): void {
    const { published, failed } = outcome.deliveries;
    this.parts.log(`run ${run} ${outcome.state}: ${published} published, ${failed} failed`);
    if (outcome.state !== 'cancelled') return;
    if (this.stopped.signal.aborted) this.cutShort = true;
    else {
      this.cancelledByOperator = true;
      this.parts.log('it was cancelled by an operator: nothing is started before the next start');
    }
  }

  /** Does the work; while the database cannot be reached it waits, longer each time, and does it again. */
  private async whenReachable(work: () => Promise<void>): Promise<void> {
    for (let failures = 0; !this.stopped.signal.aborted; failures += 1) {
      try {
        await work();
        return;
      } catch (thrown) {
        const error: DayboardError = toDayboardError(thrown);
        if (!UNREACHABLE.has(error.code)) throw error;
        this.holdIsSure = false;
        const seconds = backOff(failures);
        this.parts.log(`${error.message} Tried again in ${seconds} s.`);
        await this.parts.sleep(seconds * 1000, this.stopped.signal);
      }
    }
  }
}

/** Seconds until the next try after so many failures before. */
function backOff(failures: number): number {
  return BACK_OFF[Math.min(failures, BACK_OFF.length - 1)] ?? 60;
}
