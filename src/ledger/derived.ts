import type { CheckStatus } from '../plan/board.ts';
import type { ErrorValue } from '../project/errors.ts';
import type { Day } from '../project/model.ts';
import type { Queryable } from './client.ts';

/** The bucket that stands for a whole rollup or view. */
export const WHOLE = 'all';

/**
 * Notes buckets (first days, or WHOLE) of a rollup or view as owed, and why. What is owed already keeps its reason, but
 * not its time: whoever is computing it sees that something came in between.
 */
export async function owe(
  client: Queryable,
  project: string,
  name: string,
  buckets: readonly string[],
  why: string,
): Promise<void> {
  if (buckets.length === 0) return;
  await client.query(
    `INSERT INTO dayboard.owed (project, name, bucket, why) SELECT $1, $2, b, $4 FROM unnest($3::text[]) AS b ORDER BY b
     ON CONFLICT (project, name, bucket) DO UPDATE SET since = clock_timestamp()`,
    [project, name, buckets, why],
  );
}

/** Takes back what was owed, once it is computed, in the same transaction. */
export async function settle(
  client: Queryable,
  project: string,
  name: string,
  buckets: readonly string[],
): Promise<void> {
  await client.query('DELETE FROM dayboard.owed WHERE project = $1 AND name = $2 AND bucket = ANY ($3)', [
    project,
    name,
    buckets,
  ]);
}

/**
 * Marks what a view owes now, to be settled with \`settleMarked\`: waits for publishes that are about to touch it, so
 * that what is computed afterwards sees them. Returns the mark; undefined when nothing is owed.
 */
export async function markOwed(
  client: Queryable,
  project: string,
  name: string,
): Promise<string | undefined> {
  const marked = await client.query<{ mark: string }>(
    `UPDATE dayboard.owed SET since = clock_timestamp() WHERE project = $1 AND name = $2 AND bucket = $3 RETURNING since::text AS mark`,
    [project, name, WHOLE],
  );
  return marked.rows[0]?.mark;
}

/** Takes back what a view owed, unless something made it owed again since it was marked. */
export async function settleMarked(
  client: Queryable,
  project: string,
  name: string,
  mark: string,
): Promise<void> {
  await client.query(
    'DELETE FROM dayboard.owed WHERE project = $1 AND name = $2 AND bucket = $3 AND since = $4::text::timestamptz',
    [project, name, WHOLE, mark],
  );
}

export interface OwedBuckets {
  buckets: string[];
  why: string;
}

/** What is owed, by rollup or view; buckets in order. */
export async function readOwed(client: Queryable, project: string): Promise<Map<string, OwedBuckets>> {
  const found = await client.query<{ name: string; buckets: string[]; why: string }>(
    `SELECT name, array_agg(bucket ORDER BY bucket) AS buckets, (array_agg(why ORDER BY since DESC, bucket))[1] AS why
       FROM dayboard.owed WHERE project = $1 GROUP BY name`,
    [project],
  );
  return new Map(found.rows.map((row) => [row.name, { buckets: row.buckets, why: row.why }]));
}

export interface DerivedRecord {
  definitionHash: string;
  refreshed?: string;
  run?: string;
  rows?: number;
  through?: Day;
  error?: ErrorValue;
}

/** What the last refresh of each rollup and view left, by name. */
export async function readDerived(client: Queryable, project: string): Promise<Map<string, DerivedRecord>> {
  const found = await client.query<{
    name: string;
    definition_hash: string;
    refreshed_at: Date | null;
    run: string | null;
    rows: string | null;
    through: string | null;
    error: ErrorValue | null;
  }>(
    `SELECT name, definition_hash, refreshed_at, run, rows, to_char(through, 'YYYY-MM-DD') AS through, error
       FROM dayboard.derived WHERE project = $1`,
    [project],
  );
  return new Map(
    found.rows.map((row) => [
      row.name,
      {
        definitionHash: row.definition_hash,
        ...(row.refreshed_at === null ? {} : { refreshed: row.refreshed_at.toISOString() }),
        ...(row.run === null ? {} : { run: row.run }),
        ...(row.rows === null ? {} : { rows: Number(row.rows) }),
        ...(row.through === null ? {} : { through: row.through }),
        ...(row.error === null ? {} : { error: row.error }),
      },
    ]),
  );
}

