// A workspace in memory, for tests and pictures of the console where only the drawing and the keys are under test: it
// stands for the core, whose planner and cell states it uses, and neither reads nor writes anything. What the console
// does on the real core is shown by the end-to-end tests.
import type { AuditEntry } from '../../src/plan/audit.ts';
import type { Sizes } from '../../src/plan/sizes.ts';
import type { Board, CheckStatus, DerivedStatus, RunSummary, StepStatus } from '../../src/plan/board.ts';
import { cellOf } from '../../src/plan/cell-state.ts';
import { type DeliveryFacts, deliveryKey } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make.ts';
import type { Plan, PlanRequest, PlannedStep } from '../../src/plan/plan.ts';
import { DayboardError, type ErrorValue } from '../../src/project/errors.ts';
import type { Project } from '../../src/project/model.ts';
import { addPeriods, periodRange, today } from '../../src/project/period.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import type {
  ContextInfo,
  DoctorFinding,
  LedgerChange,
  RunDetail,
  RunHandle,
  Workspace,
} from '../../src/run/workspace.ts';
import { fakeProject } from './fake-definitions.ts';
import { fakeFacts, RULES } from './fake-facts.ts';
import { FakeRun } from './fake-run.ts';

export interface FakeOptions {
  tables: number;
  days: number;
  /** An ordinary bad week, or nothing but loaded days. */
  trouble: boolean;
  now: () => string;
  context: Partial<ContextInfo>;
  /** Milliseconds between beats of runs; 0 beats only when told to. */
  beatMs: number;
  project: Project;
  /** Steps that fail, by 'kind target'. */
  failing: Record<string, ErrorValue>;
}

export const FAKE_NOW = '2026-11-22T07:38:12Z';

const SECONDS: Record<string, number> = { fetch: 4, load: 9, publish: 3, rollup: 6, view: 12, check: 2 };

export class FakeWorkspace implements Workspace {
  readonly project: Project;
  readonly context: ContextInfo;
  readonly facts: Map<string, DeliveryFacts>;
  readonly runsHere: FakeRun[] = [];
  /** Runs of `runsHere` that stand for those of another process. */
  readonly ofOthers = new Set<string>();
  /** How often each method was called. */
  readonly calls = { board: 0, list: 0, plan: 0, start: 0 };
  /** Set to make `board` fail. */
  boardFailure: DayboardError | undefined;
  held: Plan['held'] = [];
  /** A change of this makes earlier plans out of date. */
  basis = 0;
  private readonly options: FakeOptions;
  private readonly listeners = new Set<(change: LedgerChange) => void>();
  private readonly owed = new Set<string>(['visits_by_day_30d', 'visits_by_month_120d']);
  private readonly beats: NodeJS.Timeout | undefined;

  constructor(options: Partial<FakeOptions> = {}) {
    this.options = {
      tables: 7,
      days: 400,
      trouble: true,
      now: () => FAKE_NOW,
      context: {},
      beatMs: 0,
      failing: {},
      project: fakeProject(options.tables ?? 7),
      ...options,
    };
    this.project = this.options.project;
    this.context = {
      name: 'preprod',
      readOnly: false,
      production: false,
      database: 'stats@db.internal:5432/stats',
      source: 'stats-preprod at s3.example.net',
      ...this.options.context,
    };
    const day = today(this.options.now(), 'UTC').toString();
    this.facts = fakeFacts(this.project, day, this.options.days, this.options.trouble);
    if (!this.options.trouble) this.owed.clear();
    if (this.options.beatMs > 0) this.beats = setInterval(() => this.beat(), this.options.beatMs);
  }

  /** All runs go on by one beat. */
  beat(): void {
    for (const run of this.runsHere) run.beat();
  }

  tell(change: LedgerChange): void {
    for (const listener of this.listeners) listener(change);
  }

  async board(range: { columns: number } | { first: string; last: string }): Promise<Board> {
    this.calls.board += 1;
    if (this.boardFailure !== undefined) throw this.boardFailure;
    const now = this.options.now();
    const last = today(now, 'UTC').toString();
    const periods =
      'columns' in range
        ? periodRange(addPeriods(last, 1 - range.columns), last)
        : periodRange(range.first, range.last);
    return {
      project: this.project.name,
      context: this.context.name,
      asOf: now,
      listedAt: now,
      rows: this.project.datasets.map((dataset, index) => ({
        dataset: dataset.name,
        relation: `${dataset.table.schema}.${dataset.table.name}`,
        ...(dataset.off === undefined ? {} : { off: dataset.off }),
        unit: 'day',
        cells: periods.map((period) => this.cell(dataset.name, period)),
        medianSeconds: [182, 9, 41, 75, 4, 3, 0][index % 7] ?? 10,
        bytes: [9.8e12, 1.4e9, 22e9, 8e9, 190e6, 604e6, 40e9][index % 7] ?? 1e9,
      })),
      derived: await this.freshness(),
      checks: await this.checks(),
      runs: await this.runs(12),
      nextScheduled: `${addPeriods(last, 1)}T01:00:00Z`,
    };
  }

