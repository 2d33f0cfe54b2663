import { hostname } from 'node:os';
import pg from 'pg';
import { finishRun, insertRun } from '../../src/ledger/runs.ts';
import type { Plan, PlannedStep } from '../../src/plan/plan.ts';
import { addPeriods } from '../../src/project/period.ts';
import type { Project } from '../../src/project/model.ts';
import { RunWriter, stepName } from '../../src/run/writer.ts';

/** As often as a step that loads tells how far it is. */
const BEAT_MS = 100;
const BEATS_A_STEP = 60;
const STEPS = 30;

/** Runs in flight, as far as anybody can tell from the ledger: their locks are held and their steps report progress. */
export interface LiveRuns {
  ids: string[];
  stop(): Promise<void>;
}

export async function startRuns(
  connectionString: string,
  project: Project,
  count: number,
  today: string,
): Promise<LiveRuns> {
  const runs = await Promise.all(
    Array.from({ length: count }, (_, index) => startRun(connectionString, project, index, today)),
  );
  return {
    ids: runs.map(({ id }) => id),
    stop: async () => void (await Promise.all(runs.map(({ stop }) => stop()))),
  };
}

async function startRun(connectionString: string, project: Project, index: number, today: string) {
  const client = new pg.Client({ connectionString, application_name: `bench run ${index}` });
  await client.connect();
  const plan = planOf(project, index, today);
  const actor = { user: `operator-${index}`, host: hostname(), pid: process.pid };
  const id = await insertRun(client, plan, actor);
  const writer = new RunWriter({
    client,
    project: project.name,
    run: id,
    listener: () => undefined,
    now: () => new Date().toISOString(),
    onLost: (thrown) => console.error(thrown),
  });
  writer.emit({
    type: 'run.started',
    command: 'sync',
    cli: plan.cli,
    by: actor.user,
    host: actor.host,
    steps: plan.steps.map(stepName),
  });
  let beat = 0;
  const timer = setInterval(() => {
    const step = plan.steps[Math.floor(beat / BEATS_A_STEP) % STEPS] as PlannedStep;
    const at = beat % BEATS_A_STEP;
    const bytes = Math.round((1e9 * (at + 1)) / BEATS_A_STEP);
    if (at === 0) writer.emit({ type: 'step.started', step: stepName(step) });
    else if (at === BEATS_A_STEP - 1)
      writer.emit({ type: 'step.done', step: stepName(step), seconds: 6, rows: 20_000, bytes });
    else writer.emit({ type: 'step.progress', step: stepName(step), rows: at * 333, bytes, totalBytes: 1e9 });
    beat += 1;
  }, BEAT_MS);
  const stop = async () => {
    clearInterval(timer);
    await writer.flush();
    await finishRun(client, id, 'cancelled', {
      state: 'cancelled',
      steps: { done: 0, failed: 0, skipped: 0, cancelled: STEPS },
      deliveries: { published: 0, failed: 0, unchanged: 0, cancelled: STEPS },
      seconds: 1,
      exitCode: 1,
    });
    await client.end();
  };
  return { id, stop };
}

function planOf(project: Project, index: number, today: string): Plan {
  const dataset = project.datasets[index]?.name ?? '';
  const steps = Array.from(
    { length: STEPS },
    (_, at): PlannedStep => ({
      seq: at + 1,
      kind: 'load',
      target: dataset,
      period: addPeriods(today, -1 - at),
      needs: [],
      after: [],
    }),
  );
  const periods = steps.map((step) => step.period ?? '').sort();
  return {
    schema: 'dayboard.plan/1',
    project: project.name,
    context: 'default',
    request: {
      command: 'sync',
      cells: [{ dataset, periods }],
      reprocess: ['all'],
      names: [],
      concurrency: 1,
      force: [],
    },
    cells: [],
    steps,
    held: [],
    basis: '',
    madeAt: new Date().toISOString(),
    cli: `dayboard sync ${periods[0]}..${periods.at(-1)} ${dataset} --reprocess all`,
  };
}
