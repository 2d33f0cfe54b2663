import { shortName } from '../ledger/short-name.ts';
import type { Period, RelationName } from '../project/model.ts';

/** What a work table is for: the file as it is, or one of the steps after it. */
export type StagingPurpose = 'file' | 'p' | 'added' | 'removed' | 'lost' | 'pairs' | `day_${string}`;

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
  return { schema: 'dayboard_staging', name: shortName(`${dataset}_${period.replaceAll('-', '_')}`, end) };
}
