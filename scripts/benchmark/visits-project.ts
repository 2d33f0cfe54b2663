import { join } from 'node:path';
import { DEFAULT_REPROCESS } from '../../src/plan/command-line.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import type { Dataset, Period, Project, Reprocess } from '../../src/project/model.ts';
import { composeWorkspace } from '../../src/run/compose.ts';
import type { Workspace } from '../../src/run/workspace.ts';
import tchapStats from '../../src/systems/tchap-stats/index.ts';
import type { Bench } from './bench.ts';
import { type Phases, round, seconds } from './result.ts';

export const DATASET = 'user_daily_visits';

/** tchap-stats with nothing but its visits, from files of a directory. Without checks: the shell way times none. */
export function visitsProject(deliveries: string, { rollups }: { rollups: boolean }): Project {
  const resolved = tchapStats.resolve({});
  return {
    ...resolved,
    sources: { s3: { kind: 'directory', path: deliveries } },
    datasets: resolved.datasets.filter((dataset) => dataset.name === DATASET),
    ...(rollups ? {} : { rollups: [] }),
    checks: [],
  };
}

export function visitsOf(project: Project): Dataset {
  const dataset = project.datasets.find(({ name }) => name === DATASET);
  if (dataset === undefined) throw new RangeError(`${project.name} has no ${DATASET}`);
  return dataset;
}

export function openWorkspace(bench: Bench, database: string, project: Project): Promise<Workspace> {
  return composeWorkspace({
    project,
    context: { name: 'bench', readOnly: false, production: false },
    env: { DATABASE_URL: bench.postgres.connectionString(database) },
    actor: { user: 'bench', host: 'here', pid: process.pid },
    now: () => new Date().toISOString(),
    baseDirectory: bench.folder,
    cacheDirectory: join(bench.folder, `cache-${database}`),
  });
}

export interface TimedRun {
  /** From the question what the source has to the end of the run. */
  seconds: number;
  /** Kinds of steps, each the sum of its steps, which may overlap. */
  steps: Phases;
  /** What this process used of a core meanwhile: reading the file, COPY, events, ledger. */
  clientCpuSeconds: number;
}

/** Lists, plans and runs `sync`, `import` or `undo` of some periods, as the command line does. Throws when a step fails. */
export async function runPeriods(
  workspace: Workspace,
  command: 'sync' | 'import' | 'undo',
  periods: readonly Period[],
  reprocess: readonly Reprocess[] = DEFAULT_REPROCESS,
): Promise<TimedRun> {
  const steps: Phases = {};
  const failures: string[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'step.done')
      steps[event.step.kind] = round((steps[event.step.kind] ?? 0) + event.seconds);
    if (event.type === 'step.failed') failures.push(event.error.message);
  };
  const cpu = process.cpuUsage();
  const took = await seconds(async () => {
    steps['list'] = await seconds(() => workspace.list());
    const started = performance.now();
    const plan = await workspace.plan({
      command,
      cells: [{ dataset: DATASET, periods: [...periods] }],
      reprocess: [...reprocess],
      names: [],
      concurrency: 2,
      force: [],
    });
    steps['plan'] = round((performance.now() - started) / 1000);
    await (await workspace.start(plan, onEvent)).done;
  });
  const { user, system } = process.cpuUsage(cpu);
  if (failures.length > 0) throw new Error(failures.join('\n'));
  if (steps[command === 'undo' ? 'undo' : 'publish'] === undefined)
    throw new Error(`Nothing was published of ${periods.join(', ')}.`);
  return { seconds: took, steps, clientCpuSeconds: round((user + system) / 1e6) };
}
