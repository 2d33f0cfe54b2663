import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateDelivery, usersForVisits } from '../../src/demo/data/deliveries.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { bareCopy } from './floor.ts';
import { repeated } from './repeated.ts';
import { describeMachine, keepResult, round } from './result.ts';

/** What one process used to copy its files. */
interface Used {
  seconds: number;
  rows: number;
  bytes: number;
  cpuSeconds: number;
  maxRssMegabytes: number;
  loopDelayP99Milliseconds: number;
}

const DATABASE = 'object';
/** Files that are copied at once, as many as a run does by default. */
const AT_ONCE = 4;

/**
 * A large object copied into staging by one process: its memory, and its CPU for each 80 MB, beside a bare COPY of the
 * same file; then several small ones at once: how much faster that is than one after another, and for how long the
 * process's event loop, on which a console would draw, was busy at a time.
 */
export async function object(bench: Bench, size: { megabytes: number; quick: boolean }): Promise<void> {
  await createDatabase(bench, DATABASE);
  await withClient(bench.postgres, DATABASE, (client) => migrate(client));
  const day = generateDelivery('user_daily_visits', '2024-11-13', {
    users: usersForVisits(200_000),
    windowDays: 1,
  });
  const large = await repeated(join(bench.folder, 'large.csv'), day, size.megabytes);
  say(`${size.megabytes} MB are written; bare COPY`);
  const floor = await withClient(bench.postgres, DATABASE, (client) => bareCopy(client, large));
  say('staging of the same file');
  const one = await load(bench, [large]);
  const small = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, at) =>
      repeated(join(bench.folder, `small-${at}.csv`), day, size.megabytes / 40),
    ),
  );
  say(`${AT_ONCE} files one after another, then at once`);
  const each: Used[] = [];
  for (const file of small) each.push(await load(bench, [file]));
  const together = await load(bench, small);
  const apart = each.reduce((sum, used) => sum + used.seconds, 0);
  await keepResult(`object${size.quick ? '-quick' : ''}`, {
    benchmark: 'object',
    ...(await describeMachine(bench)),
    large: {
      megabytes: round(one.bytes / 1e6),
      rows: one.rows,
      floorSeconds: round(floor.seconds),
      seconds: round(one.seconds),
      timesFloor: round(one.seconds / floor.seconds),
      maxRssMegabytes: round(one.maxRssMegabytes),
      cpuSecondsPer80Megabytes: round((one.cpuSeconds / one.bytes) * 80e6),
    },
    atOnce: {
      files: AT_ONCE,
      megabytesEach: round(together.bytes / AT_ONCE / 1e6),
      secondsApart: round(apart),
      secondsTogether: round(together.seconds),
      timesFaster: round(apart / together.seconds),
      loopDelayP99Milliseconds: round(together.loopDelayP99Milliseconds),
      maxRssMegabytes: round(together.maxRssMegabytes),
    },
  });
}

async function load({ postgres }: Bench, files: readonly string[]): Promise<Used> {
  const script = join(import.meta.dirname, 'object-loader.ts');
  const ended = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    script,
    postgres.connectionString(DATABASE),
    ...files,
  ]);
  return JSON.parse(ended.stdout) as Used;
}