/** Records a refresh that went well; it takes away an error of before. */
export async function recordRefresh(
  client: Queryable,
  project: string,
  derived: {
    name: string;
    kind: 'rollup' | 'view' | 'aggregate';
    definitionHash: string;
    run?: string;
    rows?: number;
    through?: Day;
  },
): Promise<void> {
  await client.query(
    `INSERT INTO dayboard.derived (project, name, kind, definition_hash, refreshed_at, run, rows, through)
     VALUES ($1, $2, $3, $4, clock_timestamp(), $5, $6, $7)
     ON CONFLICT (project, name) DO UPDATE
       SET kind = excluded.kind, definition_hash = excluded.definition_hash, refreshed_at = excluded.refreshed_at,
           run = coalesce(excluded.run, dayboard.derived.run), rows = coalesce(excluded.rows, dayboard.derived.rows),
           through = coalesce(excluded.through, dayboard.derived.through), error = NULL`,
    [
      project,
      derived.name,
      derived.kind,
      derived.definitionHash,
      derived.run ?? null,
      derived.rows ?? null,
      derived.through ?? null,
    ],
  );
}

/** Records a refresh that failed; what the relation held stays as it was. */
export async function recordRefreshError(
  client: Queryable,
  project: string,
  name: string,
  kind: 'rollup' | 'view' | 'aggregate',
  error: ErrorValue,
): Promise<void> {
  await client.query(
    `INSERT INTO dayboard.derived (project, name, kind, definition_hash, error) VALUES ($1, $2, $3, '', $4)
     ON CONFLICT (project, name) DO UPDATE SET error = excluded.error`,
    [project, name, kind, JSON.stringify(error)],
  );
}

export async function recordCheck(
  client: Queryable,
  project: string,
  result: {
    name: string;
    run?: string;
    verdict: 'pass' | 'warn' | 'fail' | 'unknown';
    findings: unknown[];
    more: number;
    error?: ErrorValue;
  },
): Promise<void> {
  await client.query(
    `INSERT INTO dayboard.check_result (project, name, run, verdict, findings, more, error) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      project,
      result.name,
      result.run ?? null,
      result.verdict,
      JSON.stringify(result.findings),
      result.more,
      result.error === undefined ? null : JSON.stringify(result.error),
    ],
  );
}

/** The last result of each of the named checks; 'never' for those without one. */
export async function readChecks(
  client: Queryable,
  project: string,
  names: readonly string[],
): Promise<CheckStatus[]> {
  const found = await client.query<{
    name: string;
    at: Date;
    verdict: CheckStatus['verdict'];
    findings: unknown[];
    more: number;
    error: ErrorValue | null;
  }>(
    `SELECT DISTINCT ON (name) name, at, verdict, findings, more, error FROM dayboard.check_result
      WHERE project = $1 AND name = ANY ($2) ORDER BY name, at DESC`,
    [project, names],
  );
  const last = new Map(found.rows.map((row) => [row.name, row]));
  return names.map((name) => {
    const row = last.get(name);
    if (row === undefined) return { name, verdict: 'never', findings: [] };
    return {
      name,
      verdict: row.verdict,
      at: row.at.toISOString(),
      findings: row.findings,
      ...(row.more === 0 ? {} : { more: row.more }),
      ...(row.error === null ? {} : { error: row.error }),
    };
  });
}

/** Records how large a rollup or view is and how far it reaches, as measured from its data. */
export async function recordMeasurement(
  client: Queryable,
  project: string,
  name: string,
  measured: { rows: number; through?: Day },
): Promise<void> {
  await client.query('UPDATE dayboard.derived SET rows = $3, through = $4 WHERE project = $1 AND name = $2', [
    project,
    name,
    measured.rows,
    measured.through ?? null,
  ]);
}
