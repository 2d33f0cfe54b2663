import { join } from 'node:path';
import type pg from 'pg';
import type { RunEvent } from '../../src/plan/events.ts';
import type { Aggregate, Period, Project } from '../../src/project/model.ts';
import { firstDay, lastDay, nextPeriod, periodRange } from '../../src/project/period.ts';
import { composeWorkspace } from '../../src/run/compose.ts';
import type { Workspace } from '../../src/run/workspace.ts';
import passEmploi from '../../src/systems/pass-emploi/index.ts';
import { type Bench, createDatabase, say, withClient } from './bench.ts';
import { type Compared, compareAll } from './compare.ts';
import { type EngagementSize, engagementSize, EVENTS, makeEvents, ZONE } from './engagement.ts';
import { describeMachine, keepResult, type Phases, round, seconds, total } from './result.ts';
import { originalTables, originalWeek } from './weekly-original.ts';

/** What dayboard gives its own statements; the original's get it too. */
const WORK_MEM = '128MB';

/**
 * The four weekly tables of one week by the original's statements and by dayboard, on one server and one table of
 * events, compared row by row; and all weeks by dayboard in one pass, and one by one.
 */
export async function weeks(
  bench: Bench,
  { quick, weeks: wanted }: { quick: boolean; weeks: number },
): Promise<void> {
  const size = quick ? engagementSize(12, 1_000_000) : engagementSize(wanted, 20_000_000);
  await createDatabase(bench, 'bench');
  await withClient(bench.postgres, 'bench', async (client) => {
    say(`events of ${size.weeks.length} weeks, ${size.events} a year`);
    const made = await seconds(() => makeEvents(client, size));
    say(`  took ${made} s`);
    const week = size.weeks.at(-1) ?? '';
    const project = weeklyProject(bench);
    const workspace = await open(bench, project, size);
    try {
      say('dayboard: the days that the last week looks back on');
      await refresh(
        workspace,
        project.aggregates.filter(({ period }) => period === 'day'),
        size.weeks,
      );
      await client.query('VACUUM ANALYZE public.utilisateurs_par_jour');
      say('dayboard: the last week');
      const one = await refresh(workspace, project.aggregates, [week]);
      say('the original: the last week');
      const original = await runOriginal(client, week);
      const result = {
        benchmark: 'weeks',
        ...(await describeMachine(bench)),
        eventsPerYear: size.events,
        weeks: size.weeks.length,
        week,
        eventsOfWeek: await count(
          client,
          `SELECT count(*) AS n FROM ${EVENTS} WHERE semaine = '${firstDay(week).toString()}'`,
        ),
        workMem: WORK_MEM,
        original: { seconds: total(original), tables: original },
        dayboard: { ...one, timesFaster: round(total(original) / one.seconds) },
        compared: await compareWeek(client, week),
      };
      const name = `weeks${quick ? '-quick' : ''}`;
      await keepResult(name, result);
      say('dayboard: all weeks in one pass');
      const backfill = await refresh(workspace, project.aggregates, size.weeks);
      say('dayboard: all weeks one by one');
      const oneByOneSeconds = await seconds(async () => {
        for (const each of size.weeks) await refresh(workspace, project.aggregates, [each]);
      });
      const originalEstimatedSeconds = round(total(original) * size.weeks.length);
      await keepResult(name, {
        ...result,
        backfill: { ...backfill, oneByOneSeconds, originalEstimatedSeconds },
      });
    } finally {
      await workspace.close();
    }
  });
}

/** pass-emploi with the original's numbers, and nothing but its weekly tables and what they are computed from. */
function weeklyProject(bench: Bench): Project {
  const resolved = passEmploi.resolve({ PASS_EMPLOI_PARITY: 'inclusive-end,null-zeros' });
  return {
    ...resolved,
    sources: Object.fromEntries(
      Object.keys(resolved.sources).map((name) => [name, { kind: 'directory', path: bench.folder }] as const),
    ),
    aggregates: resolved.aggregates.filter((aggregate) => !aggregate.onRequest),
    views: [],
    checks: [],
  };
}

function open(bench: Bench, project: Project, { weeks: all }: EngagementSize): Promise<Workspace> {
  const url = bench.postgres.connectionString('bench');
  const after = Date.parse(
    `${firstDay(nextPeriod(all.at(-1) ?? ''))
      .add({ days: 1 })
      .toString()}T12:00:00Z`,
  );
  const started = performance.now();
  return composeWorkspace({
    project,
    context: { name: 'bench', readOnly: false, production: false },
    env: { DATABASE_URL: url, DUMP_RESTORE_DB_TARGET: url, DUMP_RESTORE_DB_SOURCE: url },
    actor: { user: 'bench', host: 'here', pid: process.pid },
    now: () => new Date(after + performance.now() - started).toISOString(),
    baseDirectory: bench.folder,
    cacheDirectory: join(bench.folder, 'cache-bench'),
  });
}

interface TimedRefresh {
  seconds: number;
  /** Seconds of each table. */
  tables: Phases;
}

/** Computes the days of these weeks and the weekly tables, as `refresh` does. Throws when a step fails. */
async function refresh(
  workspace: Workspace,
  computed: readonly Aggregate[],
  wanted: readonly Period[],
): Promise<TimedRefresh> {
  const days = periodRange(firstDay(wanted[0] ?? '').toString(), lastDay(wanted.at(-1) ?? '').toString());
  const tables: Phases = {};
  const listen = (event: RunEvent) => {
    if (event.type === 'step.failed') throw new Error(event.error.message);
    if (event.type === 'step.done') tables[event.step.target] = round(event.seconds);
  };
  const elapsed = await seconds(async () => {
    const plan = await workspace.plan({
      command: 'refresh',
      cells: [],
      reprocess: [],
      names: [],
      aggregates: computed.map(({ name, period }) => ({
        name,
        periods: period === 'day' ? days : [...wanted],
      })),
      // As the command line does by default.
      concurrency: 3,
      force: [],
    });
    const { state } = await (await workspace.start(plan, listen)).done;
    if (state !== 'done') throw new Error(`The run ended as ${state}.`);
  });
  return { seconds: elapsed, tables };
}

async function runOriginal(client: pg.Client, week: Period): Promise<Phases> {
  await client.query(`CREATE SCHEMA original`);
  for (const statement of originalTables('original')) await client.query(statement);
  await client.query(`SET TimeZone = '${ZONE}'; SET work_mem = '${WORK_MEM}'`);
  const tables: Phases = {};
  for (const { table, statements } of originalWeek('original', EVENTS, firstDay(week).toString()))
    tables[table.replace('original.', '')] = await seconds(async () => {
      for (const statement of statements) await client.query(statement);
    });
  return tables;
}

async function compareWeek(client: pg.Client, week: Period): Promise<Compared[]> {
  const found = await client.query<{ table: string }>(
    `SELECT tablename AS "table" FROM pg_tables WHERE schemaname = 'original' ORDER BY 1`,
  );
  const where = `WHERE semaine = '${firstDay(week).toString()}'`;
  return compareAll(
    client,
    found.rows.map(({ table }) => [
      table,
      `SELECT * FROM original.${table} ${where}`,
      `SELECT * FROM public.${table} ${where}`,
    ]),
  );
}

async function count(client: pg.Client, sql: string): Promise<number> {
  const found = await client.query<{ n: string }>(sql);
  return Number(found.rows[0]?.n ?? 0);
}
