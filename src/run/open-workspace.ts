import type pg from 'pg';
import type { Actor } from '../ledger/actor.ts';
import { readAudit } from '../ledger/audit.ts';
import { readSizes } from '../ledger/sizes.ts';
import { Database } from '../ledger/connection.ts';
import { type DatabaseSettings } from '../ledger/database-settings.ts';
import { readChecks } from '../ledger/derived.ts';
import { INTERRUPTED } from '../ledger/deliveries.ts';
import { databaseError } from '../ledger/errors.ts';
import { aliveRuns, takeLock } from '../ledger/locks.ts';
import { migrate, requireLedger } from '../ledger/migrate.ts';
import { readDurations, readRun, readRuns, readSteps } from '../ledger/run-reader.ts';
import { requestCancel } from '../ledger/runs.ts';
import { readScript } from '../ledger/scripts.ts';
import { rulesHash } from '../load/rules-hash.ts';
import type { Adoption } from '../plan/adoption.ts';
import type { AuditEntry } from '../plan/audit.ts';
import type { Sizes } from '../plan/sizes.ts';
import type { Board, CheckStatus, DerivedStatus, RunSummary, StepStatus } from '../plan/board.ts';
import type { RunEvent } from '../plan/events.ts';
import type { Preparation } from '../plan/preparation.ts';
import type { Plan, PlanRequest } from '../plan/plan.ts';
import type { ScriptPlan, ScriptSummary } from '../plan/script.ts';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { Project } from '../project/model.ts';
import type { Cache } from '../source/cache.ts';
import type { Source } from '../source/source.ts';
import { adoptInRun, adoptionPlan } from './adopt-run.ts';
import type { RunContext } from './run-context.ts';
import { adopt, planAdoption, type AdoptParts, type AdoptRequest } from './adopt.ts';
import { readBoard } from './board-reader.ts';
import { examine } from './doctor.ts';
import { followRun } from './follow.ts';
import { foresee } from './foresee.ts';
import { readFreshness } from './freshness.ts';
import { LedgerHub } from './hub.ts';
import { listSources } from './listing.ts';
import { readPlan } from './plan-reader.ts';
import type { BoardRange } from './ranges.ts';
import { prepareSchema } from './prepare-schema.ts';
import { startRun, type Run } from './runner.ts';
import type { ScriptRequest } from './ready-script.ts';
import type { ScriptStreams } from './script.ts';
import { Scripts } from './scripts.ts';
import { TableSizes } from './table-sizes.ts';
import { notComputed, readOnly, unknownRun } from './workspace-errors.ts';
import type {
  ContextInfo,
  DoctorFinding,
  LedgerChange,
  RunDetail,
  RunHandle,
  Workspace,
} from './workspace.ts';

export interface WorkspaceParts {
  project: Project;
  context: ContextInfo;
  database: DatabaseSettings;
  /** By the names that the project gives its sources. */
  sources: ReadonlyMap<string, Source>;
  cache: Cache;
  actor: Actor;
  /** Our environment, for programs that steps start. */
  environment: Environment;
  /** How dayboard was called: 'dayboard --config NAME'. */
  invocation: string;
  /** The clock: RFC 3339. */
  now: () => string;
  /** What files of the definition start from. */
  baseDirectory: string;
}

/** Connections that readers share: the board's queries run side by side. */
const READERS = 4;

/** Opens a project in a context. Connects at the first use; fails then with 'database.…' or 'ledger.…'. */
export function openWorkspace(parts: WorkspaceParts): Workspace {
  return new LedgerWorkspace(parts);
}

class LedgerWorkspace implements Workspace {
  readonly project: Project;
  readonly context: ContextInfo;
  private readonly parts: WorkspaceParts;
  private readonly database: Database;
  private readonly hub: LedgerHub;
  private readonly rulesHashes: ReadonlyMap<string, string>;
  private readonly ofScripts: Scripts;
  private readonly tableSizes: TableSizes;
  private readonly running = new Map<string, Run>();
  private opened: Promise<pg.Pool> | undefined;
  private listing: Promise<ReadonlyMap<string, DayboardError>> | undefined;

  constructor(parts: WorkspaceParts) {
    this.parts = parts;
    this.project = parts.project;
    this.context = parts.context;
    this.database = new Database(parts.database, parts.context.readOnly);
    this.hub = new LedgerHub(this.database, parts.project.name);
    this.tableSizes = new TableSizes(parts.project);
    this.ofScripts = new Scripts({
      ...parts,
      database: this.database,
      reader: () => this.reader(),
      start: (plan, onEvent, task) => this.startFor(this.project, plan, onEvent, task),
    });
    this.rulesHashes = new Map(parts.project.datasets.map((dataset) => [dataset.name, rulesHash(dataset)]));
  }

  /** The readers' pool, once the ledger is known to be there. A failed try is not remembered: the next one tries again. */
  private reader(): Promise<pg.Pool> {
    this.opened ??= this.open().catch((thrown: unknown) => {
      this.opened = undefined;
      throw thrown;
    });
    return this.opened;
  }

