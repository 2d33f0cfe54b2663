import type pg from 'pg';
import type { Actor } from '../ledger/actor.ts';
import type { Queryable } from '../ledger/client.ts';
import type { Database } from '../ledger/connection.ts';
import { databaseError, isConnectionLoss } from '../ledger/errors.ts';
import { heldError, lockHolders, tryLock } from '../ledger/locks.ts';
import { notified } from '../ledger/notified.ts';
import { cancelRequest, CHANNEL, finishRun, insertRun } from '../ledger/runs.ts';
import { serially } from '../ledger/serial.ts';
import { dropForgotten } from '../load/publish/forget.ts';
import { sever } from '../ledger/sever.ts';
import { deliveryKey } from '../plan/facts.ts';
import type { Outcome, RunEvent, RunState } from '../plan/events.ts';
import type { Plan, PlannedStep } from '../plan/plan.ts';
import { DayboardError, isInterrupted, toDayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { Project } from '../project/model.ts';
import type { Cache } from '../source/cache.ts';
import { retryText } from '../source/retry.ts';
import type { Source } from '../source/source.ts';
import { tidyAfterDeadRuns } from './dead-runs.ts';
import { executeSteps, type StepEnd } from './executor.ts';
import { Lanes } from './lanes.ts';
import { outcomeOf, type EndedStep } from './outcome.ts';
import type { RunContext, StepReport } from './run-context.ts';
import { etaSeconds } from './rate.ts';
import { dropStaging } from './staging-sweep.ts';
import { trying } from './step-tries.ts';
import { STEP_WORK } from './steps/index.ts';
import { RunWriter, stepName } from './writer.ts';

export interface RunnerParts {
  project: Project;
  database: Database;
  sources: ReadonlyMap<string, Source>;
  cache: Cache;
  actor: Actor;
  /** Our environment, for programs that steps start. */
  environment: Environment;
  /** How dayboard was called, for command lines that are shown to be repeated. */
  invocation: string;
  now: () => string;
  listener: (event: RunEvent) => void;
  /** What the step of an adoption or a script does. */
  task?: RunContext['task'];
}

/** A run in this process. */
export interface Run {
  id: string;
  done: Promise<Outcome>;
  cancel(mode: 'step' | 'now', by: string): void;
}

/**
 * Starts a plan: writes the run to the ledger, takes its locks on a control connection of its own, and works through
 * its steps. Rejects with 'lock.held' when a delivery of the plan is held by somebody else.
 */
export async function startRun(plan: Plan, parts: RunnerParts): Promise<Run> {
  const control = await parts.database.connect('control');
  try {
    await prepareLedger(control, plan, parts);
    const id = await insertRun(control, plan, parts.actor);
    const active = new ActiveRun(id, plan, control, parts);
    return { id, done: active.work(), cancel: (mode, by) => active.cancel(mode, by) };
  } catch (thrown) {
    await control.end().catch(() => undefined);
    throw databaseError(thrown);
  }
}

async function prepareLedger(control: pg.Client, plan: Plan, parts: RunnerParts): Promise<void> {
  await tidyAfterDeadRuns(control, plan.project);
  const wanted = plan.cells
    .filter((cell) => cell.action !== 'skip')
    .map((cell) => `delivery ${cell.dataset} ${cell.period}`);
  const [holder] = await lockHolders(control, parts.project.name, wanted);
  if (holder !== undefined) throw heldError(holder.target, holder);
}

/** Steps that begin the work on a delivery. */
const TAKES_DELIVERY: ReadonlySet<string> = new Set(['fetch', 'undo', 'diff']);

/** What is loaded without being fetched before begins there. */
function takesDelivery({ kind, needs }: PlannedStep): boolean {
  return TAKES_DELIVERY.has(kind) || (kind === 'load' && needs.length === 0);
}

/** Fetched objects that no run has used for so long are evicted from the cache: the source still has them. */
const CACHE_DAYS = 14;

/** Time between two tries to end what a cancelled run is at, and how often that is tried. */
const CANCEL_AGAIN_MILLISECONDS = 1_000;
const CANCEL_TRIES = 5;

class ActiveRun {
  private readonly id: string;
  private readonly plan: Plan;
  private readonly connection: pg.Client;
  /** The connection that holds the run's locks, for one statement at a time. */
  private readonly control: Queryable;
  private readonly parts: RunnerParts;
  private readonly writer: RunWriter;
  private readonly abort = new AbortController();
  private readonly stop = new AbortController();
  private readonly context: RunContext;
  private readonly ended: EndedStep[] = [];
  private readonly startedAt: number;
  private stopping: 'step' | 'now' | undefined;
  private cancelling: NodeJS.Timeout | undefined;
  /** Tries to end statements since the server last answered one. */
  private unanswered = 0;
  private lost: DayboardError | undefined;

  constructor(id: string, plan: Plan, connection: pg.Client, parts: RunnerParts) {
    this.id = id;
    this.plan = plan;
    this.connection = connection;
    this.control = serially(connection);
    this.parts = parts;
    this.startedAt = Date.parse(parts.now());
    this.writer = new RunWriter({
      client: this.control,
      project: plan.project,
      run: id,
      listener: parts.listener,
      now: parts.now,
      onLost: (thrown) => this.lose(thrown),
    });
    this.context = {
      id,
      plan,
      project: parts.project,
      database: parts.database,
      sources: parts.sources,
      cache: parts.cache,
      actor: parts.actor,
      environment: parts.environment,
      invocation: parts.invocation,
      now: parts.now,
      lanes: new Lanes(parts.database, this.abort.signal),
      signal: this.abort.signal,
      stopping: this.stop.signal,
      work: new Map(),
      cells: new Map(plan.cells.map((cell) => [deliveryKey(cell.dataset, cell.period), cell])),
      ensured: new Map(),
      task: parts.task,
    };
  }

  async work(): Promise<Outcome> {
    try {
      await this.listenForCancel();
    } catch (thrown) {
      // It ends before it began: its locks must not outlive it.
      this.connection.removeAllListeners('end');
      await this.connection.end().catch(() => undefined);
      throw databaseError(thrown, { run: this.id });
    }
    const { actor } = this.parts;
    this.writer.emit({
      type: 'run.started',
      command: this.plan.request.command,
      cli: this.plan.cli,
      by: actor.user,
      host: actor.host,
      steps: this.plan.steps.map(stepName),
    });
    await executeSteps(this.plan.steps, {
      concurrency: Math.max(1, this.plan.request.concurrency),
      perform: (step) => this.perform(step),
      leave: (step, end, because) => this.leave(step, end, because),
      isStopping: () => this.stopping !== undefined,
    }).finally(() => clearInterval(this.cancelling));
    return this.finish();
  }

  /** 'step': nothing new begins; 'now': what is in flight is cancelled and rolled back, at each call at once. */
  cancel(mode: 'step' | 'now', by: string): void {
    if (this.stopping !== 'now' && this.stopping !== mode) {
      this.stopping = mode;
      this.writer.emit({ type: 'run.cancelling', mode, by });
    }
    this.stop.abort();
    if (mode === 'now') this.abortWork();
  }

  /**
   * A statement may begin just after the server was told, and one may catch its end: it is told until all have ended.
   * Over a network that says nothing any more none ever would: then the connections end, and the server rolls back.
   */
  private abortWork(): void {
    this.abort.abort(
      new DayboardError({ code: 'run.cancelled', kind: 'interrupted', message: 'Cancelled.' }),
    );
    void this.cancelStatements();
    let tries = 1;
    this.cancelling ??= setInterval(() => {
      tries += 1;
      void this.cancelStatements();
      if (tries >= CANCEL_TRIES) this.context.lanes.sever();
      // Whoever does not answer this connection either is not waited for.
      if (tries >= CANCEL_TRIES && this.unanswered >= CANCEL_TRIES) sever(this.connection);
    }, CANCEL_AGAIN_MILLISECONDS).unref();
  }

  private async cancelStatements(): Promise<void> {
    const backends = this.context.lanes.busyBackends();
    if (backends.length === 0 || this.lost !== undefined) return;
    this.unanswered += 1;
    await this.control
      .query('SELECT pg_cancel_backend(pid) FROM unnest($1::int[]) AS pid', [backends])
      .catch(() => undefined);
    this.unanswered = 0;
  }

  private async listenForCancel(): Promise<void> {
    this.connection.on('notification', (message) => {
      const said = notified(message.payload);
      if (said?.project === this.plan.project && said.run === this.id && said.cancel !== undefined)
        void this.readCancel();
    });
    this.connection.on('end', () => this.lose(new Error('Connection terminated')));
    await this.control.query(`LISTEN ${CHANNEL}`);
    await this.readCancel();
  }

  private async readCancel(): Promise<void> {
    const asked = await cancelRequest(this.control, this.id).catch(() => undefined);
    if (asked !== undefined) this.cancel(asked.mode, asked.by);
  }

  /** Without its control connection a run has no locks: it must not go on. */
  private lose(thrown: unknown): void {
    if (this.lost !== undefined) return;
    this.lost = databaseError(thrown);
    this.stopping = 'now';
    this.stop.abort();
    this.abort.abort(this.lost);
  }

  private async perform(step: PlannedStep): Promise<StepEnd> {
    const started = Date.parse(this.parts.now());
    const name = stepName(step);
    const seconds = () => (Date.parse(this.parts.now()) - started) / 1000;
    this.writer.emit({
      type: 'step.started',
      step: name,
      ...(step.estimateSeconds === undefined ? {} : { etaSeconds: step.estimateSeconds }),
    });
    try {
      if (takesDelivery(step)) await this.lockDelivery(step);
      const report = this.reportFor(step, seconds);
      const result = await trying(() => STEP_WORK[step.kind](this.context, step, report), {
        kind: step.kind,
        mayGoOn: () => this.hasItsLocks(),
        onRetry: (retry) => report.note(retryText(retry)),
        signal: this.stop.signal,
      });
      if (result.end === 'skipped') {
        this.writer.emit({ type: 'step.skipped', step: name, reason: result.reason });
        // What comes after a step that had nothing to do may still go on.
        return this.end(step, 'done', 'skipped');
      }
      const { rows, bytes, detail, shown } = result;
      const done = {
        type: 'step.done' as const,
        step: name,
        seconds: seconds(),
        ...(rows === undefined ? {} : { rows }),
        ...(bytes === undefined ? {} : { bytes }),
        ...(detail === undefined ? {} : { detail }),
      };
      this.writer.emit(done, shown === undefined ? done : { ...done, detail: shown });
      return this.end(step, 'done');
    } catch (thrown) {
      return this.fail(step, thrown, seconds());
    }
  }

  /** The connection that holds them is there, so the server has not crashed since the run began. */
  private async hasItsLocks(): Promise<boolean> {
    if (this.stopping !== undefined) return false;
    const answered = await this.control.query('SELECT 1').then(
      () => true,
      () => false,
    );
    return answered && this.lost === undefined;
  }

  private fail(step: PlannedStep, thrown: unknown, seconds: number): StepEnd {
    const asked = this.abort.signal.aborted || (this.stopping !== undefined && isInterrupted(thrown));
    if (asked && this.lost === undefined) {
      this.writer.emit({ type: 'step.cancelled', step: stepName(step) });
      return this.end(step, 'cancelled');
    }
    const facts =
      step.period === undefined ? { name: step.target } : { dataset: step.target, period: step.period };
    const error = (
      thrown instanceof DayboardError
        ? thrown
        : looksLikeDatabase(thrown)
          ? databaseError(thrown)
          : toDayboardError(thrown)
    ).with(facts);
    this.writer.emit({ type: 'step.failed', step: stepName(step), seconds, error: error.toJSON() });
    return this.end(step, 'failed', 'failed', error);
  }

  private end(step: PlannedStep, end: StepEnd, told: StepEnd = end, error?: DayboardError): StepEnd {
    this.ended.push({ step, end: told, ...(error === undefined ? {} : { error }) });
    return end;
  }

  private leave(step: PlannedStep, end: 'skipped' | 'cancelled', because: PlannedStep | undefined): void {
    this.ended.push({ step, end });
    if (end === 'cancelled') this.writer.emit({ type: 'step.cancelled', step: stepName(step) });
    else
      this.writer.emit({
        type: 'step.skipped',
        step: stepName(step),
        reason: because === undefined ? 'nothing to do' : `its ${because.kind} step did not succeed`,
      });
  }

  private reportFor(step: PlannedStep, seconds: () => number): StepReport {
    return {
      progress: (progress) => {
        const eta = etaSeconds(progress, seconds(), step.estimateSeconds);
        this.writer.emit({ type: 'step.progress', step: stepName(step), ...eta, ...progress });
      },
      note: (message) => this.writer.emit({ type: 'step.note', step: stepName(step), message }),
    };
  }

  private async lockDelivery(step: PlannedStep): Promise<void> {
    const target = `delivery ${step.target} ${step.period ?? ''}` as const;
    const result = await tryLock(this.control, {
      project: this.plan.project,
      target,
      actor: this.parts.actor,
      run: this.id,
    });
    if (!result.held) throw heldError(target, result.holder);
  }

  private async finish(): Promise<Outcome> {
    const seconds = (Date.parse(this.parts.now()) - this.startedAt) / 1000;
    const outcome = outcomeOf(this.ended, {
      seconds,
      cancelled: this.stopping !== undefined && this.lost === undefined,
      plan: this.plan,
    });
    await this.context.lanes.close();
    // What cannot be evicted now is evicted after another run.
    await this.context.cache.evict({ olderThanDays: CACHE_DAYS }).catch(() => undefined);
    try {
      if (this.lost !== undefined) throw this.lost;
      await dropStaging(this.control, this.id);
      // What a step could not drop when it ended.
      await dropForgotten(this.control).catch(() => undefined);
      this.writer.emit({ type: 'run.done', outcome });
      await this.writer.flush();
      await finishRun(this.control, this.id, outcome.state satisfies RunState, outcome);
      await this.control.query('SELECT pg_notify($1, $2)', [
        CHANNEL,
        JSON.stringify({ project: this.plan.project, run: this.id }),
      ]);
    } catch (thrown) {
      throw databaseError(thrown, { run: this.id });
    } finally {
      this.connection.removeAllListeners('end');
      await this.connection.end().catch(() => undefined);
    }
    return outcome;
  }
}

function looksLikeDatabase(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown } | null)?.code;
  return isConnectionLoss(thrown) || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code));
}
