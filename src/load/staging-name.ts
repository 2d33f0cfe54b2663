import { createHash } from 'node:crypto';
import type { Period, RelationName } from '../project/model.ts';

/** PostgreSQL cuts longer names, and two cut names may be one. */
const LONGEST_NAME = 63;

/** What a work table is for: the file as it is, or one of the steps after it. */
export type StagingPurpose = 'file' | 'p' | 'added' | 'removed' | 'lost' | 'delta' | 'before' | 'after';

/**
 * The work table of a delivery in a run: 'user_daily_visits_2024_11_14_r12', with '_<purpose>' behind it unless it
 * holds the file. It ends in the run's number so that the tables of dead runs can be found.
 */
export function stagingName(
  dataset: string,
  period: Period,
  run: string,
  purpose: StagingPurpose = 'file',
): RelationName {
  const end = `_r${run}${purpose === 'file' ? '' : `_${purpose}`}`;
  const whole = `${dataset}_${period.replaceAll('-', '_')}`;
  const room = LONGEST_NAME - end.length;
  if (Buffer.byteLength(whole) <= room) return { schema: 'dayboard_staging', name: whole + end };
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 12);
  const start = Buffer.from(whole)
    .subarray(0, room - hash.length - 1)
    .toString()
    .replaceAll('\ufffd', '');
  return { schema: 'dayboard_staging', name: `${start}_${hash}${end}` };
}
