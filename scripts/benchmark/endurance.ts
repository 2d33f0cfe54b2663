import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_REPROCESS } from '../../src/plan/command-line.ts';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { defineProject } from '../../src/index.ts';
import type { Period, Project, Reprocess } from '../../src/project/model.ts';
import { addPeriods, periodRange } from '../../src/project/period.ts';
import type { Workspace } from '../../src/run/workspace.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { describeMachine, keepResult, round, seconds } from './result.ts';
import { openWorkspace } from './visits-project.ts';

const DATASETS = 7;
/** Rows of a delivery. */
const ROWS = 20;
/** So often is looked at what is held. */
const SAMPLES = 20;

/** What a process that goes on for long must not gather. */
interface Held {
  runs: number;
  heapMegabytes: number;
  rssMegabytes: number;
  /** Of dayboard, at the server. */
  connections: number;
  /** In the schema of work tables, and rows of locks. */
  workTables: number;
  locks: number;
  /** In the cache. */
  files: number;
}

/**
 * A backfill of a year of seven datasets in one run, and many short runs in one process: what the process, the server
 * and the disk hold of it meanwhile. Heap is measured after garbage was collected.
 */
export async function endurance(bench: Bench, { quick }: { quick: boolean }): Promise<void> {
  const [days, runs] = quick ? [30, 60] : [365, 1000];
  await createDatabase(bench, 'bench');
  const folder = join(bench.folder, 'deliveries');
  const project = sevenDatasets(folder);
  const last = addPeriods(new Date().toISOString().slice(0, 10), -1);
  const periods = periodRange(addPeriods(last, 1 - days), last);
  await deliver(folder, project, periods);
  const workspace = await openWorkspace(bench, 'bench', project);
  try {
    await workspace.list();
    say(`a backfill of ${days} days of ${DATASETS} datasets`);
    const backfill = await sample(bench, 1);
    const backfillSeconds = await seconds(() =>
      run(
        workspace,
        project.datasets.map(({ name }) => name),
        periods,
      ),
    );
    const after = await sample(bench, 1);
    say(`${runs} short runs`);
    const held: Held[] = [];
    const shortSeconds = await seconds(async () => {
      for (let done = 1; done <= runs; done += 1) {
        const dataset = project.datasets[done % DATASETS]?.name ?? '';
        await run(workspace, [dataset], [last], ['all']);
        if (done % Math.ceil(runs / SAMPLES) === 0) held.push(await sample(bench, done));
      }
    });
    const quarter = held[Math.floor(held.length / 4)];
    await keepResult(`endurance${quick ? '-quick' : ''}`, {
      benchmark: 'endurance',
      ...(await describeMachine(bench)),
      days,
      datasets: DATASETS,
      backfill: { deliveries: days * DATASETS, seconds: backfillSeconds, before: backfill, after },
      short: {
        runs,
        seconds: shortSeconds,
        // The first quarter fills caches and prepares what is prepared once.
        heapGrowthMegabytes: round((held.at(-1)?.heapMegabytes ?? 0) - (quarter?.heapMegabytes ?? 0)),
        held,
      },
    });
  } finally {
    await workspace.close();
  }
}

function sevenDatasets(folder: string): Project {
  return defineProject({
    name: 'endurance',
    sources: { files: { kind: 'directory', path: folder } },
    datasets: Array.from({ length: DATASETS }, (_, at) => ({
      name: `table_${at}`,
      key: `table_${at}_{period}.csv`,
      carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' },
      file: ['id', 'day'],
      table: { columns: { id: 'text', day: 'date' }, partitionBy: 'day' },
    })),
    rollups: Array.from({ length: DATASETS }, (_, at) => ({
      name: `per_day_${at}`,
      over: `table_${at}`,
      groups: { day: 'date' },
      measures: { found: { kind: 'count' } },
      bucket: { group: 'day' },
    })),
  }).resolve({});
}

async function deliver(folder: string, project: Project, periods: readonly Period[]): Promise<void> {
  await mkdir(folder);
  const rows = (period: Period) => Array.from({ length: ROWS }, (_, at) => `r${at},${period}\n`).join('');
  for (const { name } of project.datasets)
    for (const period of periods)
      await writeFile(join(folder, `${name}_${period}.csv`), `id,day\n${rows(period)}`);
}

async function run(
  workspace: Workspace,
  datasets: readonly string[],
  periods: readonly Period[],
  reprocess: readonly Reprocess[] = DEFAULT_REPROCESS,
): Promise<void> {
  const request: PlanRequest = {
    command: 'sync',
    cells: datasets.map((dataset) => ({ dataset, periods: [...periods] })),
    reprocess: [...reprocess],
    names: [],
    concurrency: 3,
    force: [],
  };
  const { state } = await (await workspace.start(await workspace.plan(request))).done;
  if (state !== 'done') throw new Error(`The run ended as ${state}.`);
}

async function sample(bench: Bench, runs: number): Promise<Held> {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const megabytes = (bytes: number) => round(bytes / 2 ** 20);
  const atServer = await withClient(bench.postgres, 'bench', (client) =>
    client.query<Record<'connections' | 'workTables' | 'locks', number>>(
      `SELECT (SELECT count(*)::int FROM pg_stat_activity WHERE application_name LIKE 'dayboard %') AS connections,
              (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'dayboard_staging') AS "workTables",
              (SELECT count(*)::int FROM dayboard.lock) AS locks`,
    ),
  );
  const files = await readdir(join(bench.folder, 'cache-bench'), { recursive: true, withFileTypes: true });
  return {
    runs,
    heapMegabytes: megabytes(heapUsed),
    rssMegabytes: megabytes(rss),
    ...(atServer.rows[0] ?? { connections: -1, workTables: -1, locks: -1 }),
    files: files.filter((entry) => entry.isFile()).length,
  };
}
