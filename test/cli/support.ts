import { PassThrough } from 'node:stream';
import type { RunEvent, StepName } from '../../src/plan/events.ts';
import type { Plan, PlannedCell, PlannedStep } from '../../src/plan/plan.ts';
import { createPaint, type Paint } from '../../src/cli/output/paint.ts';
import type { Io } from '../../src/cli/io.ts';

/** What goes to a log: no colours, 120 columns. */
export const PLAIN: Paint = createPaint({}, { env: {}, ascii: false, noColor: true });

const START = Date.parse('2024-11-15T01:00:00.000Z');

/** `seconds` after the runs of these tests began, RFC 3339. */
export function at(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

type Body<T> = T extends RunEvent ? Omit<T, 'schema' | 'run' | 'at'> : never;

/** An event of run 12. */
export function event(seconds: number, body: Body<RunEvent>): RunEvent {
  return { schema: 'dayboard.event/1', run: '12', at: at(seconds), ...body };
}

/** Fetch, load and publish of each cell that is imported, and what comes after them. */
export function aPlan(
  changes: Partial<Plan> = {},
  after: Array<Pick<PlannedStep, 'kind' | 'target'>> = [],
): Plan {
  const cells = changes.cells ?? [aCell()];
  const deliveries = cells
    .filter((cell) => cell.action === 'import')
    .flatMap(({ dataset, period }) =>
      (['fetch', 'load', 'publish'] as const).map((kind) => ({ kind, target: dataset, period })),
    );
  const steps = [...deliveries, ...after].map((step, index) => ({
    seq: index + 1,
    needs: [],
    after: [],
    ...step,
  }));
  return {
    schema: 'dayboard.plan/1',
    project: 'test',
    context: 'default',
    request: {
      command: 'sync',
      cells: cells.map(({ dataset, period }) => ({ dataset, periods: [period] })),
      reprocess: ['missing', 'failed', 'stale'],
      names: [],
      concurrency: 3,
      force: [],
    },
    steps,
    held: [],
    basis: 'b',
    madeAt: at(0),
    cli: 'dayboard sync 2024-11-14',
    ...changes,
    cells,
  };
}

export function aCell(changes: Partial<PlannedCell> = {}): PlannedCell {
  return {
    dataset: 'visits',
    period: '2024-11-14',
    state: 'available',
    action: 'import',
    reason: 'At the source, not loaded yet.',
    version: 0,
    ...changes,
  };
}

/** A step of a plan as its events name it. */
export function named(plan: Plan, seq: number): StepName {
  const { kind, target, period } = plan.steps.find((step) => step.seq === seq) as PlannedStep;
  return { seq, kind, target, ...(period === undefined ? {} : { period }) };
}

/** A process that is none: what was written, and signals when the test sends them. */
export interface FakeIo {
  io: Io;
  stdout: () => string;
  stderr: () => string;
  exits: number[];
  signal: (name: NodeJS.Signals) => void;
}

export function fakeIo(changes: Partial<Io> = {}): FakeIo {
  const written = { stdout: '', stderr: '' };
  const exits: number[] = [];
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const stream = (name: 'stdout' | 'stderr') => {
    const through = new PassThrough();
    through.on('data', (chunk: Buffer) => (written[name] += chunk.toString()));
    return through as unknown as NodeJS.WriteStream;
  };
  return {
    io: {
      env: {},
      stdin: new PassThrough() as unknown as NodeJS.ReadStream,
      stdout: stream('stdout'),
      stderr: stream('stderr'),
      cwd: '/',
      now: () => at(0),
      actor: { user: 'op', host: 'bastion', pid: 1 },
      onSignal: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      exit: (code) => exits.push(code),
      readerGone: new AbortController().signal,
      ...changes,
    },
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    exits,
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}
