import type { Environment } from '../../project/environment.ts';
import type { ExistingRelation } from '../../project/model.ts';
import { invalidConfig, Problems } from '../../project/problems.ts';
import { listed } from '../listed.ts';

export const SYSTEM = 'tchap-stats';

/**
 * Switches back to what the original did, for dashboards that must see its numbers.
 *
 * first-wins       what several deliveries carry keeps the values of the oldest of them, not of the newest
 * load-date        sso and pushers are stamped with the night after the delivery, when the original loaded them
 * partial-windows  the two windowed aggregates end at the moment of the refresh, in the middle of a day or month
 */
export const PARITY = ['first-wins', 'load-date', 'partial-windows'] as const;
export type Parity = (typeof PARITY)[number];

/** What of the environment decides this system's definition. */
export interface Settings {
  /** Zone of days and months. The original takes that of the session, which is UTC where it runs. */
  timeZone: string;
  parity: ReadonlySet<Parity>;
  /** Relations of others that dayboard may put its own in place of, 'schema.name'. */
  replace: Record<string, ExistingRelation>;
}

/**
 * TCHAP_STATS_TIME_ZONE, TCHAP_STATS_PARITY and TCHAP_STATS_REPLACE; the latter two are comma lists.
 * @param relations every relation that this system makes, 'schema.name'
 * @throws DayboardError 'config.invalid'
 */
export function readSettings(environment: Environment, relations: readonly string[]): Settings {
  const problems = new Problems();
  const parity = listed('TCHAP_STATS_PARITY', environment, PARITY, problems);
  const replace = listed('TCHAP_STATS_REPLACE', environment, relations, problems);
  if (problems.found.length > 0) throw invalidConfig(problems.found, SYSTEM);
  return {
    timeZone: environment['TCHAP_STATS_TIME_ZONE']?.trim() || 'UTC',
    parity: new Set(parity),
    replace: Object.fromEntries(replace.map((relation) => [relation, 'replace'])),
  };
}
