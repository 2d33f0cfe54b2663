import { deliveryKey, type DeliveryFacts } from '../../src/plan/facts.ts';
import { makePlan } from '../../src/plan/make.ts';
import type { Plan, PlanRequest } from '../../src/plan/plan.ts';
import type { Outcome } from '../../src/plan/events.ts';
import { DayboardError } from '../../src/project/errors.ts';
import type { Project } from '../../src/project/model.ts';
import { Scheduler, type SchedulerParts } from '../../src/run/scheduler.ts';
import type { LedgerChange, RunHandle } from '../../src/run/workspace.ts';

/** A clock that only the test moves, and sleeps that it ends. */
export class FakeClock {
  private time: number;
  private sleepers: Array<{ until: number; wake: () => void }> = [];

  constructor(start: string) {
    this.time = Date.parse(start);
  }

  readonly now = (): string => new Date(this.time).toISOString();

  readonly sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const sleeper = { until: this.time + milliseconds, wake: resolve };
      this.sleepers.push(sleeper);
      const leave = () => {
        this.sleepers = this.sleepers.filter((each) => each !== sleeper);
        resolve();
      };
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave);
    });

  /** Moves on to that time, waking each sleeper at its own. */
  async until(instant: string): Promise<void> {
    const end = Date.parse(instant);
    await settled();
    for (;;) {
      const [next] = this.sleepers.toSorted((a, b) => a.until - b.until);
      if (next === undefined || next.until > end) break;
      this.time = Math.max(this.time, next.until);
      this.sleepers = this.sleepers.filter((each) => each !== next);
      next.wake();
      await settled();
    }
    this.time = Math.max(this.time, end);
  }
}

/** Resolves when everything that waits for nothing but promises has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface StartedRun {
  command: string;
  cells: string[];
  cancelled: Array<'step' | 'now'>;
  /** Ends the run; by default runs end at once. */
  end: (state?: Outcome['state']) => void;
}

/** A workspace whose source, ledger and accidents the test decides. */
export class FakeWorkspace {
  readonly project: Project;
  readonly runs: StartedRun[] = [];
  /** What the source has, by 'dataset period': its ETag. */
  readonly objects = new Map<string, string>();
  /** ETags that are published, by 'dataset period'. */
  readonly published = new Map<string, string>();
  /** Deliveries that fail when they are loaded. */
  readonly broken = new Set<string>();
  readonly owed = new Map<string, string>();
  /** Thrown by the next calls, in order. */
  readonly accidents: Record<'list' | 'plan' | 'start' | 'hold' | 'run', Array<Error | undefined>> = {
    list: [],
    plan: [],
    start: [],
    hold: [],
    run: [],
  };
  listings = 0;
  /** Sources that cannot be listed, and why. */
  readonly unlisted = new Map<string, DayboardError>();
  /** How often the schedule is held now, and was taken. */
  holds = 0;
  taken = 0;
  /** Whether runs wait for the test to end them. */
  runsWait = false;
  private readonly clock: FakeClock;
  private readonly failed = new Map<string, string>();
  private readonly listeners = new Set<(change: LedgerChange) => void>();

  constructor(project: Project, clock: FakeClock) {
    this.project = project;
    this.clock = clock;
  }

  readonly list = async (): Promise<ReadonlyMap<string, DayboardError>> => {
    this.listings += 1;
    throwNext(this.accidents.list);
    return this.unlisted;
  };

  readonly plan = async (request: PlanRequest): Promise<Plan> => {
    throwNext(this.accidents.plan);
    return makePlan({
      project: this.project,
      context: 'test',
      request,
      now: this.clock.now(),
      deliveries: this.facts(request),
      rulesHashes: new Map(this.project.datasets.map((dataset) => [dataset.name, 'rules'])),
      owed: this.owed,
      stale: [],
      durations: new Map(),
      held: [],
    });
  };

