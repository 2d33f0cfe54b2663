import type { Day, Period, SourceObject } from '../project/model.ts';
import type { Queryable } from './client.ts';

/** How many deliveries back the row counts are compared with: eight weeks of days. */
const HISTORY = 56;

/** How many rows a published delivery has, after duplicates. */
export interface CountedDelivery {
  period: Period;
  rows: number;
}

/** The current versions of the deliveries before this one, the nearest first. */
export async function recentCounts(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
): Promise<CountedDelivery[]> {
  const found = await client.query<CountedDelivery>(
    `SELECT period, kept::float8 AS rows FROM dayboard.version
      WHERE project = $1 AND dataset = $2 AND current AND period < $3 ORDER BY period DESC LIMIT ${HISTORY}`,
    [project, dataset, period],
  );
  return found.rows;
}

export interface CurrentVersion {
  version: number;
  days: Record<Day, number>;
  /** Rows that its publish brought into the raw table and took out. */
  added: number;
  removed: number;
  /** The version that it replaced; null when it was the delivery's first. */
  former: number | null;
  /** Tables of the schema `dayboard` with what it took away from the former; null when nothing is kept. */
  keptRows: string | null;
  keptKeys: string | null;
  /** Table with rows of somebody else's table as they stood there. */
  keptWhole: string | null;
  publishedAt: string;
  /** It cannot be taken back: what its rows stand for was given up. */
  settled: boolean;
  /** It, or one of the delivery before it, settled. */
  settledOnce: boolean;
}

/** The version of a delivery that is published, if one is. */
export async function currentVersion(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
): Promise<CurrentVersion | undefined> {
  const found = await client.query<CurrentVersion>(
    `SELECT version, days, added::float8 AS added, removed::float8 AS removed, former, kept_rows AS "keptRows", kept_keys AS "keptKeys", kept_whole AS "keptWhole",
            to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "publishedAt",
            settled, EXISTS (SELECT FROM dayboard.version WHERE project = $1 AND dataset = $2 AND period = $3 AND settled) AS "settledOnce"
       FROM dayboard.version WHERE project = $1 AND dataset = $2 AND period = $3 AND current`,
    [project, dataset, period],
  );
  return found.rows[0];
}

/** The object that a delivery's current version was loaded from. */
export async function publishedObject(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
): Promise<SourceObject | undefined> {
  const found = await client.query<{ key: string; size: string; etag: string; modified: string }>(
    `SELECT key, size, etag, to_char(modified AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS modified
       FROM dayboard.version WHERE project = $1 AND dataset = $2 AND period = $3 AND current`,
    [project, dataset, period],
  );
  const row = found.rows[0];
  return row === undefined ? undefined : { ...row, size: Number(row.size) };
}

/** The newest period of a dataset, other than one, that has a published version, if any. */
export async function newestPublished(
  client: Queryable,
  project: string,
  dataset: string,
  except: Period,
): Promise<Period | undefined> {
  const found = await client.query<{ period: string | null }>(
    'SELECT max(period) AS period FROM dayboard.version WHERE project = $1 AND dataset = $2 AND current AND period <> $3',
    [project, dataset, except],
  );
  return found.rows[0]?.period ?? undefined;
}

/** Takes the mark of being current from a delivery's version. */
export async function retireVersion(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
): Promise<void> {
  await client.query(
    'UPDATE dayboard.version SET current = false WHERE project = $1 AND dataset = $2 AND period = $3 AND current',
    [project, dataset, period],
  );
}

export interface NewVersion {
  run: string;
  object: SourceObject;
  rows: number;
  kept: number;
  added: number;
  removed: number;
  days: Record<Day, number>;
  rulesHash: string;
  findings: unknown[];
  former: number | undefined;
  /** Tables of the schema `dayboard` with what it takes away. */
  keeps: { rows?: string | undefined; keys?: string | undefined; whole?: string | undefined };
}

/** Writes a version as the current one and returns its number; retireVersion comes before. */
export async function insertVersion(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
  made: NewVersion,
): Promise<number> {
  const inserted = await client.query<{ version: number }>(
    `INSERT INTO dayboard.version (project, dataset, period, version, run, current, key, size, etag, modified,
                                   rows, kept, added, removed, days, rules_hash, findings, former, kept_rows, kept_keys, kept_whole)
     SELECT $1, $2, $3, coalesce(max(version), 0) + 1, $4, true, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
       FROM dayboard.version WHERE project = $1 AND dataset = $2 AND period = $3
     RETURNING version`,
    [
      project,
      dataset,
      period,
      made.run,
      made.object.key,
      made.object.size,
      made.object.etag,
      made.object.modified,
      made.rows,
      made.kept,
      made.added,
      made.removed,
      JSON.stringify(made.days),
      made.rulesHash,
      JSON.stringify(made.findings),
      made.former ?? null,
      made.keeps.rows ?? null,
      made.keeps.keys ?? null,
      made.keeps.whole ?? null,
    ],
  );
  return (inserted.rows[0] as { version: number }).version;
}

