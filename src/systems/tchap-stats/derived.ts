import type { CheckInput, ProjectInput, RollupInput, ViewInput } from '../../project/input.ts';
import { sqlText } from '../sql-text.ts';
import { visitLimits } from './freshness.ts';
import { SYSTEM, type Settings } from './settings.ts';
import { OTHER } from './user-agents.ts';

/** Names that dashboards know. The numbers behind 'v' only say how often the original was rewritten. */
const BY_DAY = 'user_daily_visits_agg_30d_v2';
const BY_MONTH = 'user_daily_visits_by_month_1y_v3';
const LITE = 'user_monthly_visits_lite';
/** The months without a published view, when a plain view has their name. */
const MONTHS = 'user_daily_visits_months';

type Derived = Required<Pick<ProjectInput, 'rollups' | 'views' | 'checks'>>;

/** The three aggregates and the checks over them. */
export function derived(settings: Settings): Derived {
  if (settings.parity.has('partial-windows')) {
    return {
      rollups: [months(settings, MONTHS), lite(settings, MONTHS)],
      views: [byDayView(settings), byMonthView()],
      checks: checks(settings),
    };
  }
  return {
    rollups: [byDay(settings), months(settings, BY_MONTH), lite(settings, BY_MONTH)],
    views: [],
    checks: checks(settings),
  };
}

function visits(platform: string) {
  return { kind: 'count', where: `platform = '${platform}'`, type: 'bigint' } as const;
}

function byDay({ timeZone }: Settings): RollupInput {
  return {
    name: BY_DAY,
    description: 'Visits per day, user, instance and domain, of the last 30 days',
    over: 'user_daily_visits',
    groups: {
      day: { type: 'timestamptz', sql: `date_trunc('day', visit_ts, '${timeZone.replaceAll("'", "''")}')` },
      user_id: 'varchar',
      instance: 'varchar',
      domain: 'varchar',
    },
    measures: {
      visits_count: { kind: 'count', type: 'bigint' },
      web_visits_count: visits('Web'),
      mobile_visits_count: visits('Mobile'),
      other_visits_count: visits(OTHER),
    },
    bucket: { group: 'day', unit: 'day' },
    published: { window: { count: 30, unit: 'day' } },
    freshness: visitLimits(timeZone),
    corrections: [
      {
        original:
          'It begins 30 times 24 hours before its refresh, so its first day is cut and depends on the hour.',
        corrected: 'It holds whole days, and follows each publish at once.',
        parity: 'partial-windows',
      },
    ],
  };
}

/** One row per user, device and month that has any, without counts. */
function months({ timeZone }: Settings, name: string): RollupInput {
  return {
    name,
    description: 'Users, devices and device types of each month, of the last 12 months',
    over: 'user_daily_visits',
    where: `device_type <> '${OTHER}'`,
    groups: {
      user_id: 'varchar',
      month: { type: 'date', sql: "date_trunc('month', visit_date::timestamp)::date" },
      device_id: 'varchar',
      instance: 'varchar',
      domain: 'varchar',
      device_type: 'varchar',
      platform: 'varchar',
    },
    bucket: { group: 'month', unit: 'month' },
    published: name === BY_MONTH && { window: { count: 12, unit: 'month' } },
    freshness: visitLimits(timeZone),
    corrections: [
      {
        original:
          'It begins a year before its refresh, in the middle of a month, so its first month is too small.',
        corrected: 'It holds whole months, and follows each publish at once.',
        parity: 'partial-windows',
      },
    ],
  };
}

function lite({ timeZone }: Settings, over: string): RollupInput {
  const orderBy = ['instance', 'domain'];
  return {
    name: LITE,
    description: 'Users of each month, each once',
    over,
    groups: { user_id: 'varchar', visit_date: { type: 'date', sql: '"month"' } },
    measures: {
      instance: { kind: 'pick', column: 'instance', orderBy, type: 'varchar' },
      domain: { kind: 'pick', column: 'domain', orderBy, type: 'varchar' },
    },
    bucket: { group: 'visit_date', unit: 'month' },
    freshness: visitLimits(timeZone),
    corrections: [
      {
        original: 'Only the last 30 days are ever added: an older day that is loaded later never counts.',
        corrected: 'Every month is the one that the raw rows give, whenever they came.',
      },
      {
        original: 'Of a user with several instances or domains an arbitrary one is kept.',
        corrected: 'The first pair of instance and domain in alphabetical order.',
      },
    ],
  };
}

function byDayView({ timeZone }: Settings): ViewInput {
  return {
    name: BY_DAY,
    description: 'Visits per day, user, instance and domain, of the 30 days before the refresh',
    reads: ['user_daily_visits'],
    sql: sqlText(SYSTEM, BY_DAY, { time_zone: timeZone }),
    indexes: [{ name: `${BY_DAY}_idx`, columns: ['day', 'user_id', 'instance', 'domain'], unique: true }],
    through: `max((day AT TIME ZONE '${timeZone.replaceAll("'", "''")}')::date)`,
    freshness: visitLimits(timeZone),
  };
}

function byMonthView(): ViewInput {
  const columns = ['user_id', 'month', 'device_id', 'instance', 'domain', 'device_type', 'platform'];
  return {
    name: BY_MONTH,
    description: 'Users, devices and device types of each month, of the year before the refresh',
    reads: ['user_daily_visits'],
    sql: sqlText(SYSTEM, BY_MONTH),
    indexes: [
      { name: `${BY_MONTH}_idx`, columns, unique: true },
      ...columns.map((column) => ({ name: `${BY_MONTH}_${column}_idx`, columns: [column] })),
    ],
  };
}

function checks({ timeZone }: Settings): CheckInput[] {
  return [
    {
      name: 'months_match_visits',
      description: `Users per month in ${BY_MONTH} and in the raw rows: this month and the three before`,
      of: ['user_daily_visits', BY_MONTH],
      sql: sqlText(SYSTEM, 'months_match_visits', { time_zone: timeZone }),
      timeoutSeconds: 900,
    },
    {
      name: 'lite_matches_visits',
      description: `Users per month in ${LITE} and in the raw rows: this month and the three before`,
      of: ['user_daily_visits', LITE],
      sql: sqlText(SYSTEM, 'lite_matches_visits', { time_zone: timeZone }),
      timeoutSeconds: 900,
    },
    {
      name: 'days_match_visits',
      description: `Visits per day in ${BY_DAY} and in the raw rows, and their parts`,
      of: ['user_daily_visits', BY_DAY],
      sql: sqlText(SYSTEM, 'days_match_visits', { time_zone: timeZone }),
      timeoutSeconds: 900,
    },
    {
      name: 'visits_are_enriched',
      description: 'No visit without platform, device type or day',
      of: ['user_daily_visits'],
      sql: sqlText(SYSTEM, 'visits_are_enriched'),
      timeoutSeconds: 300,
    },
  ];
}
