import type { Dataset, Project, Rollup, View } from '../../src/project/model.ts';

const NAMES = ['user_daily_visits', 'subscriptions', 'events', 'account_data', 'sso', 'crisp', 'pushers'];

const DESCRIPTIVE = [
  'orders',
  'order_lines',
  'refunds',
  'sessions',
  'page_views',
  'searches',
  'carts',
  'invoices',
  'shipments',
  'stock_levels',
  'price_changes',
  'support_conversations_by_channel_and_language',
];

function dataset(name: string, index: number): Dataset {
  return {
    name,
    description: '',
    ...(name === 'pushers' ? { off: 'takes 40 GB and is not used' } : {}),
    source: 's3',
    key: `${name}_{period}.csv`,
    period: 'day',
    timeZone: 'UTC',
    carries: { kind: 'window', key: ['id'], winner: 'newest' },
    file: [{ header: 'id', column: 'id' }],
    table: { schema: 'public', name: `${name}_aggregate`, columns: [], indexes: [] },
    duplicates: [],
    guards: { empty: 'mark' },
    expected: { days: 1, at: index % 3 === 0 ? '00:45' : '06:30' },
    corrections: [],
  };
}

function rollup(name: string, over: string): Rollup {
  return {
    name,
    description: '',
    over,
    groups: [{ name: 'day', type: 'date', sql: 'visit_date' }],
    measures: { users: { kind: 'count' } },
    bucket: { group: 'day', unit: 'day' },
    freshness: { warnHours: 26, errorHours: 36 },
    timeZone: 'UTC',
    corrections: [],
  };
}

function view(name: string, reads: string[]): View {
  return {
    schema: 'public',
    name,
    description: '',
    reads,
    sql: 'SELECT 1',
    indexes: [],
    freshness: { warnHours: 36, errorHours: 60 },
  };
}

/** Names of `count` datasets: the familiar ones first. */
export function datasetNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const known = NAMES[index];
    if (known !== undefined) return known;
    const base = DESCRIPTIVE[(index - NAMES.length) % DESCRIPTIVE.length] as string;
    const round = Math.floor((index - NAMES.length) / DESCRIPTIVE.length);
    return round === 0 ? base : `${base}_${round + 1}`;
  });
}

/** A project with `tables` datasets, rollups, a view and checks. */
export function fakeProject(tables: number): Project {
  const names = datasetNames(tables);
  const first = names[0] as string;
  return {
    name: 'web-stats',
    title: 'Web statistics',
    timeZone: 'UTC',
    schedule: { at: '01:00', timeZone: 'UTC', atStart: false, catchUpDays: 7 },
    sources: { s3: { kind: 's3' } },
    datasets: names.map(dataset),
    rollups: [
      rollup('visits_by_day_30d', first),
      rollup('visits_by_month_120d', 'visits_by_day_30d'),
      rollup('subscriptions_by_week', names[1] ?? first),
    ],
    views: [view('user_monthly_visits_lite', ['visits_by_month_120d'])],
    aggregates: [],
    checks: [
      {
        name: 'visits_without_platform',
        description: '',
        of: [first],
        sql: '',
        severity: 'warn',
        timeoutSeconds: 30,
      },
      {
        name: 'days_complete',
        description: '',
        of: ['visits_by_day_30d'],
        sql: '',
        severity: 'error',
        timeoutSeconds: 30,
      },
    ],
    scripts: [],
    existing: {},
    parity: [],
    keepVersionsDays: 30,
  };
}
