import type { CleanupPlan } from '../plan/cleanup.ts';
import type { Period } from '../project/model.ts';
import type { Queryable } from './client.ts';

/** Writes down what is about to be deleted at a source. */
export async function recordCleanup(
  client: Queryable,
  project: string,
  run: string,
  { dataset, place, relation, periods }: CleanupPlan,
): Promise<void> {
  const deleted = periods.filter(({ proven }) => proven > 0);
  await client.query(
    `INSERT INTO dayboard.cleanup (project, dataset, period, run, rows, place)
     SELECT $1, $2, period, $3, rows, $4 FROM unnest($5::text[], $6::bigint[]) AS d (period, rows)
     ON CONFLICT (project, dataset, period, run) DO UPDATE SET rows = excluded.rows, at = clock_timestamp()`,
    [
      project,
      dataset,
      run,
      `${place} ${relation}`,
      deleted.map(({ period }) => period),
      deleted.map(({ proven }) => proven),
    ],
  );
}

/** When rows of a delivery were last deleted at its source after its current version was published, RFC 3339. */
export async function cleanedSince(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
): Promise<{ at: string; run: string } | undefined> {
  const found = await client.query<{ at: string; run: string }>(
    `SELECT to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, c.run::text AS run
       FROM dayboard.cleanup c JOIN dayboard.version v ON v.project = c.project AND v.dataset = c.dataset AND v.period = c.period AND v.current
      WHERE c.project = $1 AND c.dataset = $2 AND c.period = $3 AND c.at >= v.published_at
      ORDER BY c.at DESC LIMIT 1`,
    [project, dataset, period],
  );
  return found.rows[0];
}
