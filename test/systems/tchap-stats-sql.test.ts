import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { prepareDelivery } from '../../src/load/prepare.ts';
import type { Dataset, Project } from '../../src/project/model.ts';
import { rowsOf, stage } from '../load/fixtures.ts';
import { createTestDatabase } from '../support/postgres.ts';
import tchapStats from '../../src/systems/tchap-stats/index.ts';

/** User agents with what they have always been counted as, misclassified ones included (SYSTEMS 1.7). */
const GOLDEN: Array<[agent: string, platform: string, deviceType: string]> = [
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0',
    'Web',
    'Firefox Windows',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    'Web',
    'Chrome Windows',
  ],
  // Edge says Chrome.
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
    'Web',
    'Chrome Windows',
  ],
  // The desktop client is a browser too.
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Element/1.11.86 Chrome/130.0.6723.91 Electron/33.0.2 Safari/537.36',
    'Web',
    'Chrome Windows',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
    'Web',
    'Internet Explorer Windows',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0',
    'Web',
    'Firefox Mac OS',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    'Web',
    'Chrome Mac OS',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15',
    'Web',
    'Safari Mac OS',
  ],
  // Telephones that say "like Mac OS X".
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1',
    'Web',
    'Safari Mac OS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/132.0 Mobile/15E148 Safari/605.1.15',
    'Web',
    'Safari Mac OS',
  ],
  ['Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0', 'Web', 'Firefox Android'],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
    'Web',
    'Chrome Android',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Web', 'Firefox Linux'],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    'Web',
    'Chrome Linux',
  ],
  [
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    'Web',
    'Chrome OS',
  ],
  ['Mozilla/5.0 (Mobile; KAIOS/2.5)', 'Web', 'Navigateur Mobile'],
  ['Mozilla/5.0 (compatible; something)', 'Web', 'Autre Navigateur'],
  ['Tchap/2.11.0 (NEO 2; Android 12; Flavour Interieur)', 'Mobile', 'Tchap Android NEO'],
  // Without "Android" a NEO has no platform.
  ['Tchap/2.11.0 (NEO)', 'Autre', 'Tchap Android NEO'],
  [
    'Tchap/2.11.0 (samsung SM-A536B; Android 14; UP1A.231005.007; Flavour GooglePlay; MatrixAndroidSdk2 1.6.10)',
    'Mobile',
    'Tchap Android',
  ],
  ['RiotNSE/2.6.3 (iPhone 13; iOS 17.5.1; Scale/3.00)', 'Mobile', 'Tchap iOS'],
  ['RiotNSE/1.9.0 (iPhone 13; iOS 17.5.1; Scale/3.00)', 'Autre', 'Element'],
  ['RiotSharedExtension/2.6.3 (iPhone 13; iOS 17.5.1; Scale/3.00)', 'Mobile', 'Tchap iOS'],
  ['Tchap/2.6.3 (iPhone 13; iOS 17.5.1; Scale/3.00)', 'Mobile', 'Tchap iOS'],
  // The last rules of the platform want the word at the very end.
  ['Riot/1.8.1 (iPhone 12; iOS 16.1; Scale/3.00)', 'Autre', 'Element'],
  ['Riot/1.8.1 iOS', 'Mobile', 'Element'],
  ['Riot/1.8.1 Android', 'Mobile', 'Element'],
  ['Element/1.6.20 (samsung SM-G991B; Android 13)', 'Autre', 'Element'],
  ['Element/1.6.20 Android', 'Mobile', 'Element'],
  ['Element/1.11.20 iOS', 'Mobile', 'Element'],
  ['matrix-media-repo', 'Autre', 'Autre'],
  // Patterns know capitals from small letters.
  ['mozilla/5.0 (windows nt 10.0) firefox/128.0', 'Autre', 'Autre'],
  ['tchap/2.11.0 (Android 14)', 'Autre', 'Autre'],
  ['', 'Autre', 'Autre'],
];

let client: pg.Client;
beforeAll(async () => {
  client = await (await createTestDatabase()).connect();
});

