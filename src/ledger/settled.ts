import type { Day, Period } from '../project/model.ts';
import type { Queryable } from './client.ts';

/** A published version. */
export interface PublishedVersion {
  period: Period;
  version: number;
  days: Record<Day, number>;
}

/** The current version, published longest ago and more than so many days ago, that can still be taken back. */
export async function nextToSettle(
  client: Queryable,
  project: string,
  dataset: string,
  days: number,
): Promise<PublishedVersion | undefined> {
  const found = await client.query<PublishedVersion>(
    `SELECT period, version, days FROM dayboard.version
      WHERE project = $1 AND dataset = $2 AND current AND NOT settled
        AND published_at < clock_timestamp() - make_interval(days => $3) ORDER BY published_at LIMIT 1`,
    [project, dataset, days],
  );
  return found.rows[0];
}

/** Notes that a version cannot be taken back any more. */
export async function markSettled(
  client: Queryable,
  project: string,
  dataset: string,
  { period, version }: PublishedVersion,
): Promise<void> {
  await client.query(
    'UPDATE dayboard.version SET settled = true WHERE project = $1 AND dataset = $2 AND period = $3 AND version = $4',
    [project, dataset, period, version],
  );
}

/** The periods of a dataset that have a current version, and whether that one is settled. */
export async function publishedPeriods(
  client: Queryable,
  project: string,
  dataset: string,
): Promise<Array<{ period: Period; settled: boolean }>> {
  const found = await client.query<{ period: Period; settled: boolean }>(
    'SELECT period, settled FROM dayboard.version WHERE project = $1 AND dataset = $2 AND current',
    [project, dataset],
  );
  return found.rows;
}

/** Notes that rows of deliveries were given up: of every version that an undo can bring back. */
export async function markGaveUp(
  client: Queryable,
  project: string,
  dataset: string,
  periods: readonly Period[],
): Promise<void> {
  await client.query(
    'UPDATE dayboard.version SET gave_up = true WHERE project = $1 AND dataset = $2 AND period = ANY ($3) AND NOT gave_up',
    [project, dataset, periods],
  );
}

/** The periods whose deliveries gave rows up, of those that have rows of some days where days are named. */
export async function periodsThatGaveUp(
  client: Queryable,
  project: string,
  dataset: string,
  days: readonly Day[] | undefined,
): Promise<Period[]> {
  const found = await client.query<{ period: Period }>(
    `SELECT DISTINCT period FROM dayboard.version
      WHERE project = $1 AND dataset = $2 AND gave_up AND ($3::text[] IS NULL OR days ?| $3)`,
    [project, dataset, days],
  );
  return found.rows.map(({ period }) => period);
}

/** Notes that what deliveries gave up is needed again. */
export async function markLacking(
  client: Queryable,
  project: string,
  dataset: string,
  periods: readonly Period[],
): Promise<void> {
  await client.query(
    'UPDATE dayboard.version SET lacks = true WHERE project = $1 AND dataset = $2 AND period = ANY ($3) AND gave_up',
    [project, dataset, periods],
  );
}
