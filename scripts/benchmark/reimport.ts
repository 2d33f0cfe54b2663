import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Day } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { type Compared, compareAgain, compareNew, keepShellResults } from './compare.ts';
import { buildDayboardHistory } from './dayboard-history.ts';
import { loadAlone } from './load-alone.ts';
import { createPeople, type Population, populationFor } from './population.ts';
import { describeMachine, keepResult, type Phases, round, seconds, total } from './result.ts';
import { buildShellHistory, dropShellWay, runShellWay } from './shell-way.ts';
import { keepLog, logOf, logStatements, longestStatements, type Statement } from './statements.ts';
import { visitsSql, writeDelivery } from './visits.ts';
import { DATASET, openWorkspace, runPeriods, type TimedRun, visitsProject } from './visits-project.ts';

export interface ReimportSize {
  days: number;
  /** Visits of a day, about. */
  rows: number;
  quick: boolean;
  /** A file for the plans of dayboard's statements. */
  explain: string | undefined;
}

/** How many of the longest statements are kept. */
const STATEMENTS = 25;

interface ShellRun {
  seconds: number;
  phases: Phases;
}

interface DayboardRun extends TimedRun {
  statements: Statement[];
}

/** A day's delivery: as it is first handed over, and as it is after it was corrected at its source. */
interface Deliveries {
  last: Day;
  first: string;
  corrected: string;
  rows: number;
  changed: number;
  come: number;
}

/**
 * The last day of a history, loaded the shell way and with dayboard: new, and again after its object changed. Then all
 * results are compared. One side after the other, so that the disk holds one history at a time.
 */
export async function reimport(bench: Bench, size: ReimportSize): Promise<void> {
  const last = addPeriods(new Date().toISOString().slice(0, 10), -1);
  const population = populationFor(size.rows, size.days, last);
  const building: Phases = {};
  const build = async (what: string, work: () => Promise<unknown>) => {
    say(what);
    building[what] = await seconds(work);
  };
  await createDatabase(bench, 'bench');
  await build('people', () =>
    withClient(bench.postgres, 'bench', (client) => createPeople(client, population)),
  );
  const deliveries = await writeDeliveries(bench, population, last);
  say('the floor, and load and publish alone');
  const alone = await loadAlone(bench, population, last);
  await build('history of the shell way', () => buildShellHistory(bench, population));
  const shell = await runShell(bench, deliveries);
  await dropShellWay(bench);
  const dayboard = await runDayboard(bench, size, population, deliveries, build);
  const result = {
    benchmark: 'reimport',
    ...(await describeMachine(bench)),
    days: size.days,
    rowsPerDay: deliveries.rows,
    corrected: { changed: deliveries.changed, come: deliveries.come },
    shell: { new: shell.new, again: shell.again },
    dayboard: { new: dayboard.new, again: dayboard.again },
    timesFaster: {
      new: round(shell.new.seconds / dayboard.new.seconds),
      again: round(shell.again.seconds / dayboard.again.seconds),
    },
    alone,
    compared: dayboard.compared,
    building,
  };
  await keepResult(`reimport-${size.quick ? 'quick' : size.days}`, result);
}

async function writeDeliveries(bench: Bench, population: Population, last: Day): Promise<Deliveries> {
  const [first, corrected] = ['first', 'corrected'].map((name) => join(bench.folder, `${name}.csv`)) as [
    string,
    string,
  ];
  return withClient(bench.postgres, 'bench', async (client) => {
    const at = population.days - 1;
    const made = await client.query(
      `CREATE UNLOGGED TABLE people.first AS ${visitsSql(population, at, true)}`,
    );
    await client.query(`CREATE UNLOGGED TABLE people.corrected AS ${visitsSql(population, at)}`);
    await client.query(
      `CREATE UNLOGGED TABLE people.changed AS SELECT user_id, device_id
         FROM people.first f JOIN people.corrected c USING (user_id, device_id) WHERE f.user_agent <> c.user_agent`,
    );
    await writeDelivery(client, 'TABLE people.first', first);
    await writeDelivery(client, 'TABLE people.corrected', corrected);
    const counted = await client.query<{ changed: number; all: number }>(
      `SELECT (SELECT count(*)::int FROM people.changed) AS changed, (SELECT count(*)::int FROM people.corrected) AS all`,
    );
    const { changed = 0, all = 0 } = counted.rows[0] ?? {};
    const rows = made.rowCount ?? 0;
    return { last, first, corrected, rows, changed, come: all - rows };
  });
}

async function runShell(
  bench: Bench,
  { last, first, corrected }: Deliveries,
): Promise<{ new: ShellRun; again: ShellRun }> {
  const run = async (label: 'new' | 'again', file: string): Promise<ShellRun> => {
    say(`the shell way: ${label}`);
    const phases = await runShellWay(bench, file);
    await withClient(bench.postgres, 'bench', (client) => keepShellResults(client, label, last));
    return { seconds: total(phases), phases };
  };
  return { new: await run('new', first), again: await run('again', corrected) };
}

async function runDayboard(
  bench: Bench,
  { explain }: ReimportSize,
  population: Population,
  deliveries: Deliveries,
  build: (what: string, work: () => Promise<unknown>) => Promise<void>,
): Promise<{ new: DayboardRun; again: DayboardRun; compared: Record<'new' | 'again', Compared[]> }> {
  const { last } = deliveries;
  const folder = join(bench.folder, 'deliveries');
  await mkdir(folder);
  const project = visitsProject(folder, { rollups: true });
  const before = await openWorkspace(bench, 'bench', project);
  await before.list();
  await before.close();
  await build('history of dayboard', () => buildDayboardHistory(bench, project, population));
  await logStatements(bench, 'bench', explain !== undefined);
  const run = async (label: string, file: string): Promise<DayboardRun> => {
    say(`dayboard: ${label}`);
    await withClient(bench.postgres, 'bench', async (client) => {
      await client.query('CHECKPOINT');
      await writeDelivery(client, `TABLE people.${file}`, join(folder, `${DATASET}_${last}.csv`));
    });
    const workspace = await openWorkspace(bench, 'bench', project);
    try {
      const { result, log } = await logOf(bench, () => runPeriods(workspace, 'sync', [last]));
      if (explain !== undefined) await keepLog(explain, log);
      return { ...result, statements: longestStatements(log, STATEMENTS) };
    } finally {
      await workspace.close();
    }
  };
  return withClient(bench.postgres, 'bench', async (client) => {
    const fresh = await run('new', 'first');
    const compared = { new: await compareNew(client, last), again: [] as Compared[] };
    const again = await run('again', 'corrected');
    compared.again = await compareAgain(client, last, 'people.corrected', 'people.changed');
    return { new: fresh, again, compared };
  });
}
