import type { ErrorValue } from '../project/errors.ts';
import type { ListedObject } from '../source/source.ts';
import type { Dataset, Period, Project } from '../project/model.ts';
import { periodOf } from '../project/period.ts';
import type { Progress, StepKind } from '../plan/plan.ts';
import { deliveryKey, type DeliveryFacts } from '../plan/facts.ts';
import type { Queryable } from './client.ts';

/** Periods of one dataset, both ends included. */
export interface DeliveryRange {
  dataset: string;
  first: Period;
  last: Period;
}

/**
 * Joined by every reader below. Periods of one unit have one length and compare as text in every collation. Each range is
 * read by the index: OFFSET 0 keeps the planner, which cannot guess how much a range holds, from reading all of a table.
 */
const RANGES = `unnest($2::text[], $3::text[], $4::text[]) AS wanted (dataset, first, last)`;

/** What the ledger knows of the deliveries in these ranges, by deliveryKey. `alive` are the runs that still run. */
export async function readDeliveries(
  client: Queryable,
  project: string,
  ranges: readonly DeliveryRange[],
  alive: readonly string[],
): Promise<Map<string, DeliveryFacts>> {
  const facts = new Map<string, DeliveryFacts>();
  const at = (dataset: string, period: Period): DeliveryFacts => {
    const key = deliveryKey(dataset, period);
    let found = facts.get(key);
    if (found === undefined) facts.set(key, (found = { dataset, period }));
    return found;
  };
  const parameters = [
    project,
    ranges.map((each) => each.dataset),
    ranges.map((each) => each.first),
    ranges.map((each) => each.last),
  ];
  for (const row of await readVersions(client, parameters)) at(row.dataset, row.period).version = row.version;
  for (const row of await readUndone(client, parameters)) {
    const found = at(row.dataset, row.period);
    if (row.undone.version > (found.version?.version ?? 0)) found.undone = row.undone;
  }
  for (const row of await readObjects(client, parameters)) at(row.dataset, row.period).object = row.object;
  for (const row of await readAttempts(client, parameters, alive))
    at(row.dataset, row.period).attempt = row.attempt;
  return facts;
}

/** A time as a number: reading thousands of them as text takes longer than the query. */
function milliseconds(column: string): string {
  return `floor(extract(epoch FROM ${column}) * 1000)::bigint`;
}

type Found<K extends keyof DeliveryFacts> = { dataset: string; period: Period } & {
  [P in K]: NonNullable<DeliveryFacts[P]>;
};

/**
 * A dataset's rows come as one JSON value: a board of months has thousands, and the driver takes longer over as many
 * rows than the server over the query.
 */
interface Packed<T extends unknown[]> {
  dataset: string;
  packed: T[];
}

type VersionRow = [
  period: string,
  version: number,
  key: string,
  etag: string,
  rows: number,
  rulesHash: string,
  lacks: boolean,
  findings: Array<{ guard: string; message: string }>,
  publishedAt: number,
  run: string | null,
];

async function readVersions(client: Queryable, parameters: unknown[]): Promise<Array<Found<'version'>>> {
  const found = await client.query<Packed<VersionRow>>(
    `SELECT v.dataset, json_agg(json_build_array(v.period, v.version, v.key, v.etag, v.kept, v.rules_hash, v.lacks, v.findings,
                                                 ${milliseconds('v.published_at')}, v.run::text)) AS packed
       FROM ${RANGES}
      CROSS JOIN LATERAL (SELECT * FROM dayboard.version WHERE project = $1 AND current AND dataset = wanted.dataset
                             AND period BETWEEN wanted.first AND wanted.last OFFSET 0) v
      GROUP BY v.dataset`,
    parameters,
  );
  return found.rows.flatMap(({ dataset, packed }) =>
    packed.map(([period, version, key, etag, rows, rulesHash, lacks, findings, publishedAt, run]) => ({
      dataset,
      period,
      version: {
        version,
        key,
        etag,
        rows,
        rulesHash,
        findings,
        publishedAt: new Date(publishedAt).toISOString(),
        ...(lacks ? { lacks: true as const } : {}),
        ...(run === null ? {} : { run }),
      },
    })),
  );
}

