import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { type Bench, say, withClient } from './bench.ts';
import { copyFile, FILE_COLUMNS } from './floor.ts';
import type { Population } from './population.ts';
import { type Phases, seconds } from './result.ts';
import { RAW, visitsSql } from './visits.ts';

// The way of shell scripts and psql, written anew after what is known of it; its statements are in shell/*.sql. It is
// given what it does not have: no download is timed, nor are psql's starts.

const SCHEMA = 'shell';

async function statement(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, 'shell', `${name}.sql`), 'utf8');
}

/** The raw table with all days but the last, its indexes, the views not yet computed and the months before. */
export async function buildShellHistory(bench: Bench, population: Population): Promise<void> {
  await withClient(bench.postgres, 'bench', async (client) => {
    await client.query(`CREATE SCHEMA ${SCHEMA}`);
    await client.query(`SET search_path = ${SCHEMA}; ${await statement('tables')}`);
  });
  const days = Array.from({ length: population.days - 1 }, (_, at) => at);
  const fill = () =>
    withClient(bench.postgres, 'bench', async (client) => {
      for (let at = days.shift(); at !== undefined; at = days.shift())
        await client.query(`INSERT INTO ${SCHEMA}.user_daily_visits (${RAW}) ${visitsSql(population, at)}`);
    });
  await Promise.all([fill(), fill()]);
  say('  its indexes, and the months so far');
  await withClient(bench.postgres, 'bench', async (client) => {
    await client.query(`SET search_path = ${SCHEMA}; SET work_mem = '1GB'`);
    await client.query(await statement('indexes'));
    await client.query(await statement('aggregates'));
    // Once filled year by year by hand, without the window of the nightly fill.
    const fillAll = (await statement('fill')).replace(/visit_date >= .*/, 'true');
    await client.query(fillAll);
    await client.query('VACUUM (ANALYZE) user_daily_visits');
    await client.query('VACUUM (ANALYZE) user_monthly_visits_lite');
  });
}

/** The nightly job of a day, its phases one after the other. */
export async function runShellWay(bench: Bench, file: string): Promise<Phases> {
  return withClient(bench.postgres, 'bench', async (client) => {
    await client.query(`CHECKPOINT; SET search_path = ${SCHEMA}`);
    const phases: Phases = {};
    const run = async (phase: string, name: string) => {
      const sql = await statement(name);
      phases[phase] = await seconds(() => client.query(sql));
    };
    await client.query(`CREATE TEMPORARY TABLE temp_user_daily_visits (${FILE_COLUMNS})`);
    phases['copy'] = await seconds(() => copyFile(client, 'temp_user_daily_visits', file));
    await run('insert', 'insert');
    await run('enrich platform, device_type', 'enrich');
    await run('enrich visit_date', 'enrich-dates');
    await client.query(`SET work_mem = '2GB'`);
    phases['refresh days'] = await refresh(client, 'user_daily_visits_agg_30d_v2');
    await run('fill months', 'fill');
    phases['refresh months'] = await refresh(client, 'user_daily_visits_by_month_1y_v3');
    return phases;
  });
}

function refresh(client: pg.Client, view: string): Promise<number> {
  return seconds(() => client.query(`REFRESH MATERIALIZED VIEW ${view}`));
}

/** Gives the disk back, once its results are kept. */
export async function dropShellWay(bench: Bench): Promise<void> {
  await withClient(bench.postgres, 'bench', (client) =>
    client.query(`DROP SCHEMA ${SCHEMA} CASCADE; CHECKPOINT`),
  );
}