function visits(project: Project): Dataset {
  const [dataset] = project.datasets;
  if (dataset?.name !== 'user_daily_visits') throw new Error('the first dataset is not that of visits');
  return dataset;
}

describe('the user agents of tchap-stats', () => {
  it('are counted as they have always been, misclassified ones included', async () => {
    await client.query('CREATE SCHEMA dayboard_staging');
    const dataset = visits(tchapStats.resolve({}));
    const header = dataset.file.map((column) => column.header).join(',');
    const lines = GOLDEN.map(
      ([agent], at) => `\\xu${at},\\xd,2024-11-14 00:00:00+00,"${agent}",agent.dinum.tchap.gouv.fr,dinum.fr`,
    );
    const staged = await stage(client, dataset, `${header}\n${lines.join('\n')}\n`);
    const prepared = await prepareDelivery({
      client,
      project: 'tchap-stats',
      dataset,
      period: '2024-11-14',
      staged,
      run: '7',
      history: [],
      force: [],
      signal: new AbortController().signal,
    });
    const found = await rowsOf(client, prepared.relation, ['user_agent', 'platform', 'device_type']);
    expect(new Map(found.map(([agent, ...kinds]) => [agent, kinds]))).toEqual(
      new Map(GOLDEN.map(([agent, ...kinds]) => [agent, kinds])),
    );
  });

  it('reach every rule of both tables', () => {
    const columns = visits(tchapStats.resolve({})).table.columns;
    const values = (name: string) => {
      const value = columns.find((column) => column.name === name)?.value;
      return value?.kind === 'firstMatch' ? [...value.rules.map((rule) => rule[1]), value.otherwise] : [];
    };
    expect(new Set(GOLDEN.map((each) => each[1]))).toEqual(new Set(values('platform')));
    expect(new Set(GOLDEN.map((each) => each[2]))).toEqual(new Set(values('device_type')));
    expect([values('platform').length, values('device_type').length]).toEqual([10, 21]);
  });
});

/** The aggregates as tables, filled by the plain SQL that the original ran, and visits of the last weeks. */
const FILL = `
  DROP TABLE IF EXISTS user_daily_visits, user_daily_visits_agg_30d_v2, user_daily_visits_by_month_1y_v3,
    user_monthly_visits_lite;
  CREATE TABLE user_daily_visits (user_id varchar, device_id varchar, visit_ts timestamptz, user_agent varchar,
    instance varchar, domain varchar, platform varchar, device_type varchar, visit_date date);
  INSERT INTO user_daily_visits
    SELECT 'u' || u, 'd' || u % 7, date_trunc('day', now(), 'UTC') - d * interval '24 hours', 'agent', 'i' || u % 3, 'd' || u % 5,
      (ARRAY['Web', 'Mobile', 'Autre'])[1 + (u + d) % 3],
      (ARRAY['Firefox Linux', 'Tchap iOS', 'Autre'])[1 + (u + d) % 3],
      ((date_trunc('day', now(), 'UTC') - d * interval '24 hours') AT TIME ZONE 'UTC')::date
    FROM generate_series(1, 20) u, generate_series(0, 130, 3) d;
`;