/** The newest version of each delivery that was taken back. */
async function readUndone(client: Queryable, parameters: unknown[]): Promise<Array<Found<'undone'>>> {
  const found = await client.query<{
    dataset: string;
    period: string;
    version: number;
    key: string;
    etag: string;
    undone_at: Date;
    undone_by: string;
  }>(
    `SELECT DISTINCT ON (v.dataset, v.period) v.dataset, v.period, v.version, v.key, v.etag, v.undone_at, v.undone_by
       FROM ${RANGES}
      CROSS JOIN LATERAL (SELECT * FROM dayboard.version WHERE project = $1 AND undone_at IS NOT NULL AND dataset = wanted.dataset
                             AND period BETWEEN wanted.first AND wanted.last OFFSET 0) v
      ORDER BY v.dataset, v.period, v.version DESC`,
    parameters,
  );
  return found.rows.map(({ dataset, period, version, key, etag, undone_at: at, undone_by: by }) => ({
    dataset,
    period,
    undone: { version, key, etag, at: at.toISOString(), by },
  }));
}

type ObjectRow = [
  period: string,
  key: string,
  size: number,
  etag: string,
  modified: number,
  firstSeen: number,
  fetchedEtag: string | null,
];

async function readObjects(client: Queryable, parameters: unknown[]): Promise<Array<Found<'object'>>> {
  const found = await client.query<Packed<ObjectRow>>(
    `SELECT o.dataset, json_agg(json_build_array(o.period, o.key, o.size, o.etag, ${milliseconds('o.modified')},
                                                 ${milliseconds('o.first_seen')}, o.fetched_etag)) AS packed
       FROM ${RANGES}
      CROSS JOIN LATERAL (SELECT * FROM dayboard.object WHERE project = $1 AND dataset = wanted.dataset
                             AND period BETWEEN wanted.first AND wanted.last OFFSET 0) o
      GROUP BY o.dataset`,
    parameters,
  );
  return found.rows.flatMap(({ dataset, packed }) =>
    packed.map(([period, key, size, etag, modified, firstSeen, fetchedEtag]) => ({
      dataset,
      period,
      object: {
        key,
        size,
        etag,
        modified: new Date(modified).toISOString(),
        firstSeen: new Date(firstSeen).toISOString(),
        ...(fetchedEtag === null ? {} : { fetchedEtag }),
      },
    })),
  );
}

interface AttemptRow {
  target: string;
  period: string;
  run: string;
  kind: StepKind;
  state: 'failed' | 'running' | 'queued';
  at: Date;
  rows: string | null;
  bytes: string | null;
  total_bytes: string | null;
  detail: ProgressDetail & { etag?: string };
  error: ErrorValue | null;
  by_user: string;
  host: string;
  run_started_at: Date;
}

/** The newest run's failed or unfinished step of each delivery, unless a later run did the same step well. */
async function readAttempts(
  client: Queryable,
  parameters: unknown[],
  alive: readonly string[],
): Promise<Array<Found<'attempt'>>> {
  const found = await client.query<AttemptRow>(
    `SELECT DISTINCT ON (s.target, s.period)
            s.target, s.period, s.run, s.kind, s.state, coalesce(s.finished_at, s.started_at, r.started_at) AS at,
            s.rows, s.bytes, s.total_bytes, s.detail, s.error, r.by_user, r.host, r.started_at AS run_started_at
       FROM ${RANGES}
       JOIN dayboard.step s ON s.project = $1 AND s.target = wanted.dataset AND s.kind IN ('fetch', 'load', 'publish', 'undo', 'diff')
        AND s.state IN ('failed', 'running', 'queued')
        AND s.period BETWEEN wanted.first AND wanted.last
       JOIN dayboard.run r ON r.id = s.run
      WHERE (s.state = 'failed' OR s.state = 'running' OR s.run::text = ANY ($5))
        -- What was published stands when it could not be taken back or compared.
        AND (r.command NOT IN ('undo', 'diff') OR s.run::text = ANY ($5))
        AND NOT EXISTS (
          SELECT FROM dayboard.step later
           WHERE later.project = s.project AND later.target = s.target AND later.period = s.period
             AND later.run > s.run AND later.kind = s.kind AND later.state = 'done')
      ORDER BY s.target, s.period, s.run DESC, (s.state = 'failed') DESC, (s.state = 'running') DESC, s.seq`,
    [...parameters, alive],
  );
  return found.rows.map((row) => ({
    dataset: row.target,
    period: row.period,
    attempt: attemptOf(row, alive),
  }));
}

