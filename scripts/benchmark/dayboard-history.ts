import type pg from 'pg';
import { readOwed } from '../../src/ledger/derived.ts';
import { inTransaction } from '../../src/ledger/transaction.ts';
import { publishDelivery } from '../../src/load/publish/publish.ts';
import { rulesHash } from '../../src/load/rules-hash.ts';
import type { Project, Rollup } from '../../src/project/model.ts';
import { addPeriods } from '../../src/project/period.ts';
import { recomputeBuckets } from '../../src/rollup/recompute.ts';
import { type Bench, say, withClient } from './bench.ts';
import type { Population } from './population.ts';
import { visitDay, visitsSql } from './visits.ts';
import { visitsOf } from './visits-project.ts';

/**
 * Every day but the last as dayboard would have left it: each delivery is published by dayboard's own function from
 * rows that are made on the server in place of a loaded file, then every rollup is computed by its own, bucket by
 * bucket. The ledger must be there.
 */
export async function buildDayboardHistory(
  bench: Bench,
  project: Project,
  population: Population,
): Promise<void> {
  const run = await withClient(bench.postgres, 'bench', async (client) => {
    const id = await startRun(client, project);
    for (let at = 0; at < population.days - 1; at += 1) await publishDay(client, project, population, at, id);
    return id;
  });
  say('  its rollups');
  const under = (over: string) => project.rollups.filter((rollup) => rollup.over === over);
  const compute = async (rollup: Rollup): Promise<void> => {
    await withClient(bench.postgres, 'bench', (client) => computeOwed(client, project, rollup, run));
    for (const child of under(rollup.name)) await compute(child);
  };
  await Promise.all(under(visitsOf(project).name).map(compute));
  await withClient(bench.postgres, 'bench', (client) => client.query('VACUUM ANALYZE'));
}

async function startRun(client: pg.Client, project: Project): Promise<string> {
  const made = await client.query<{ id: string }>(
    `INSERT INTO dayboard.run (project, context, command, cli, plan, state, finished_at, by_user, host, pid)
     VALUES ($1, 'bench', 'import', '', '{}', 'done', clock_timestamp(), 'bench', 'here', 1) RETURNING id`,
    [project.name],
  );
  return made.rows[0]?.id ?? '';
}

async function publishDay(
  client: pg.Client,
  project: Project,
  population: Population,
  at: number,
  run: string,
): Promise<void> {
  const dataset = visitsOf(project);
  const period = addPeriods(population.first, at);
  const relation = { schema: 'dayboard_staging', name: `bench_${at}` };
  const made = await client.query(
    `CREATE UNLOGGED TABLE ${relation.schema}.${relation.name} AS
     SELECT *, '${period}'::date AS _delivery FROM (${visitsSql(population, at)}) visits`,
  );
  const rows = made.rowCount ?? 0;
  await publishDelivery({
    client,
    project,
    dataset,
    period,
    prepared: { relation, rows, kept: rows, days: { [visitDay(period)]: rows }, findings: [], notes: [] },
    object: {
      key: `${dataset.name}_${period}.csv`,
      size: rows * 170,
      etag: period,
      modified: `${period}T23:00:00Z`,
    },
    run,
    rules: rulesHash(dataset),
    derive: false,
    signal: new AbortController().signal,
  });
}

/** One transaction for each bucket, oldest first: its rows lie together, as those of daily publishes do. */
async function computeOwed(client: pg.Client, project: Project, rollup: Rollup, run: string): Promise<void> {
  const owed = (await readOwed(client, project.name)).get(rollup.name)?.buckets ?? [];
  for (const bucket of owed)
    await inTransaction(client, () => recomputeBuckets({ client, project, run }, rollup, [bucket]));
}