/** Marks the current version as undone and makes the one before it current again, if there is one. */
export async function restoreFormer(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
  undone: CurrentVersion,
  by: string,
): Promise<void> {
  await client.query(
    `UPDATE dayboard.version SET current = false, undone_at = clock_timestamp(), undone_by = $5, kept_rows = NULL, kept_keys = NULL, kept_whole = NULL
      WHERE project = $1 AND dataset = $2 AND period = $3 AND version = $4`,
    [project, dataset, period, undone.version, by],
  );
  await client.query(
    'UPDATE dayboard.version SET current = true, published_at = clock_timestamp() WHERE project = $1 AND dataset = $2 AND period = $3 AND version = $4',
    [project, dataset, period, undone.former],
  );
}

/** The days that one version of a delivery holds. */
export async function daysOfVersion(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
  version: number,
): Promise<Day[]> {
  const found = await client.query<{ day: Day }>(
    `SELECT jsonb_object_keys(days) AS day FROM dayboard.version
      WHERE project = $1 AND dataset = $2 AND period = $3 AND version = $4`,
    [project, dataset, period, version],
  );
  return found.rows.map((row) => row.day);
}

/** Each table takes some of the server's locks when it is dropped. */
const FORGOTTEN_AT_ONCE = 50;

/**
 * Forgets what versions of a dataset keep that were published more than so many days ago, some at a time; returns of
 * how many. The tables are dropped afterwards (unknownKept).
 */
export async function forgetKept(
  client: Queryable,
  project: string,
  dataset: string,
  days: number,
): Promise<number> {
  const found = await client.query(
    `UPDATE dayboard.version v SET kept_rows = NULL, kept_keys = NULL, kept_whole = NULL
       FROM (SELECT period, version FROM dayboard.version
              WHERE project = $1 AND dataset = $2 AND (kept_rows IS NOT NULL OR kept_whole IS NOT NULL)
                AND published_at < clock_timestamp() - make_interval(days => $3) ORDER BY published_at LIMIT ${FORGOTTEN_AT_ONCE}) old
      WHERE v.project = $1 AND v.dataset = $2 AND v.period = old.period AND v.version = old.version`,
    [project, dataset, days],
  );
  return found.rowCount ?? 0;
}

/** Kept tables that no version of any project names: a table and the version that names it are committed together. */
export async function unknownKept(client: Queryable): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('dayboard') AND relkind = 'r' AND relname ~ '^kept_'
        AND relname::text NOT IN (SELECT named FROM dayboard.version v CROSS JOIN LATERAL (VALUES (v.kept_rows), (v.kept_keys), (v.kept_whole)) k (named)
                                   WHERE (v.kept_rows IS NOT NULL OR v.kept_whole IS NOT NULL) AND named IS NOT NULL)`,
  );
  return found.rows.map(({ name }) => name);
}

/** How many of the newest deliveries are asked for the newest day that any of them holds. */
const REACH = 40;

/** The newest day that the current versions of each dataset hold, by dataset. */
export async function newestDays(
  client: Queryable,
  project: string,
  datasets: readonly string[],
): Promise<Map<string, Day>> {
  const found = await client.query<{ dataset: string; day: Day }>(
    `SELECT d AS dataset, max(day) AS day
       FROM unnest($2::text[]) AS d
      CROSS JOIN LATERAL (SELECT days FROM dayboard.version v WHERE v.project = $1 AND v.dataset = d AND v.current ORDER BY v.period DESC LIMIT ${REACH}) newest
      CROSS JOIN LATERAL jsonb_object_keys(newest.days) AS day
      GROUP BY d`,
    [project, datasets],
  );
  return new Map(found.rows.map((row) => [row.dataset, row.day]));
}

/** When a delivery of each dataset was last published (ISO, UTC), by dataset. */
export async function lastPublished(client: Queryable, project: string): Promise<Map<string, string>> {
  const found = await client.query<{ dataset: string; at: Date }>(
    'SELECT dataset, max(published_at) AS at FROM dayboard.version WHERE project = $1 GROUP BY dataset',
    [project],
  );
  return new Map(found.rows.map(({ dataset, at }) => [dataset, at.toISOString()]));
}