  private cell(name: string, period: string) {
    const dataset = this.project.datasets.find((each) => each.name === name);
    if (dataset === undefined) throw new RangeError(name);
    const facts = this.facts.get(deliveryKey(name, period)) ?? { dataset: name, period };
    const active = this.runsHere.find(
      (run) =>
        run.outcome === undefined &&
        run.plan.steps.some(
          (step) => step.target === name && step.period === period && run.stateOf(step) === 'running',
        ),
    );
    const attempt =
      active === undefined
        ? {}
        : {
            attempt: {
              run: active.id,
              kind: 'load' as const,
              state: 'running' as const,
              at: this.options.now(),
            },
          };
    return cellOf(dataset, { ...facts, ...attempt }, { now: this.options.now(), rulesHash: RULES });
  }

  async list(): Promise<ReadonlyMap<string, DayboardError>> {
    this.calls.list += 1;
    return new Map();
  }

  async freshness(): Promise<DerivedStatus[]> {
    const all = [
      ...this.project.rollups.map((each) => ({ each, kind: 'rollup' as const, reads: [each.over] })),
      ...this.project.views.map((each) => ({ each, kind: 'view' as const, reads: each.reads })),
    ];
    return all.map(({ each, kind, reads }, index) => this.derived(each.name, kind, reads, index));
  }

  private derived(name: string, kind: 'rollup' | 'view', reads: string[], index: number): DerivedStatus {
    const owed = this.owed.has(name);
    const late = index === 3 && this.options.trouble;
    const through = addPeriods(today(this.options.now(), 'UTC').toString(), owed ? -3 : late ? -2 : -1);
    const base = 40 + index * 35;
    return {
      name,
      kind,
      through,
      ageSeconds: (Date.parse(this.options.now()) - Date.parse(`${addPeriods(through, 1)}T00:00:00Z`)) / 1000,
      warnSeconds: 26 * 3600,
      errorSeconds: 36 * 3600,
      verdict: owed ? 'error' : late ? 'warn' : 'pass',
      refreshed: `${addPeriods(through, 1)}T01:40:00Z`,
      rows: 611_209 * (index + 1),
      bytes: 310e6 * (index + 1),
      owed: owed ? ['2026-11-18', '2026-11-21'] : [],
      why: owed
        ? 'Two days below it changed after it was computed.'
        : late
          ? 'Its last refresh was two days ago.'
          : 'Computed from everything that is loaded.',
      reads,
      durations: Array.from({ length: 14 }, (_, back) => base + ((back * 7 + index * 3) % 11) + back * index),
    };
  }

  async checks(): Promise<CheckStatus[]> {
    return [
      {
        name: 'visits_without_platform',
        verdict: this.options.trouble ? 'warn' : 'pass',
        at: '2026-11-22T01:14:00Z',
        findings: this.options.trouble ? [{ count: 18 }] : [],
      },
      { name: 'days_complete', verdict: 'pass', at: '2026-11-22T01:14:02Z', findings: [] },
    ];
  }

  async plan(request: PlanRequest): Promise<Plan> {
    this.calls.plan += 1;
    const durations = new Map<string, number>();
    for (const [kind, seconds] of Object.entries(SECONDS)) {
      const targets = [
        ...this.project.datasets,
        ...this.project.rollups,
        ...this.project.views,
        ...this.project.checks,
      ];
      for (const [index, { name }] of targets.entries())
        durations.set(`${kind} ${name}`, seconds + (index % 4));
    }
    const plan = makePlan({
      project: this.project,
      context: this.context.name,
      request,
      now: this.options.now(),
      deliveries: this.facts,
      rulesHashes: new Map(this.project.datasets.map((dataset) => [dataset.name, RULES])),
      owed: new Map([...this.owed].map((name) => [name, 'two days'])),
      stale: this.options.trouble ? ['user_monthly_visits_lite'] : [],
      durations,
      held: this.held,
    });
    return { ...plan, basis: `${plan.basis}-${this.basis}` };
  }