function attemptOf(row: AttemptRow, alive: readonly string[]): NonNullable<DeliveryFacts['attempt']> {
  const dead = row.state !== 'failed' && !alive.includes(row.run);
  const error = dead ? INTERRUPTED : row.error;
  return {
    run: row.run,
    kind: row.kind,
    state: dead ? 'failed' : row.state,
    by: `${row.by_user} on ${row.host}`,
    runSince: row.run_started_at.toISOString(),
    at: row.at.toISOString(),
    ...(row.detail.etag === undefined ? {} : { etag: row.detail.etag }),
    ...(error === null ? {} : { error }),
    ...(row.state === 'running' ? { progress: progressOf(row) } : {}),
  };
}

/** The error of a step whose process is gone. */
export const INTERRUPTED: ErrorValue = {
  code: 'run.interrupted',
  message: 'The process that ran it is gone; nothing of it was published.',
  facts: {},
  next: 'Run it again.',
};

/** The part of a step's detail that its progress wrote. */
export type ProgressDetail = Pick<Progress, 'phase' | 'phaseShare' | 'etaSeconds' | 'estimated'>;

export function progressOf(row: {
  rows: string | null;
  bytes: string | null;
  total_bytes: string | null;
  detail: ProgressDetail;
}): Progress {
  return {
    ...(row.rows === null ? {} : { rows: Number(row.rows) }),
    ...(row.bytes === null ? {} : { bytes: Number(row.bytes) }),
    ...(row.total_bytes === null ? {} : { totalBytes: Number(row.total_bytes) }),
    ...(row.detail.phase === undefined ? {} : { phase: row.detail.phase }),
    ...(row.detail.phaseShare === undefined ? {} : { phaseShare: row.detail.phaseShare }),
    ...(row.detail.etaSeconds === undefined ? {} : { etaSeconds: row.detail.etaSeconds }),
    ...(row.detail.estimated === undefined ? {} : { estimated: row.detail.estimated }),
  };
}

/**
 * From which period on a source need be listed, for datasets with a watermark: that of the newest row that was loaded,
 * as many days before it as rows may be committed late, or the oldest object that was seen and is not loaded. Datasets of
 * which nothing is loaded are not in the answer: all of theirs is listed. The newest row never gets older, whatever is
 * deleted at the source; one that is stamped in the future does not hide what comes until then.
 */
export async function listingFloors(
  client: Queryable,
  project: string,
  datasets: readonly Dataset[],
): Promise<Map<string, Period>> {
  const floors = new Map<string, Period>();
  for (const { name, period, timeZone, select } of datasets) {
    if (select === undefined) continue;
    const found = await client.query<{ day: string | null; waiting: string | null }>(
      `SELECT ((max(least(v.modified, now())) AT TIME ZONE $3)::date - $4::int)::text AS day,
              (SELECT min(o.period) FROM dayboard.object o
                WHERE o.project = $1 AND o.dataset = $2
                  AND NOT EXISTS (SELECT FROM dayboard.version c WHERE c.project = $1 AND c.dataset = $2
                                     AND c.period = o.period AND c.current AND (c.key, c.etag) = (o.key, o.etag))) AS waiting
         FROM dayboard.version v WHERE v.project = $1 AND v.dataset = $2 AND v.undone_at IS NULL`,
      [project, name, timeZone, select.overlapDays],
    );
    const { day, waiting } = found.rows[0] ?? { day: null, waiting: null };
    if (day === null) continue;
    const floor = periodOf(day, period);
    floors.set(name, waiting !== null && waiting < floor ? waiting : floor);
  }
  return floors;
}

/**
 * Writes what a listing saw: new and changed objects, and takes out those of the listed datasets that are gone, from
 * the period on that was looked at. Returns how many are new or changed.
 */
