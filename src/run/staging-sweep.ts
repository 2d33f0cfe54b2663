import type { Queryable } from '../ledger/client.ts';
import { qualified } from '../ledger/sql.ts';

/** Work tables end in `_r<run>` and what the step added, so that a dead run's can be told from a live one's. */
const OF_RUN = '_r(\\d+)(?:_[a-z_]+)?$';

/** Drops the work tables of runs that are not alive: what a crash left behind. */
export async function sweepStaging(client: Queryable, alive: readonly string[]): Promise<void> {
  const found = await client.query<{ name: string; run: string }>(
    `SELECT c.relname AS name, (regexp_match(c.relname, '${OF_RUN}'))[1] AS run
       FROM pg_class c WHERE c.relnamespace = to_regnamespace('dayboard_staging') AND c.relkind IN ('r', 'p') AND c.relname ~ '${OF_RUN}'`,
  );
  await dropAll(
    client,
    found.rows.filter((row) => !alive.includes(row.run)).map((row) => row.name),
  );
}

/** Drops what a run still has in staging. */
export async function dropStaging(client: Queryable, run: string): Promise<void> {
  const found = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace = to_regnamespace('dayboard_staging') AND c.relkind IN ('r', 'p') AND (regexp_match(c.relname, '${OF_RUN}'))[1] = $1`,
    [run],
  );
  await dropAll(
    client,
    found.rows.map((row) => row.name),
  );
}

async function dropAll(client: Queryable, names: readonly string[]): Promise<void> {
  for (const name of names)
    await client.query(`DROP TABLE IF EXISTS ${qualified({ schema: 'dayboard_staging', name })}`);
}
