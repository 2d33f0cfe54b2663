import { defineProject } from '../../project/define.ts';
import { events } from './datasets.ts';
import { SYSTEM, TARGET_URL, TIME_ZONE } from './settings.ts';
import { sources } from './sources.ts';

/**
 * The analytics of Pass Emploi (CEJ): events of the application, copied from its database every night into one that
 * Metabase reads, and weekly aggregates. Runs with the variables that the original has (DUMP_RESTORE_DB_SOURCE,
 * DUMP_RESTORE_DB_TARGET). What differs from the original stands in the `corrections` of each part.
 */
export default defineProject({
  name: SYSTEM,
  title: 'Pass Emploi analytics',
  timeZone: TIME_ZONE,
  urlVariable: TARGET_URL,
  schedule: { at: '02:30', timeZone: TIME_ZONE },
  sources,
  datasets: [events()],
});
