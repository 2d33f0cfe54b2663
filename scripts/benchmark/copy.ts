import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDelivery, usersForVisits } from '../../src/demo/data/deliveries.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { FILE_COLUMNS } from './floor.ts';
import { type Measured, measured } from './measured.ts';
import { repeated } from './repeated.ts';
import { describeMachine, keepResult, median, round } from './result.ts';

const DATABASE = 'copy';
const SIDES = ['psql', 'dayboard'] as const;
type Side = (typeof SIDES)[number];

/** One run of the script. */
interface Copied extends Measured {
  /** What `\timing` says of the `\copy` alone. */
  copySeconds: number;
  /** How many rows the table holds then, and the sum of their hashes. */
  content: { rows: string; hash: string };
}

interface Figures {
  copySeconds: number;
  /** With the start of the program. */
  seconds: number;
  maxRssMegabytes: number | undefined;
}

/**
 * The same script with a `\copy … FROM` of a large CSV file through psql and through dayboard, in turn on one server:
 * the time of the `\copy` as each of them tells it, and the memory of each process, for a tenth of the file as well. The
 * table is unlogged and without indexes, so that the server holds up as little as it can. What both loaded is compared.
 */
export async function copy(bench: Bench, size: { megabytes: number; quick: boolean }): Promise<void> {
  const version = spawnSync('psql', ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (version === '') throw new Error('psql is not installed: there is nothing to compare with.');
  await createDatabase(bench, DATABASE);
  await withClient(bench.postgres, DATABASE, (client) =>
    client.query(`CREATE UNLOGGED TABLE visits (${FILE_COLUMNS})`),
  );
  const small = await compare(bench, 'small', size.megabytes / 10, 1);
  const large = await compare(bench, 'large', size.megabytes, size.quick ? 3 : 5);
  await keepResult(`copy${size.quick ? '-quick' : ''}`, {
    benchmark: 'copy',
    ...(await describeMachine(bench)),
    psqlVersion: version,
    ...large,
    tenthOfTheSize: { megabytes: small.megabytes, maxRssMegabytes: small.dayboard.maxRssMegabytes },
  });
}

/** Both sides on one file: the medians of so many rounds. */
async function compare(bench: Bench, name: string, megabytes: number, rounds: number) {
  const script = await writeScript(bench, name, megabytes);
  // Whoever comes first reads the file into the system's memory, and makes the server's files: that is not measured.
  await run(bench, 'dayboard', script);
  const runs: Record<Side, Copied[]> = { psql: [], dayboard: [] };
  for (let turn = 0; turn < rounds; turn += 1) {
    say(`${Math.round(megabytes)} MB: ${turn + 1} of ${rounds}`);
    // Each is the first in turn: what one leaves to the server's writer does not always fall on the other.
    for (const side of turn % 2 === 0 ? SIDES : SIDES.toReversed())
      runs[side].push(await run(bench, side, script));
  }
  const contents = new Set(SIDES.flatMap((side) => runs[side].map(({ content }) => JSON.stringify(content))));
  if (contents.size !== 1) throw new Error(`What was loaded differs: ${[...contents].join(', ')}`);
  const [psql, dayboard] = [figures(runs.psql), figures(runs.dayboard)];
  return {
    megabytes: round(megabytes),
    rows: Number(runs.psql[0]?.content.rows),
    rounds,
    psql,
    dayboard,
    timesPsql: round(dayboard.copySeconds / psql.copySeconds),
    each: Object.fromEntries(SIDES.map((side) => [side, runs[side].map((each) => round(each.copySeconds))])),
  };
}

async function writeScript({ folder }: Bench, name: string, megabytes: number): Promise<string> {
  const day = generateDelivery('user_daily_visits', '2024-11-13', {
    users: usersForVisits(200_000),
    windowDays: 1,
  });
  await repeated(join(folder, `${name}.csv`), day, megabytes);
  const script = join(folder, `${name}.sql`);
  // psql takes relative names from the working directory.
  await writeFile(script, `\\timing on\n\\copy visits FROM '${join(folder, name)}.csv' CSV HEADER\n`);
  return script;
}

async function run(bench: Bench, side: Side, script: string): Promise<Copied> {
  await withClient(bench.postgres, DATABASE, async (client) => {
    await client.query('TRUNCATE visits');
    await client.query('CHECKPOINT');
  });
  const url = bench.postgres.connectionString(DATABASE);
  const ended =
    side === 'psql'
      ? await measured('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', script])
      : await measured(process.execPath, [
          '--disable-warning=ExperimentalWarning',
          join(import.meta.dirname, 'script-runner.ts'),
          url,
          script,
        ]);
  return { ...ended, copySeconds: timing(ended.stdout), content: await contentOf(bench) };
}

/** Psql's line `Time: 1234.567 ms (00:01.235)`. */
function timing(stdout: string): number {
  const milliseconds = /^Time: ([\d.]+) ms/m.exec(stdout)?.[1];
  if (milliseconds === undefined) throw new Error(`No time in: ${stdout}`);
  return Number(milliseconds) / 1000;
}

async function contentOf({ postgres }: Bench): Promise<Copied['content']> {
  const { rows } = await withClient(postgres, DATABASE, (client) =>
    client.query<Copied['content']>(
      'SELECT count(*)::text AS rows, sum(hashtextextended(visits::text, 0))::text AS hash FROM visits',
    ),
  );
  const [content] = rows;
  if (content === undefined) throw new Error('A count without a row.');
  return content;
}

function figures(runs: readonly Copied[]): Figures {
  const memory = runs.flatMap(({ maxRssMegabytes }) => maxRssMegabytes ?? []);
  return {
    copySeconds: round(median(runs.map((each) => each.copySeconds))),
    seconds: round(median(runs.map((each) => each.seconds))),
    maxRssMegabytes: memory.length === 0 ? undefined : round(Math.max(...memory)),
  };
}