  async start(plan: Plan, onEvent: (event: RunEvent) => void = () => undefined): Promise<RunHandle> {
    this.calls.start += 1;
    if ((await this.plan(plan.request)).basis !== plan.basis)
      throw refused('plan.out-of-date', 'The state changed after this plan was made.');
    const holder = this.held[0];
    if (holder !== undefined)
      throw refused('lock.held', `${holder.target} is held by ${holder.by}@${holder.host}.`);
    const run = new FakeRun({
      id: String(1901 + this.runsHere.length),
      plan,
      now: this.options.now,
      failing: (step) => this.options.failing[`${step.kind} ${step.target}`],
      emit: (event) => {
        this.took(event, plan.steps);
        onEvent(event);
        this.tell({ kind: 'event', event });
      },
    });
    this.runsHere.push(run);
    return { id: run.id, done: run.done, cancel: async (mode) => run.cancel(mode) };
  }

  /** What an event changed: published deliveries are loaded, computed relations owe nothing, failures are known. */
  private took(event: RunEvent, steps: readonly PlannedStep[]): void {
    if (event.type === 'step.done' && event.step.kind === 'publish' && event.step.period !== undefined) {
      const key = deliveryKey(event.step.target, event.step.period);
      const before = this.facts.get(key) ?? { dataset: event.step.target, period: event.step.period };
      const { attempt: _, ...rest } = before;
      const object = rest.object ?? {
        key: `${event.step.target}_${event.step.period}.csv`,
        size: 1_000_000,
        etag: 'etag-new',
        modified: event.at,
        firstSeen: event.at,
      };
      const version = {
        version: (rest.version?.version ?? 0) + 1,
        key: object.key,
        etag: object.etag,
        rows: event.rows ?? 0,
        rulesHash: RULES,
        findings: [],
        publishedAt: event.at,
        run: event.run,
      };
      this.facts.set(key, { ...rest, object, version });
    }
    if (
      event.type === 'step.done' &&
      steps.some((step) => step.seq === event.step.seq && step.period === undefined)
    )
      this.owed.delete(event.step.target);
    if (event.type === 'step.failed' && event.step.period !== undefined) {
      const key = deliveryKey(event.step.target, event.step.period);
      const before = this.facts.get(key) ?? { dataset: event.step.target, period: event.step.period };
      this.facts.set(key, {
        ...before,
        attempt: { run: event.run, kind: event.step.kind, state: 'failed', at: event.at, error: event.error },
      });
    }
  }

  activeRuns(): Array<{ id: string }> {
    return this.runsHere
      .filter((run) => run.outcome === undefined && !this.ofOthers.has(run.id))
      .map(({ id }) => ({ id }));
  }

  async runs(limit: number): Promise<RunSummary[]> {
    const past: RunSummary[] = Array.from({ length: 30 }, (_, index) => this.pastRun(1900 - index, index));
    return [...this.runsHere.map((run) => summaryOf(run)).reverse(), ...past].slice(0, limit);
  }

  async sizes(): Promise<Sizes> {
    const relations = this.project.datasets.map(({ name, table }, at): Sizes['relations'][number] => ({
      relation: `${table.schema}.${table.name}`,
      kind: 'dataset',
      of: name,
      rows: 12_000_000 / (at + 1),
      tableBytes: 2_400_000_000 / (at + 1),
      indexBytes: 900_000_000 / (at + 1),
      indexes: [
        {
          name: `unique_${table.name}_idx`,
          definition: 'btree (user_id, device_id, visit_ts)',
          bytes: 500_000_000 / (at + 1),
          scans: at === 0 ? 41_233 : 0,
          needed: true,
        },
        {
          name: `${table.name}_platform_idx`,
          definition: 'btree (platform)',
          bytes: 400_000_000 / (at + 1),
          scans: at === 0 ? 0 : 12,
          needed: false,
        },
      ],
      parts: ['p20261120', 'p20261121'].map((day) => ({
        name: `${table.name}_${day}`,
        rows: 200_000,
        bytes: 55_000_000,
      })),
    }));
    const ledger: Sizes['relations'][number] = {
      relation: 'dayboard',
      kind: 'ledger',
      rows: 91_000,
      tableBytes: 31_000_000,
      indexBytes: 9_000_000,
      indexes: [],
      parts: [{ name: 'event', rows: 80_000, bytes: 36_000_000 }],
    };
    return { since: '2026-10-01T06:00:00Z', relations: [...relations, ledger] };
  }