export async function writeListing(
  client: Queryable,
  project: string,
  source: string,
  datasets: readonly string[],
  listed: readonly ListedObject[],
  floors: ReadonlyMap<string, Period> = new Map(),
): Promise<number> {
  await client.query('BEGIN');
  try {
    const changed = await writeObjects(client, project, listed);
    const gone = await client.query(
      `DELETE FROM dayboard.object o
        WHERE o.project = $1 AND o.dataset = ANY ($2)
          AND NOT EXISTS (SELECT FROM unnest($5::text[], $6::text[]) AS f (dataset, floor) WHERE f.dataset = o.dataset AND o.period < f.floor)
          AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[]) AS l (dataset, period) WHERE l.dataset = o.dataset AND l.period = o.period)`,
      [
        project,
        datasets,
        listed.map((each) => each.dataset),
        listed.map((each) => each.period),
        [...floors.keys()],
        [...floors.values()],
      ],
    );
    await client.query(
      `INSERT INTO dayboard.listing (project, source, listed_at, objects) VALUES ($1, $2, clock_timestamp(), $3)
       ON CONFLICT (project, source) DO UPDATE SET listed_at = clock_timestamp(), objects = excluded.objects, error = NULL`,
      [project, source, listed.length],
    );
    await client.query('COMMIT');
    return changed + (gone.rowCount ?? 0);
  } catch (thrown) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

/** Writes objects that were seen at a source, as a listing would; what else was seen before stays. Returns how many are new or changed. */
export async function writeObjects(
  client: Queryable,
  project: string,
  listed: readonly ListedObject[],
): Promise<number> {
  const changed = await client.query(
    `INSERT INTO dayboard.object AS o (project, dataset, period, key, size, etag, modified)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[])
     ON CONFLICT (project, dataset, period) DO UPDATE
       SET key = excluded.key, size = excluded.size, etag = excluded.etag, modified = excluded.modified,
           first_seen = clock_timestamp(), last_seen = clock_timestamp()
       WHERE (o.key, o.size, o.etag, o.modified) IS DISTINCT FROM (excluded.key, excluded.size, excluded.etag, excluded.modified)`,
    [
      project,
      listed.map((each) => each.dataset),
      listed.map((each) => each.period),
      listed.map((each) => each.object.key),
      listed.map((each) => each.object.size),
      listed.map((each) => each.object.etag),
      listed.map((each) => each.object.modified),
    ],
  );
  return changed.rowCount ?? 0;
}

/** Records that a source could not be listed; what was seen before stays, with its age. */
export async function writeListingError(
  client: Queryable,
  project: string,
  source: string,
  error: ErrorValue,
): Promise<void> {
  await client.query(
    `INSERT INTO dayboard.listing (project, source, listed_at, objects, error) VALUES ($1, $2, NULL, 0, $3)
     ON CONFLICT (project, source) DO UPDATE SET error = excluded.error`,
    [project, source, JSON.stringify(error)],
  );
}

/** When the sources were last listed (the oldest of them), and what went wrong since. */
export async function readListing(
  client: Queryable,
  project: string,
): Promise<{ listedAt?: string; error?: ErrorValue }> {
  const found = await client.query<{ listed_at: Date | null; error: ErrorValue | null }>(
    'SELECT listed_at, error FROM dayboard.listing WHERE project = $1 ORDER BY listed_at NULLS FIRST',
    [project],
  );
  const error = found.rows.find((row) => row.error !== null)?.error;
  const oldest = found.rows[0]?.listed_at ?? undefined;
  return {
    ...(oldest === undefined ? {} : { listedAt: oldest.toISOString() }),
    ...(error === undefined || error === null ? {} : { error }),
  };
}

/** Marks a delivery's object as verified in the cache. */
export async function markFetched(
  client: Queryable,
  project: string,
  dataset: string,
  period: Period,
  etag: string,
): Promise<void> {
  await client.query(
    `UPDATE dayboard.object SET fetched_etag = $4, fetched_at = clock_timestamp() WHERE project = $1 AND dataset = $2 AND period = $3`,
    [project, dataset, period, etag],
  );
}

/** The first period of each dataset of which the source or the ledger has anything, by dataset. */
export async function firstPeriods(
  client: Queryable,
  project: Pick<Project, 'name' | 'datasets'>,
): Promise<Map<string, Period>> {
  const found = await client.query<{ dataset: string; period: string | null }>(
    `SELECT d AS dataset,
            least((SELECT min(period) FROM dayboard.object o WHERE o.project = $1 AND o.dataset = d),
                  (SELECT min(period) FROM dayboard.version v WHERE v.project = $1 AND v.dataset = d)) AS period
       FROM unnest($2::text[]) AS d`,
    [project.name, project.datasets.map((dataset) => dataset.name)],
  );
  return new Map(
    found.rows.flatMap(({ dataset, period }) => (period === null ? [] : [[dataset, period] as const])),
  );
}
