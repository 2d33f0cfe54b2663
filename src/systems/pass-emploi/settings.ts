import type { Environment } from '../../project/environment.ts';
import type { ExistingRelation, Period } from '../../project/model.ts';
import { unitOf } from '../../project/period.ts';
import { invalidConfig, Problems } from '../../project/problems.ts';
import { listed } from '../listed.ts';

export const SYSTEM = 'pass-emploi';

/** The zone of days, weeks and the schedule. The original takes weeks from sessions in UTC and its cron from Paris. */
export const TIME_ZONE = 'Europe/Paris';

/** The variables that the original has. */
export const SOURCE_URL = 'DUMP_RESTORE_DB_SOURCE';
export const TARGET_URL = 'DUMP_RESTORE_DB_TARGET';

/** The source database, as datasets name it. */
export const SOURCE = 'production';

/** The table of events at the target, and the dataset that fills it. */
export const EVENTS = 'evenement_engagement';

/**
 * Switches back to what the original did, for dashboards that must see its numbers.
 *
 * inclusive-end  an event at 00:00 sharp of a Monday counts for the week before too, in the users of one and two months
 * null-zeros     rows without structure or type of user have 0 in four of their five indicators
 */
export const PARITY = ['inclusive-end', 'null-zeros'] as const;
export type Parity = (typeof PARITY)[number];

/** What of the environment decides this system's definition. */
export interface Settings {
  parity: ReadonlySet<Parity>;
  /** Relations of the original: filled in place, or replaced by dayboard's own. 'schema.name'. */
  existing: Record<string, ExistingRelation>;
  /** The first week of the weekly tables; that of the first known event when it is not said. */
  since?: Period;
}

/**
 * PASS_EMPLOI_PARITY, PASS_EMPLOI_KEEP and PASS_EMPLOI_REPLACE, all comma lists, and PASS_EMPLOI_SINCE, a week.
 * @param relations every relation that this system computes, 'schema.name'
 * @throws DayboardError 'config.invalid'
 */
export function readSettings(environment: Environment, relations: readonly string[]): Settings {
  const problems = new Problems();
  const parity = listed('PASS_EMPLOI_PARITY', environment, PARITY, problems);
  const keep = listed('PASS_EMPLOI_KEEP', environment, relations, problems);
  const replace = listed('PASS_EMPLOI_REPLACE', environment, relations, problems);
  const since = environment['PASS_EMPLOI_SINCE']?.trim();
  if (since && unitOf(since) !== 'week')
    problems.at('PASS_EMPLOI_SINCE').add(`"${since}" is no week`, "write the first one: '2022-W01'");
  if (problems.found.length > 0) throw invalidConfig(problems.found, SYSTEM);
  return {
    parity: new Set(parity),
    existing: {
      ...Object.fromEntries(keep.map((relation) => [relation, 'keep' as const])),
      ...Object.fromEntries(replace.map((relation) => [relation, 'replace' as const])),
    },
    ...(since ? { since } : {}),
  };
}