  private async open(): Promise<pg.Pool> {
    const pool = this.database.pool(READERS);
    // One of its connections is made beside this one: readers find it when the ledger is known to be there.
    const warm = pool.connect().then(
      (client) => client.release(),
      () => undefined,
    );
    const client = await this.database.connect('start').catch(async (thrown: unknown) => {
      await warm.then(() => pool.end());
      throw thrown;
    });
    try {
      await (this.context.readOnly ? requireLedger(client) : migrate(client));
    } catch (thrown) {
      await warm.then(() => pool.end());
      throw databaseError(thrown, { database: this.parts.database.display });
    } finally {
      // Not waited for: nobody needs its end.
      client.end().catch(() => undefined);
    }
    return pool;
  }

  private async read<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const pool = await this.reader();
    // A pool answers query() as a client does; statements of one reader may run side by side on it.
    return this.told(() => work(pool as unknown as pg.ClientBase));
  }

  /** Errors of the database say which one it is. */
  private async told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw databaseError(thrown, { database: this.parts.database.display });
    }
  }

  board(range: BoardRange): Promise<Board> {
    return this.read((client) =>
      readBoard({
        client,
        project: this.project,
        context: this.context.name,
        range,
        now: this.parts.now(),
        rulesHashes: this.rulesHashes,
        sizes: this.tableSizes.read(client),
      }),
    );
  }

  list(signal?: AbortSignal): Promise<ReadonlyMap<string, DayboardError>> {
    const { project, sources, context } = this.parts;
    const ledger = context.readOnly ? undefined : () => this.reader();
    this.listing ??= listSources({ project, sources, ledger }, signal).finally(() => {
      this.listing = undefined;
    });
    return this.listing;
  }

  freshness(names?: readonly string[]): Promise<DerivedStatus[]> {
    return this.read((client) =>
      readFreshness({
        client,
        project: this.project,
        now: this.parts.now(),
        ...(names === undefined ? {} : { names }),
      }),
    );
  }

  plan(request: PlanRequest): Promise<Plan> {
    return this.planFor(this.project, request);
  }

  private async planFor(project: Project, request: PlanRequest): Promise<Plan> {
    const foreseen = await foresee({ ...this.parts, database: this.database }, () => this.reader(), request);
    return this.read((client) =>
      readPlan({
        ...foreseen,
        client,
        project,
        context: this.context.name,
        invocation: this.parts.invocation,
        request,
        now: this.parts.now(),
        rulesHashes: this.rulesHashes,
      }),
    );
  }

  async start(plan: Plan, onEvent: (event: RunEvent) => void = () => undefined): Promise<RunHandle> {
    if (this.context.readOnly) throw readOnly(this.context);
    await this.requireCurrent(plan);
    const run = await this.startFor(this.project, plan, onEvent);
    return { id: run.id, done: run.done, cancel: async (mode) => run.cancel(mode, this.parts.actor.user) };
  }

  private async startFor(
    project: Project,
    plan: Plan,
    onEvent: (event: RunEvent) => void,
    task?: RunContext['task'],
  ): Promise<Run> {
    const run = await startRun(plan, {
      project,
      database: this.database,
      sources: this.parts.sources,
      cache: this.parts.cache,
      actor: this.parts.actor,
      environment: this.parts.environment,
      invocation: this.parts.invocation,
      now: this.parts.now,
      listener: onEvent,
      task,
    });
    this.running.set(run.id, run);
    const done = run.done.finally(() => this.running.delete(run.id));
    // Whoever holds the handle sees the rejection; close() must not die of it.
    done.catch(() => undefined);
    return { ...run, done };
  }

  /** What somebody looked at must be what is run: the plan is made anew and must do the same. */
  private async requireCurrent(plan: Plan): Promise<void> {
    const now = await this.plan(plan.request);
    if (now.basis === plan.basis) return;
    throw new DayboardError({
      code: 'plan.out-of-date',
      kind: 'refused',
      message: 'What the plan was made from has changed since; nothing was started.',
      facts: { madeAt: plan.madeAt },
      next: 'Look at the new plan and start that.',
    });
  }

  activeRuns(): ReadonlyArray<{ id: string }> {
    return [...this.running.values()].map(({ id }) => ({ id }));
  }

  runs(limit: number): Promise<RunSummary[]> {
    return this.read(async (client) =>
      readRuns(client, this.project.name, limit, await aliveRuns(client, this.project.name)),
    );
  }

  audit(limit: number): Promise<AuditEntry[]> {
    return this.read(async (client) =>
      readAudit(client, this.project.name, limit, await aliveRuns(client, this.project.name)),
    );
  }

  sizes(): Promise<Sizes> {
    return this.read((client) => readSizes(client, this.project));
  }

  run(id: string): Promise<RunDetail> {
    return this.read(async (client) => {
      const found = await readRun(client, this.project.name, id, await aliveRuns(client, this.project.name));
      if (found === undefined) throw unknownRun(id);
      const durations = await readDurations(client, this.project.name);
      const steps = await readSteps(client, found.run.id, durations.medians);
      const script = await readScript(client, found.run.id);
      return {
        ...found,
        ...(script === undefined ? {} : { script }),
        steps: found.run.state === 'interrupted' ? steps.map(endedStep) : steps,
      };
    });
  }

  async *follow(id: string, signal?: AbortSignal): AsyncIterable<RunEvent> {
    await this.run(id);
    yield* followRun(await this.reader(), this.hub, this.project.name, id, signal);
  }

  async cancel(id: string, mode: 'step' | 'now'): Promise<void> {
    if (this.context.readOnly) throw readOnly(this.context);
    const detail = await this.run(id);
    const asked = await this.read((client) =>
      requestCancel(client, this.project.name, id, mode, this.parts.actor.user),
    );
    if (asked && detail.run.state === 'running') return;
    throw new DayboardError({
      code: 'run.not-running',
      kind: 'refused',
      message: `Run ${id} is not running: it is ${detail.run.state}.`,
      facts: { run: id, state: detail.run.state },
      next: 'There is nothing to cancel.',
    });
  }

  checks(): Promise<CheckStatus[]> {
    return this.read((client) =>
      readChecks(
        client,
        this.project.name,
        this.project.checks.map((check) => check.name),
      ),
    );
  }

  watch(listener: (change: LedgerChange) => void): () => void {
    return this.hub.watch(listener);
  }

  async holdSchedule(): Promise<{ release(): Promise<void> }> {
    if (this.context.readOnly) throw readOnly(this.context);
    await this.reader();
    const client = await this.database.connect('schedule');
    try {
      await takeLock(client, { project: this.project.name, target: 'schedule', actor: this.parts.actor });
    } catch (thrown) {
      await client.end().catch(() => undefined);
      throw databaseError(thrown);
    }
    return { release: () => client.end() };
  }

  doctor(): AsyncIterable<DoctorFinding> {
    return examine({ ...this.parts, connection: this.database });
  }

  async prepare(preview: boolean): Promise<Preparation> {
    if (this.context.readOnly) throw readOnly(this.context);
    await this.reader();
    const { project, actor } = this.parts;
    return prepareSchema({ project, database: this.database, actor }, preview);
  }

  adoption(name: string): Promise<Adoption> {
    return this.read(async () => {
      const client = await (await this.reader()).connect();
      try {
        return await planAdoption(client, this.adoptParts(), name);
      } finally {
        client.release();
      }
    });
  }

  async adopt(request: AdoptRequest): Promise<Adoption> {
    if (this.context.readOnly) throw readOnly(this.context);
    await this.reader();
    // To compare changes nothing; what it computes first is a run.
    if (request.act === 'compare') return adopt(this.adoptParts(), request);
    const { invocation, now } = this.parts;
    const about = { project: this.project.name, context: this.context.name, madeAt: now(), invocation };
    return adoptInRun(this.adoptParts(), request, (task) =>
      this.startFor(this.project, adoptionPlan(request, about), () => undefined, task),
    );
  }

  private adoptParts(): AdoptParts {
    return {
      project: this.project,
      database: this.database,
      actor: this.parts.actor,
      compute: async (project, names, { signal, onProgress }) => {
        const plan = await this.planFor(project, refreshRequest(names));
        const run = await this.startFor(project, plan, () => undefined);
        onProgress?.({
          step: 'compare',
          message: `run ${run.id} computes ${names.join(', ')}: dayboard runs follow ${run.id}`,
        });
        const cancel = () => run.cancel('now', this.parts.actor.user);
        signal?.addEventListener('abort', cancel, { once: true });
        const outcome = await run.done.finally(() => signal?.removeEventListener('abort', cancel));
        if (outcome.state !== 'done') throw notComputed(run.id, outcome.state);
      },
    };
  }

  scripts(): Promise<ScriptSummary[]> {
    return this.told(() => this.ofScripts.list());
  }

  planScript(request: ScriptRequest): Promise<ScriptPlan> {
    return this.told(() => this.ofScripts.plan(request));
  }

  startScript(
    plan: ScriptPlan,
    request: ScriptRequest,
    streams: ScriptStreams,
    onEvent: (event: RunEvent) => void = () => undefined,
  ): Promise<RunHandle> {
    return this.told(() => this.ofScripts.start(plan, request, streams, onEvent));
  }

  async close(): Promise<void> {
    const runs = [...this.running.values()];
    for (const run of runs) run.cancel('now', this.parts.actor.user);
    await Promise.allSettled(runs.map((run) => run.done));
    await this.hub.close();
    for (const source of this.parts.sources.values()) source.close();
    // It may be on its way still.
    await (await this.opened?.catch(() => undefined))?.end();
  }
}

/** A step of a run whose process is gone, before the next run writes so: what it was at failed, the rest never began. */
function endedStep(step: StepStatus): StepStatus {
  if (step.state === 'running') return { ...step, state: 'failed', error: INTERRUPTED };
  return step.state === 'queued' ? { ...step, state: 'cancelled' } : step;
}

function refreshRequest(names: string[]): PlanRequest {
  return { command: 'refresh', cells: [], reprocess: [], names, concurrency: 1, force: [] };
}