describe.each(['Asia/Tokyo', 'America/Los_Angeles'])('the SQL of tchap-stats in a session of %s', (zone) => {
  const project = tchapStats.resolve({ TCHAP_STATS_PARITY: 'partial-windows' });

  beforeEach(async () => {
    await client.query(`SET TimeZone = '${zone}'`);
    await client.query(FILL);
    for (const view of project.views) await client.query(`CREATE TABLE ${view.name} AS ${view.sql}`);
    await client.query(`CREATE TABLE user_monthly_visits_lite AS
      SELECT DISTINCT user_id, date_trunc('month', visit_date::timestamp)::date AS visit_date, instance, domain
      FROM user_daily_visits WHERE device_type <> 'Autre'`);
  });

  /** What a check finds, by the check's name. */
  async function findings(name: string): Promise<Array<Record<string, unknown>>> {
    const check = project.checks.find((each) => each.name === name);
    return (await client.query<Record<string, unknown>>(check?.sql ?? '')).rows;
  }

  it('finds nothing when everything is right', async () => {
    expect(project.checks).toHaveLength(4);
    for (const check of project.checks) expect(await findings(check.name)).toEqual([]);
  });

  it.each([
    ['months_match_visits', 'user_daily_visits_by_month_1y_v3', 'month'],
    ['lite_matches_visits', 'user_monthly_visits_lite', 'visit_date'],
  ])('%s tells a user who is missing, and one who is too many', async (check, relation, month) => {
    await client.query(
      `DELETE FROM ${relation} WHERE user_id = 'u1' AND ${month} = (SELECT max(${month}) FROM ${relation})`,
    );
    await client.query(
      `UPDATE ${relation} SET user_id = 'new' WHERE user_id = 'u2' AND ${month} = (SELECT max(${month}) FROM ${relation})`,
    );
    await client.query(
      `INSERT INTO ${relation} SELECT (jsonb_populate_record(r, '{"user_id": "more"}')).* FROM ${relation} r
        WHERE ${month} = (SELECT max(${month}) - interval '1 month' FROM ${relation}) LIMIT 1`,
    );
    const found = await findings(check);
    expect(found.map((row) => Number(row['difference']))).toEqual([-1, 1]);
  });

  it.each([
    ['months_match_visits', 'user_daily_visits_by_month_1y_v3', 'month'],
    ['lite_matches_visits', 'user_monthly_visits_lite', 'visit_date'],
  ])(
    '%s tells a month that is missing as a whole, and leaves older ones alone',
    async (check, relation, month) => {
      await client.query(
        `DELETE FROM ${relation} WHERE ${month} = (SELECT max(${month}) - interval '2 months' FROM ${relation})`,
      );
      await client.query(
        `DELETE FROM ${relation} WHERE ${month} < (SELECT max(${month}) - interval '3 months' FROM ${relation})`,
      );
      const found = await findings(check);
      expect(found).toHaveLength(1);
      expect(Number(found[0]?.['users_in_aggregate'])).toBe(0);
    },
  );

  it('tells days whose visits differ, or whose parts do not add up', async () => {
    const relation = 'user_daily_visits_agg_30d_v2';
    await client.query(`UPDATE ${relation} SET visits_count = visits_count + 1, web_visits_count = web_visits_count + 1
      WHERE day = (SELECT max(day) FROM ${relation}) AND user_id = 'u1'`);
    await client.query(`UPDATE ${relation} SET web_visits_count = web_visits_count + 1
      WHERE day = (SELECT max(day) - interval '72 hours' FROM ${relation}) AND user_id = 'u1'`);
    const found = await findings('days_match_visits');
    expect(
      found.map((row) => [
        row['visits_in_raw_rows'],
        row['visits_in_aggregate'],
        row['web_mobile_and_other'],
      ]),
    ).toEqual([
      ['20', '20', '21'],
      ['20', '21', '21'],
    ]);
  });

  it('tells visits that are not enriched, by column', async () => {
    await client.query(`UPDATE user_daily_visits SET platform = NULL WHERE user_id = 'u1'`);
    await client.query(
      `UPDATE user_daily_visits SET device_type = NULL, visit_date = NULL WHERE user_id = 'u2' AND visit_ts > now() - interval '7 days'`,
    );
    const found = await findings('visits_are_enriched');
    expect(found.map((row) => [row['column_name'], Number(row['rows']) > 0])).toEqual([
      ['platform', true],
      ['visit_date', true],
      ['device_type', true],
    ]);
  });

  it('has days that begin at midnight in UTC', async () => {
    const found = await client.query<{ time: string }>(
      `SELECT DISTINCT (day AT TIME ZONE 'UTC')::time::text AS time FROM user_daily_visits_agg_30d_v2`,
    );
    expect(found.rows).toEqual([{ time: '00:00:00' }]);
  });
});
