import type { Day, Period } from '../project/model.ts';
import type { Queryable } from './client.ts';

/** A change of what one delivery has in its dataset. */
export interface DeliveryChange {
  project: string;
  dataset: string;
  period: Period;
  /** The day that all rows of the change lie in; undefined when they lie in several, or it is not known. */
  day: Day | undefined;
}

/**
 * Whether nothing but this delivery has changed in its dataset since it came, and all that it changed was of this day.
 * The caller holds the dataset's table lock.
 */
export async function isArrival(
  client: Queryable,
  { project, dataset, period, day }: DeliveryChange,
): Promise<boolean> {
  if (day === undefined) return false;
  const found = await client.query(
    'SELECT FROM dayboard.arrival WHERE project = $1 AND dataset = $2 AND period = $3 AND day = $4',
    [project, dataset, period, day],
  );
  return found.rowCount !== 0;
}

/**
 * Notes a change, in the transaction that makes it.
 *
 * @param comes nothing of the delivery was there before
 */
export async function noteChange(
  client: Queryable,
  { project, dataset, period, day }: DeliveryChange,
  comes: boolean,
): Promise<void> {
  if (comes && day !== undefined)
    await client.query(
      `INSERT INTO dayboard.arrival (project, dataset, period, day) VALUES ($1, $2, $3, $4)
       ON CONFLICT (project, dataset) DO UPDATE SET period = excluded.period, day = excluded.day`,
      [project, dataset, period, day],
    );
  else
    await client.query(
      `DELETE FROM dayboard.arrival WHERE project = $1 AND dataset = $2
          AND (period <> $3 OR day IS DISTINCT FROM $4::date)`,
      [project, dataset, period, day ?? null],
    );
}

/** Forgets what came last to a dataset: witnesses of its lists were chosen anew. In the transaction that does so. */
export async function forgetArrival(client: Queryable, project: string, dataset: string): Promise<void> {
  await client.query('DELETE FROM dayboard.arrival WHERE project = $1 AND dataset = $2', [project, dataset]);
}
