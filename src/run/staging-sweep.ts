import type { Queryable } from '../ledger/client.ts';
import { errorCode } from '../ledger/errors.ts';
import { aliveRuns } from '../ledger/locks.ts';
import { qualified } from '../ledger/sql.ts';

/** Work tables end in `_r<run>` and what the step added, so that a dead run's can be told from a live one's. */
const OF_RUN = '_r(\\d+)(?:_[a-z_]+)?$';

/** A table that is in use for longer, by a dead run's backend say, is left to a later sweep. */
const LOCK_WAIT_MILLISECONDS = 200;

/** Drops the work tables of runs that are not alive: what a crash left behind. */
export async function sweepStaging(client: Queryable): Promise<void> {
  const found = await client.query<{ name: string; run: string }>(
    `SELECT c.relname AS name, (regexp_match(c.relname, '${OF_RUN}'))[1] AS run
       FROM pg_class c WHERE c.relnamespace = to_regnamespace('dayboard_staging') AND c.relkind IN ('r', 'p') AND c.relname ~ '${OF_RUN}'`,
  );
  // Asked for afterwards: a run that has tables by then is alive, or has been.
  const alive = await aliveRuns(client, undefined);
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
  for (const name of names) {
    const table = qualified({ schema: 'dayboard_staging', name });
    try {
      // One message is one transaction: the limit ends with it.
      await client.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MILLISECONDS}; DROP TABLE IF EXISTS ${table}`);
    } catch (thrown) {
      if (errorCode(thrown) !== '55P03') throw thrown;
    }
  }
}
