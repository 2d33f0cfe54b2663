import { defineProject } from '../../project/define.ts';
import type { ProjectInput } from '../../project/input.ts';
import { derived } from './derived.ts';
import { events, eventsBeforeRoomV9, subscriptions } from './hourly.ts';
import { systemScripts } from '../scripts.ts';
import { readSettings, type Settings, SYSTEM } from './settings.ts';
import { accountData, crisp, pushers, sso } from './snapshots.ts';
import { userDailyVisits } from './visits.ts';

/**
 * The statistics of Tchap, the French state's messenger: daily exports in an S3 bucket, tables and aggregates that
 * Metabase reads. Runs with the variables that the original has (DATABASE_URL, S3_*, CRON_SCHEDULE,
 * FORCE_SYNC_AT_START); settings.ts has those of this definition. What differs from the original stands in the
 * `corrections` of each part.
 */
export default defineProject((environment) => {
  const settings = readSettings(environment, relations());
  return {
    name: SYSTEM,
    title: 'Tchap statistics',
    timeZone: settings.timeZone,
    // The original's bucket is at OVH, in Gravelines; it runs in UTC.
    sources: { s3: { kind: 's3', endpoint: 'https://s3.gra.cloud.ovh.net', region: 'gra' } },
    schedule: { timeZone: 'UTC' },
    existing: settings.replace,
    parity: [...settings.parity],
    scripts: systemScripts(SYSTEM),
    ...parts(settings),
  };
});

function parts(settings: Settings): Pick<ProjectInput, 'datasets' | 'rollups' | 'views' | 'checks'> {
  return {
    // In the order of the original's nightly job.
    datasets: [
      userDailyVisits(settings),
      subscriptions(settings),
      events(settings),
      eventsBeforeRoomV9(settings),
      pushers(settings),
      accountData(),
      sso(settings),
      crisp(),
    ],
    ...derived(settings),
  };
}

/** Every relation that this system makes, 'schema.name'. */
function relations(): string[] {
  const all = parts({ timeZone: 'UTC', parity: new Set(), replace: {} });
  const tables = all.datasets.map((dataset) => dataset.table.name ?? dataset.name);
  const published = (all.rollups ?? []).map((rollup) => rollup.name);
  return [...new Set([...tables, ...published])].map((name) => `public.${name}`);
}
