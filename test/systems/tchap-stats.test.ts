import { describe, expect, it } from 'vitest';
import type { Dataset, Project } from '../../src/project/model.ts';
import { loadConfig } from '../../src/project/load-config.ts';
import { systems } from '../../src/systems/index.ts';
import tchapStats from '../../src/systems/tchap-stats/index.ts';

function dataset(name: string, project: Project = tchapStats.resolve({})): Dataset {
  const found = project.datasets.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no dataset ${name}`);
  return found;
}

/** 'user_id varchar, platform varchar null': the columns of a raw table as people write them. */
function columnsOf({ table }: Dataset): string {
  return table.columns
    .map(({ name, type, nullable }) => `${name} ${type}${nullable ? ' null' : ''}`)
    .join(', ');
}

describe('tchap-stats', () => {
  it('is a system that --config names', async () => {
    const { definition, from } = await loadConfig({ config: 'tchap-stats', directory: '/', systems });
    expect([from, definition.resolve({}).name]).toEqual(['tchap-stats', 'tchap-stats']);
  });

  it('has the seven datasets in the order of the nightly job, two of them switched off with their reason', () => {
    const { datasets } = tchapStats.resolve({});
    expect(datasets.map(({ name, key, table, off }) => [name, key, table.name, off?.slice(0, 26)])).toEqual([
      ['user_daily_visits', 'user_daily_visits_{period}.csv', 'user_daily_visits', undefined],
      ['subscriptions', 'subscriptions_aggregate_{period}.csv', 'subscriptions_aggregate', undefined],
      ['events', 'events_roomv9_aggregate_{period}.csv', 'events_aggregate', undefined],
      [
        'events_before_roomv9',
        'events_aggregate_{period}.csv',
        'events_aggregate',
        'Replaced by events (events',
      ],
      ['pushers', 'pushers_{period}.csv', 'pushers_aggregate', 'Switched off on 2025-12-23'],
      ['account_data', 'account_data_{period}.csv', 'account_data_aggregate', undefined],
      ['sso', 'sso_{period}.csv', 'sso_aggregate', undefined],
      ['crisp', 'crisp_conversation_segments_{period}.csv', 'crisp_conversation_segments', undefined],
    ]);
  });

  it.each([
    [
      'user_daily_visits',
      'user_id varchar, device_id varchar, visit_ts timestamptz, user_agent varchar, instance varchar, domain varchar, platform varchar null, device_type varchar null, visit_date date null',
    ],
    ['subscriptions', 'subscriptions integer, domain varchar, hour timestamptz, instance varchar'],
    ['events', 'events integer, domain varchar, hour timestamptz, instance varchar, type varchar'],
    [
      'pushers',
      'user_name varchar, device_id varchar, app_id varchar null, kind varchar null, is_enabled boolean null, instance varchar, domain varchar, added_date date',
    ],
    [
      'account_data',
      'user_id varchar, account_data_type varchar, content varchar null, instance varchar, domain varchar',
    ],
    [
      'sso',
      'total_users integer, domain varchar, instance varchar, only_pwd integer, pwd_and_prococonnect integer, only_proconnect integer, added_date date',
    ],
    [
      'crisp',
      'session_id varchar, segment varchar, state varchar, domain varchar null, created_at timestamp, updated_at timestamp',
    ],
  ])('fills the columns of %s that dashboards know', (name, columns) => {
    expect(columnsOf(dataset(name))).toBe(columns);
  });

  it.each([
    ['user_daily_visits', ['user_id', 'device_id', 'visit_ts'], 'unique_user_daily_idx'],
    ['subscriptions', ['domain', 'hour', 'instance'], 'unique_subscriptions_idx'],
    ['events', ['domain', 'hour', 'instance', 'type'], 'unique_events_idx'],
    ['account_data', ['user_id', 'account_data_type'], 'account_data_aggregate_pk'],
    ['crisp', ['session_id', 'segment'], 'unique_crisp_conversation_segments_idx'],
    ['pushers', ['added_date', 'kind', 'app_id', 'device_id'], 'pushers_aggregate_unique'],
  ])('keeps %s unique under the index name that is known', (name, key, index) => {
    const { carries, table } = dataset(name);
    expect([carries, table.keyIndex]).toEqual([expect.objectContaining({ key }), index]);
  });

  it('reads the files of sso and pushers by their own headers', () => {
    const headers = (name: string) => dataset(name).file.map(({ header, column }) => `${header}>${column}`);
    expect(headers('sso').slice(3)).toEqual([
      'users_legacy>only_pwd',
      'users_both_authentication>pwd_and_prococonnect',
      'users_proconnect>only_proconnect',
    ]);
    expect(headers('pushers')).toContain('enabled>is_enabled');
  });

  it('has the three aggregates under the names and columns that dashboards read', () => {
    const { rollups, views } = tchapStats.resolve({});
    expect(views).toEqual([]);
    expect(
      rollups.map(({ published }) => [published?.name, published?.columns.join(' '), published?.window]),
    ).toEqual([
      [
        'user_daily_visits_agg_30d_v2',
        'day user_id instance domain visits_count web_visits_count mobile_visits_count other_visits_count',
        { count: 30, unit: 'day' },
      ],
      [
        'user_daily_visits_by_month_1y_v3',
        'user_id month device_id instance domain device_type platform',
        { count: 12, unit: 'month' },
      ],
      ['user_monthly_visits_lite', 'user_id visit_date instance domain', undefined],
    ]);
  });

  it('lets the newest delivery decide, and stamps snapshots with the delivery’s own day', () => {
    const project = tchapStats.resolve({});
    const winners = project.datasets.map(({ carries }) => ('winner' in carries ? carries.winner : 'none'));
    expect(new Set(winners)).toEqual(new Set(['newest', 'none']));
    for (const name of ['sso', 'pushers']) {
      expect(dataset(name).table.columns.at(-1)?.value).toEqual({ kind: 'deliveryDay', addDays: 0 });
    }
  });

  it('runs with the variables that the original has', () => {
    expect(tchapStats.resolve({}).schedule).toMatchObject({ at: '01:00', timeZone: 'UTC', atStart: false });
    const project = tchapStats.resolve({ CRON_SCHEDULE: '05:30', FORCE_SYNC_AT_START: 'TRUE' });
    expect(project.schedule).toMatchObject({ at: '05:30', timeZone: 'UTC', atStart: true });
    expect(project.sources['s3']).toEqual({
      kind: 's3',
      endpoint: 'https://s3.gra.cloud.ovh.net',
      region: 'gra',
    });
  });

  it('has its days in the zone of TCHAP_STATS_TIME_ZONE, UTC unless it is set', () => {
    expect(tchapStats.resolve({}).datasets.map((each) => each.timeZone)).toEqual(Array(8).fill('UTC'));
    const project = tchapStats.resolve({ TCHAP_STATS_TIME_ZONE: 'Europe/Paris' });
    expect(new Set([...project.datasets, ...project.rollups].map((each) => each.timeZone))).toEqual(
      new Set(['Europe/Paris']),
    );
    expect(project.rollups[0]?.groups[0]?.sql).toBe("date_trunc('day', visit_ts, 'Europe/Paris')");
    for (const check of project.checks) expect(check.sql).not.toContain("'UTC'");
  });

  it('allows visits a day more age where midnight in Paris is the day before', () => {
    const limit = (zone: string) =>
      dataset('user_daily_visits', tchapStats.resolve({ TCHAP_STATS_TIME_ZONE: zone })).freshness?.warnHours;
    expect([limit('UTC'), limit('Europe/London'), limit('Europe/Paris')]).toEqual([54, 54, 30]);
  });

  it('replaces relations that TCHAP_STATS_REPLACE names', () => {
    const replace = 'public.user_monthly_visits_lite, public.user_daily_visits_agg_30d_v2';
    expect(tchapStats.resolve({ TCHAP_STATS_REPLACE: replace }).existing).toEqual({
      'public.user_monthly_visits_lite': 'replace',
      'public.user_daily_visits_agg_30d_v2': 'replace',
    });
  });

  it.each([
    [
      { TCHAP_STATS_PARITY: 'first-win' },
      'TCHAP_STATS_PARITY: "first-win" is unknown (fix: write "first-wins")',
    ],
    [
      { TCHAP_STATS_REPLACE: 'user_monthly_visits_lite' },
      'TCHAP_STATS_REPLACE: "user_monthly_visits_lite" is unknown (fix: write "public.user_monthly_visits_lite")',
    ],
    [{ TCHAP_STATS_TIME_ZONE: 'Paris' }, 'timeZone: "Paris" is no time zone'],
    [{ CRON_SCHEDULE: '1 Uhr' }, 'schedule.at: CRON_SCHEDULE is "1 Uhr"'],
  ])('refuses %j', (environment, message) => {
    expect(() => tchapStats.resolve(environment)).toThrow(
      expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining(message) }),
    );
  });
});

describe('with parity', () => {
  it('first-wins, the oldest delivery decides what the original never overwrote, and nothing else', () => {
    const project = tchapStats.resolve({ TCHAP_STATS_PARITY: 'first-wins' });
    const winners = project.datasets.map(({ name, carries }) => [
      name,
      'winner' in carries ? carries.winner : '-',
    ]);
    expect(Object.fromEntries(winners)).toEqual({
      user_daily_visits: 'first',
      subscriptions: 'first',
      events: 'first',
      events_before_roomv9: 'first',
      pushers: '-',
      account_data: 'newest',
      sso: '-',
      crisp: 'newest',
    });
    expect(project.parity).toEqual(['first-wins']);
  });

  it('load-date, sso and pushers are stamped with the night after', () => {
    const project = tchapStats.resolve({ TCHAP_STATS_PARITY: 'load-date' });
    for (const name of ['sso', 'pushers']) {
      const column = dataset(name, project).table.columns.find((each) => each.name === 'added_date');
      expect(column?.value).toEqual({ kind: 'deliveryDay', addDays: 1 });
    }
  });

  it('partial-windows, the two windowed aggregates are plain SQL up to the moment of the refresh', () => {
    const project = tchapStats.resolve({ TCHAP_STATS_PARITY: ' partial-windows , first-wins' });
    expect(
      project.views.map((view) => [view.name, /now\(\) - INTERVAL '[^']+'/.exec(view.sql)?.[0]]),
    ).toEqual([
      ['user_daily_visits_agg_30d_v2', "now() - INTERVAL '30 day'"],
      ['user_daily_visits_by_month_1y_v3', "now() - INTERVAL '12 month'"],
    ]);
    expect(project.rollups.map(({ name, published }) => [name, published?.name])).toEqual([
      ['user_daily_visits_months', undefined],
      ['user_monthly_visits_lite', 'user_monthly_visits_lite'],
    ]);
    expect(project.parity).toEqual(['partial-windows', 'first-wins']);
  });

  it('each switch that a correction names is one that exists, and each is named', () => {
    const { datasets, rollups } = tchapStats.resolve({});
    const named = [...datasets, ...rollups].flatMap((each) => each.corrections.map(({ parity }) => parity));
    const switches = [...new Set(named)].filter((each) => each !== undefined);
    expect(switches.toSorted()).toEqual(['first-wins', 'load-date', 'partial-windows']);
    expect(tchapStats.resolve({ TCHAP_STATS_PARITY: switches.join(',') }).parity).toEqual(switches);
  });
});