  readonly start = async (plan: Plan): Promise<RunHandle> => {
    throwNext(this.accidents.start);
    const cells = plan.cells
      .filter((cell) => cell.action === 'import')
      .map((cell) => `${cell.dataset} ${cell.period}`);
    const { promise, resolve } = Promise.withResolvers<Outcome['state']>();
    const run: StartedRun = {
      command: plan.request.command,
      cells,
      cancelled: [],
      end: (state = 'done') => resolve(state),
    };
    this.runs.push(run);
    if (!this.runsWait) run.end();
    return {
      id: String(this.runs.length),
      done: promise.then((state) => this.finish(run, state)),
      cancel: async (mode) => {
        run.cancelled.push(mode);
        run.end('cancelled');
      },
    };
  };

  readonly watch = (listener: (change: LedgerChange) => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly holdSchedule = async (): Promise<{ release(): Promise<void> }> => {
    throwNext(this.accidents.hold);
    this.holds += 1;
    this.taken += 1;
    return {
      release: async () => {
        this.holds -= 1;
      },
    };
  };

  tell(change: LedgerChange): void {
    for (const listener of this.listeners) listener(change);
  }

  private finish(run: StartedRun, state: Outcome['state']): Outcome {
    throwNext(this.accidents.run);
    if (state !== 'cancelled') for (const cell of run.cells) this.load(cell);
    if (run.command === 'refresh') this.owed.clear();
    const failed = run.cells.filter((cell) => this.failed.has(cell)).length;
    return {
      state,
      steps: { done: 0, failed: 0, skipped: 0, cancelled: 0 },
      deliveries: { published: run.cells.length - failed, failed, unchanged: 0, cancelled: 0 },
      seconds: 1,
      exitCode: 0,
    };
  }

  private load(cell: string): void {
    const etag = this.objects.get(cell) ?? '';
    if (this.broken.has(cell)) this.failed.set(cell, this.clock.now());
    else {
      this.published.set(cell, etag);
      this.failed.delete(cell);
    }
  }

  private facts(request: PlanRequest): Map<string, DeliveryFacts> {
    const cells = request.cells.flatMap(({ dataset, periods }) =>
      periods.map((period) => ({ dataset, period })),
    );
    return new Map(
      cells.map(({ dataset, period }) => {
        const cell = `${dataset} ${period}`;
        const [etag, version, failedAt] = [
          this.objects.get(cell),
          this.published.get(cell),
          this.failed.get(cell),
        ];
        return [
          deliveryKey(dataset, period),
          {
            dataset,
            period,
            ...(etag === undefined
              ? {}
              : {
                  object: {
                    key: cell,
                    size: 1,
                    etag,
                    modified: this.clock.now(),
                    firstSeen: this.clock.now(),
                  },
                }),
            ...(version === undefined
              ? {}
              : {
                  version: {
                    version: 1,
                    key: cell,
                    etag: version,
                    rows: 1,
                    rulesHash: 'rules',
                    findings: [],
                    publishedAt: '2024-01-01T00:00:00Z',
                  },
                }),
            ...(failedAt === undefined
              ? {}
              : { attempt: { run: '1', kind: 'load' as const, state: 'failed' as const, at: failedAt } }),
          },
        ];
      }),
    );
  }
}

function throwNext(accidents: Array<Error | undefined>): void {
  const accident = accidents.shift();
  if (accident !== undefined) throw accident;
}

export function unreachable(): DayboardError {
  return new DayboardError({
    code: 'database.unreachable',
    message: "Nothing answers at the database's address.",
  });
}

export function held(): DayboardError {
  return new DayboardError({
    code: 'lock.held',
    kind: 'refused',
    message: 'delivery visits 2024-11-14 is held by op on bastion.',
  });
}

/** A scheduler on a fake workspace, its log, and its end. */
export function scheduling(
  workspace: FakeWorkspace,
  clock: FakeClock,
  changes: Partial<SchedulerParts> = {},
) {
  const log: string[] = [];
  const scheduler = new Scheduler({
    workspace,
    now: clock.now,
    sleep: clock.sleep,
    log: (text) => log.push(text),
    pollMinutes: 15,
    concurrency: 3,
    ...changes,
  });
  const done = scheduler.run();
  done.catch(() => undefined);
  return { scheduler, log, done };
}