  async audit(limit: number): Promise<AuditEntry[]> {
    const runs = (await this.runs(limit)).map(
      ({ id, startedAt, by, host, command, cli, state }): AuditEntry => ({
        at: startedAt,
        by,
        host,
        context: this.context.name,
        did: command,
        what: cli,
        run: id,
        state,
      }),
    );
    const undone: AuditEntry = {
      at: this.options.now(),
      by: 'operator',
      context: this.context.name,
      did: 'took back',
      what: 'version 3 of events 2026-11-13, 4120 rows',
      run: '1892',
      state: 'partly',
    };
    return [undone, ...runs];
  }

  private pastRun(id: number, back: number): RunSummary {
    const day = addPeriods(today(this.options.now(), 'UTC').toString(), -back);
    const failed = back === 8 ? 2 : 0;
    return {
      id: String(id),
      command: 'sync',
      cli: 'dayboard sync yesterday',
      state: failed > 0 ? 'partly' : 'done',
      startedAt: `${day}T01:00:0${back % 10}Z`,
      finishedAt: `${day}T01:12:4${back % 10}Z`,
      by: back % 9 === 8 ? 'operator' : 'cron',
      host: 'db-1',
      pid: 4000 + back,
      steps: { total: 22, done: 22 - failed, failed, skipped: 0, cancelled: 0, running: 0 },
    };
  }

  async run(id: string): Promise<RunDetail> {
    const here = this.runsHere.find((run) => run.id === id);
    const cells = [
      { dataset: 'subscriptions', periods: ['2026-11-13'] },
      { dataset: 'events', periods: ['2026-11-13'] },
    ];
    const plan =
      here?.plan ??
      (await this.plan({ command: 'sync', cells, reprocess: ['all'], names: [], concurrency: 4, force: [] }));
    const run = here === undefined ? this.pastRun(Number(id), 1900 - Number(id)) : summaryOf(here);
    const steps: StepStatus[] = plan.steps.map((step) => ({
      seq: step.seq,
      kind: step.kind,
      target: step.target,
      ...(step.period === undefined ? {} : { period: step.period }),
      state: here?.stateOf(step) ?? 'done',
      startedAt: run.startedAt,
      ...(run.finishedAt === undefined ? {} : { finishedAt: run.finishedAt }),
      progress: {},
      ...(step.estimateSeconds === undefined ? {} : { medianSeconds: step.estimateSeconds }),
      detail: {},
    }));
    return { run, plan, steps, ...(here?.outcome === undefined ? {} : { outcome: here.outcome }) };
  }

  async *follow(id: string): AsyncIterable<RunEvent> {
    yield* this.runsHere.find((run) => run.id === id)?.events ?? [];
  }

  async cancel(id: string, mode: 'step' | 'now'): Promise<void> {
    this.runsHere.find((run) => run.id === id)?.cancel(mode);
  }

  watch(listener: (change: LedgerChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async holdSchedule(): Promise<{ release(): Promise<void> }> {
    return { release: async () => undefined };
  }

  async *doctor(): AsyncIterable<DoctorFinding> {
    yield { verdict: 'pass', subject: 'PostgreSQL', message: 'in memory' };
  }

  async prepare(): Promise<never> {
    throw refused('prepare.nothing', 'There is nothing to prepare in memory.');
  }

  async adoption(): Promise<never> {
    throw refused('adopt.nothing', 'There is nothing to take over in memory.');
  }

  adopt(): Promise<never> {
    return this.adoption();
  }

  async scripts(): Promise<never[]> {
    return [];
  }

  planScript(): Promise<never> {
    return this.adoption();
  }

  startScript(): Promise<never> {
    return this.adoption();
  }

  async close(): Promise<void> {
    clearInterval(this.beats);
    for (const run of this.runsHere) run.cancel('now');
  }
}

function refused(code: string, message: string): DayboardError {
  return new DayboardError({ code, message, kind: 'refused', next: 'Nothing was started.' });
}

function summaryOf(run: FakeRun): RunSummary {
  const steps = { total: run.plan.steps.length, done: 0, failed: 0, skipped: 0, cancelled: 0, running: 0 };
  for (const step of run.plan.steps) {
    const state = run.stateOf(step);
    if (state !== 'queued') steps[state] += 1;
  }
  const [first] = run.events;
  return {
    id: run.id,
    command: run.plan.request.command,
    cli: run.plan.cli,
    state: run.outcome?.state ?? 'running',
    startedAt: first?.at ?? FAKE_NOW,
    ...(run.outcome === undefined ? {} : { finishedAt: run.events.at(-1)?.at ?? FAKE_NOW }),
    by: 'operator',
    host: 'bastion',
    pid: 48_812,
    ...(run.cancelling === undefined ? {} : { cancel: run.cancelling }),
    steps,
  };
}
