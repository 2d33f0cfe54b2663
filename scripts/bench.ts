// One day of visits through dayboard, beside the floor: the same file copied into a bare unlogged table, on the same
// server in the same run. usage: node scripts/bench.ts [day] [--quick]
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { generateDelivery, usersForVisits } from '../src/demo/data/deliveries.ts';
import { startEmbeddedPostgres } from '../src/demo/postgres/embedded.ts';
import type { RunEvent } from '../src/plan/events.ts';
import { DEFAULT_REPROCESS } from '../src/plan/command-line.ts';
import { addPeriods, periodRange } from '../src/project/period.ts';
import { composeWorkspace } from '../src/run/compose.ts';
import type { Workspace } from '../src/run/workspace.ts';
import tchapStats from '../src/systems/tchap-stats/index.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
if (positionals.some((name) => name !== 'day')) {
  console.error(`There is no benchmark "${positionals.join(' ')}". There is: day.`);
  process.exit(2);
}

const ROWS = flags.quick ? 20_000 : 200_000;
const HISTORY = flags.quick ? 3 : 10;
const REPEATS = 3;
/** The last Tuesday but today: an ordinary working day, whenever it is run. */
const LAST = addPeriods(new Date().toISOString().slice(0, 10), -1 - ((new Date().getUTCDay() + 4) % 7));

const folder = await mkdtemp(join(tmpdir(), 'dayboard-bench-'));
const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres'), env: process.env });
try {
  const result = await day();
  const results = join(import.meta.dirname, 'bench-results');
  await mkdir(results, { recursive: true });
  await writeFile(
    join(results, `day${flags.quick ? '-quick' : ''}.json`),
    `${JSON.stringify(result, null, 2)}\n`,
  );
  console.log(JSON.stringify(result, null, 2));
} finally {
  await postgres.stop();
  await rm(postgres.directory, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function day() {
  const deliveries = join(folder, 'deliveries');
  await mkdir(deliveries);
  const users = usersForVisits(ROWS);
  for (const period of periodRange(addPeriods(LAST, 1 - HISTORY), LAST)) {
    await writeFile(
      join(deliveries, `user_daily_visits_${period}.csv`),
      generateDelivery('user_daily_visits', period, { users, windowDays: 1 }),
    );
  }
  const file = join(deliveries, `user_daily_visits_${LAST}.csv`);
  const floors = [];
  for (let repeat = 0; repeat < REPEATS; repeat += 1) floors.push(await bareCopy(file));
  const workspace = await openWorkspace(deliveries);
  try {
    await workspace.list();
    await sync(workspace, periodRange(addPeriods(LAST, 1 - HISTORY), addPeriods(LAST, -1)), 'missing');
    const first = await sync(workspace, [LAST], 'missing');
    const again = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) again.push(await sync(workspace, [LAST], 'all'));
    const floor = median(floors.map(({ seconds }) => seconds));
    const reload = median(again.map(({ seconds }) => seconds));
    return {
      benchmark: 'day',
      machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`,
      date: new Date().toISOString().slice(0, 10),
      rows: floors[0]?.rows,
      historyDays: HISTORY,
      floorSeconds: floor,
      firstLoad: { ...first, timesFloor: round(first.seconds / floor) },
      reloadUnchanged: { seconds: reload, timesFloor: round(reload / floor) },
    };
  } finally {
    await workspace.close();
  }
}

/** The floor: COPY of the file into an unlogged table without indexes. */
async function bareCopy(file: string): Promise<{ seconds: number; rows: number }> {
  const client = new pg.Client({ connectionString: postgres.connectionString('postgres') });
  await client.connect();
  try {
    await client.query(
      'CREATE UNLOGGED TABLE bare (user_id varchar, device_id varchar, visit_ts timestamptz, user_agent varchar, instance varchar, domain varchar)',
    );
    const started = performance.now();
    const copy = client.query(copyFrom('COPY bare FROM STDIN (FORMAT csv, HEADER true)'));
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), copy);
    const seconds = (performance.now() - started) / 1000;
    await client.query('DROP TABLE bare');
    return { seconds: round(seconds), rows: copy.rowCount };
  } finally {
    await client.end();
  }
}

async function openWorkspace(deliveries: string): Promise<Workspace> {
  const admin = new pg.Client({ connectionString: postgres.connectionString('postgres') });
  await admin.connect();
  await admin.query('CREATE DATABASE bench');
  await admin.end();
  const resolved = tchapStats.resolve({});
  const visits = resolved.datasets.filter((dataset) => dataset.name === 'user_daily_visits');
  const project = {
    ...resolved,
    sources: { s3: { kind: 'directory' as const, path: deliveries } },
    datasets: visits,
    checks: [],
  };
  return composeWorkspace({
    project,
    context: { name: 'bench', readOnly: false, production: false },
    env: { DATABASE_URL: postgres.connectionString('bench') },
    actor: { user: 'bench', host: 'here', pid: process.pid },
    now: () => new Date().toISOString(),
    baseDirectory: folder,
    cacheDirectory: join(folder, 'cache'),
  });
}

async function sync(workspace: Workspace, periods: string[], word: 'missing' | 'all') {
  const cells = [{ dataset: 'user_daily_visits', periods }];
  const reprocess = word === 'all' ? ['all' as const] : [...DEFAULT_REPROCESS];
  const plan = await workspace.plan({
    command: 'sync',
    cells,
    reprocess,
    names: [],
    concurrency: 2,
    force: [],
  });
  const steps: Record<string, number> = {};
  const started = performance.now();
  const run = await workspace.start(plan, (event: RunEvent) => {
    if (event.type === 'step.done')
      steps[event.step.kind] = round((steps[event.step.kind] ?? 0) + event.seconds);
    if (event.type === 'step.failed') throw new Error(event.error.message);
  });
  await run.done;
  return { seconds: round((performance.now() - started) / 1000), steps };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
