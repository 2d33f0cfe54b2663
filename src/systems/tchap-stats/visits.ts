import { dayOf } from '../../project/enrichments.ts';
import type { DatasetInput } from '../../project/input.ts';
import { COMMON_GUARDS, firstWinsCorrection, PERSONAL, winnerOf } from './common.ts';
import { visitLimits } from './freshness.ts';
import type { Settings } from './settings.ts';
import { deviceType, platform } from './user-agents.ts';

/** One row per user, device and day, whatever the name says. */
export function userDailyVisits(settings: Settings): DatasetInput {
  return {
    name: 'user_daily_visits',
    description: 'Devices that used Tchap, one row per user, device and day',
    key: 'user_daily_visits_{period}.csv',
    carries: { kind: 'window', key: ['user_id', 'device_id', 'visit_ts'], winner: winnerOf(settings) },
    file: ['user_id', 'device_id', 'visit_ts', 'user_agent', 'instance', 'domain'],
    table: {
      columns: {
        user_id: PERSONAL,
        device_id: PERSONAL,
        visit_ts: 'timestamptz',
        user_agent: 'varchar',
        instance: 'varchar',
        domain: 'varchar',
        platform: { type: 'varchar', nullable: true, value: platform },
        device_type: { type: 'varchar', nullable: true, value: deviceType },
        visit_date: { type: 'date', nullable: true, value: dayOf('visit_ts') },
      },
      partitionBy: 'visit_ts',
      keyIndex: 'unique_user_daily_idx',
      indexes: [
        { name: 'user_daily_visits_visit_ts_desc_idx', columns: ['visit_ts DESC'] },
        { name: 'user_daily_visits_visit_date_desc_idx', columns: ['visit_date DESC'] },
        {
          name: 'user_daily_visits_platform_null_idx',
          columns: ['platform'],
          where: 'platform IS NULL',
        },
      ],
    },
    // What Synapse itself has done since its own duplicates were found: the greatest agent of the day.
    duplicates: ['user_agent DESC', 'instance', 'domain'],
    guards: {
      ...COMMON_GUARDS,
      // Deliveries overlap: the original once took their last 3 and then their last 30 days, and now takes all. Three
      // months leave room for more; rows after the delivery's own day are those of another delivery.
      days: { before: 92, after: 1, action: 'stop' },
    },
    freshness: { column: 'visit_date', ...visitLimits(settings.timeZone) },
    corrections: [
      firstWinsCorrection('A visit', 'user_agent, instance and domain'),
      {
        original: "visit_date and the aggregates' days are cast in the time zone of whatever session runs.",
        corrected: `They are in one zone, ${settings.timeZone} (TCHAP_STATS_TIME_ZONE).`,
      },
      {
        original:
          'Rows beyond ten million a night keep NULL in platform and device_type and drop out of counts.',
        corrected: 'All three are computed on the way in.',
      },
      {
        original: 'When the rules change, rows that were loaded before keep the old values for ever.',
        corrected:
          'Deliveries that were loaded under other rules are shown as stale and can be loaded again.',
      },
      {
        original: 'user_daily_visits_visit_date_desc_idx is on visit_ts, and visit_date has no index.',
        corrected: 'It is on visit_date.',
      },
    ],
  };
}
