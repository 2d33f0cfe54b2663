import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Day } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { type Compared, compareAgain, compareNew, keepShellResults, printDayboard } from './compare.ts';
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

interface DayboardResults {
  new: DayboardRun;
  again: DayboardRun;
  /** Back to what `new` left, which is compared as after it. */
  undoAgain: DayboardRun;
  /** Back to what was there before `new`, by checksums. */
  undoNew: DayboardRun;
  compared: Record<'new' | 'again', Compared[]>;
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
 * The last day of a history, loaded the shell way and with dayboard: new, and again after its object changed; dayboard
 * takes both back then. All results are compared. One side after the other, so that the disk holds one history at a time.
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
    dayboard: {
      new: dayboard.new,
      again: dayboard.again,
      undoAgain: dayboard.undoAgain,
      undoNew: dayboard.undoNew,
    },
    timesFaster: {
      new: round(shell.new.seconds / dayboard.new.seconds),
      again: round(shell.again.seconds / dayboard.again.seconds),
    },
    undoTimesImport: {
      new: round(dayboard.undoNew.seconds / dayboard.new.seconds),
      again: round(dayboard.undoAgain.seconds / dayboard.again.seconds),
    },
    alone,
    compared: dayboard.compared,
    building,
  };
  // Plans take time: what was measured with them stands for nothing.
  if (size.explain === undefined) await keepResult(`reimport-${size.quick ? 'quick' : size.days}`, result);
  else console.log(JSON.stringify(result, null, 2));
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
): Promise<DayboardResults> {
  const { last } = deliveries;
  const folder = join(bench.folder, 'deliveries');
  await mkdir(folder);
  const project = visitsProject(folder, { rollups: true });
  const before = await openWorkspace(bench, 'bench', project);
  await before.list();
  await before.close();
  await build('history of dayboard', () => buildDayboardHistory(bench, project, population));
  const run = async (command: 'sync' | 'undo'): Promise<DayboardRun> => {
    await withClient(bench.postgres, 'bench', (client) => client.query('CHECKPOINT'));
    const workspace = await openWorkspace(bench, 'bench', project);
    try {
      const { result, log } = await logOf(bench, () => runPeriods(workspace, command, [last]));
      if (explain !== undefined) await keepLog(explain, log);
      return { ...result, statements: longestStatements(log, STATEMENTS) };
    } finally {
      await workspace.close();
    }
  };
  return withClient(bench.postgres, 'bench', async (client) => {
    const deliver = (rows: string) =>
      writeDelivery(client, `TABLE people.${rows}`, join(folder, `${DATASET}_${last}.csv`));
    const none = await printDayboard(client, last);
    // Of connections that are opened from now on: comparisons are not slowed down.
    await logStatements(bench, 'bench', explain !== undefined);
    say('dayboard: new');
    await deliver('first');
    const fresh = await run('sync');
    const comparedNew = await compareNew(client, last);
    say('dayboard: again');
    await deliver('corrected');
    const again = await run('sync');
    const comparedAgain = await compareAgain(client, last, 'people.corrected', 'people.changed');
    say('dayboard: undo of that, and of the day');
    const undoAgain = await run('undo');
    await compareNew(client, last);
    const undoNew = await run('undo');
    const left = await printDayboard(client, last);
    if (JSON.stringify(left) !== JSON.stringify(none))
      throw new Error(`Undone, the day left something: ${JSON.stringify({ none, left })}`);
    return { new: fresh, again, undoAgain, undoNew, compared: { new: comparedNew, again: comparedAgain } };
  });
}
