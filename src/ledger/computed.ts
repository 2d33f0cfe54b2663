import type { Day, Period } from '../project/model.ts';
import type { Queryable } from './client.ts';

/** A period of an aggregate that holds rows. */
export interface ComputedPeriod {
  definitionHash: string;
  rows: number;
  /** Another text whenever one of its rows is another. */
  content: string;
  /** RFC 3339. */
  at: string;
  run?: string;
}

/** What the ledger knows of one aggregate's periods, by their first days. */
export interface AggregateRecord {
  computed: ReadonlyMap<Day, ComputedPeriod>;
  /** Why periods are owed that something below changed. */
  owed: ReadonlyMap<Day, string>;
  /** The run that is computing it now, and since when. */
  running?: RunningComputation;
}

/** What a run computes; undefined periods are all that it owes. */
export interface RunningComputation {
  run: string;
  /** RFC 3339. */
  since: string;
  periods?: Period[];
}

export const NO_RECORD: AggregateRecord = { computed: new Map(), owed: new Map() };

/** What is known of every aggregate of a project, by name. `alive` are the runs that still run. */
export async function readAggregates(
  client: Queryable,
  project: string,
  alive: readonly string[],
): Promise<Map<string, AggregateRecord>> {
  const computed = await client.query<{
    name: string;
    period: string;
    definition_hash: string;
    rows: string;
    content: string;
    at: Date;
    run: string | null;
  }>(
    `SELECT name, to_char(period, 'YYYY-MM-DD') AS period, definition_hash, rows, content, computed_at AS at, run
       FROM dayboard.computed WHERE project = $1`,
    [project],
  );
  const owed = await client.query<{ name: string; bucket: string; why: string }>(
    'SELECT name, bucket, why FROM dayboard.owed WHERE project = $1',
    [project],
  );
  const running = await client.query<{ target: string; run: string; since: Date; periods: Period[] | null }>(
    `SELECT s.target, s.run, s.started_at AS since, planned->'periods' AS periods
       FROM dayboard.step s JOIN dayboard.run r ON r.id = s.run
       LEFT JOIN LATERAL jsonb_array_elements(r.plan->'steps') AS planned ON (planned->>'seq')::int = s.seq
      WHERE s.project = $1 AND s.kind = 'aggregate' AND s.state = 'running' AND s.run = ANY ($2::bigint[])`,
    [project, alive],
  );
  const records = new Map<string, AggregateRecord>();
  const at = (name: string) => {
    const found = records.get(name) ?? { computed: new Map(), owed: new Map() };
    records.set(name, found);
    return found as { computed: Map<Day, ComputedPeriod>; owed: Map<Day, string> } & AggregateRecord;
  };
  for (const row of computed.rows)
    at(row.name).computed.set(row.period, {
      definitionHash: row.definition_hash,
      rows: Number(row.rows),
      content: row.content,
      at: row.at.toISOString(),
      ...(row.run === null ? {} : { run: row.run }),
    });
  for (const row of owed.rows) at(row.name).owed.set(row.bucket, row.why);
  for (const row of running.rows)
    at(row.target).running = {
      run: row.run,
      since: row.since.toISOString(),
      ...(row.periods === null ? {} : { periods: row.periods }),
    };
  return records;
}

/**
 * Marks periods as owed now, to be settled with `recordComputed`: waits for publishes that are about to touch them, so
 * that what is computed afterwards sees them. Returns each period's mark.
 */
export async function markPeriods(
  client: Queryable,
  project: string,
  name: string,
  periods: readonly Day[],
): Promise<Map<Day, string>> {
  const marked = await client.query<{ bucket: string; mark: string }>(
    `INSERT INTO dayboard.owed (project, name, bucket, why)
     SELECT $1, $2, p, 'Its computation did not end.' FROM unnest($3::text[]) AS p ORDER BY p
     ON CONFLICT (project, name, bucket) DO UPDATE SET since = clock_timestamp()
     RETURNING bucket, since::text AS mark`,
    [project, name, periods],
  );
  return new Map(marked.rows.map((row) => [row.bucket, row.mark]));
}

/** What a period was found to hold. */
export interface PeriodContent {
  period: Day;
  rows: number;
  content: string;
}

/**
 * Records periods that were computed, in the transaction that replaced their rows, and takes them off what is owed,
 * unless something made them owed again since they were marked. Returns those whose rows are others than before.
 */
export async function recordComputed(
  client: Queryable,
  project: string,
  name: string,
  found: readonly PeriodContent[],
  by: { definitionHash: string; run: string; marks: ReadonlyMap<Day, string> },
): Promise<Day[]> {
  const periods = found.map((each) => each.period);
  const changed = await client.query<{ period: string }>(
    `WITH wanted AS (SELECT * FROM unnest($3::date[], $4::bigint[], $5::text[]) AS w (period, rows, content)),
          former AS (SELECT c.period, c.content FROM dayboard.computed c
                      WHERE c.project = $1 AND c.name = $2 AND c.period = ANY ($3::date[])),
          written AS (INSERT INTO dayboard.computed (project, name, period, definition_hash, rows, content, run)
                      SELECT $1, $2, period, $6, rows, content, $7 FROM wanted
                      ON CONFLICT (project, name, period) DO UPDATE
                        SET definition_hash = excluded.definition_hash, rows = excluded.rows, content = excluded.content,
                            run = excluded.run, computed_at = clock_timestamp())
     SELECT to_char(w.period, 'YYYY-MM-DD') AS period
       FROM wanted w LEFT JOIN former f USING (period) WHERE f.content IS DISTINCT FROM w.content ORDER BY 1`,
    [
      project,
      name,
      periods,
      found.map((each) => each.rows),
      found.map((each) => each.content),
      by.definitionHash,
      by.run,
    ],
  );
  await client.query(
    `DELETE FROM dayboard.owed o USING unnest($3::text[], $4::text[]) AS m (bucket, mark)
      WHERE o.project = $1 AND o.name = $2 AND o.bucket = m.bucket AND o.since = m.mark::timestamptz`,
    [project, name, [...by.marks.keys()], [...by.marks.values()]],
  );
  return changed.rows.map((row) => row.period);
}
