import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryKind, deliveryKey, generateDelivery } from '../../src/demo/data/deliveries.ts';
import { columns, qualified } from '../../src/ledger/sql.ts';
import type { Project } from '../../src/project/model.ts';
import { periodRange } from '../../src/project/period.ts';
import { composeWorkspace } from '../../src/run/compose.ts';
import type { Outcome } from '../../src/run/events.ts';
import type { Workspace } from '../../src/run/workspace.ts';
import tchapStats from '../../src/systems/tchap-stats/index.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';

/** The aggregates' windows end today, so the deliveries do too. */
const NOW = new Date().toISOString();
const LAST = new Date(Date.parse(NOW) - 86_400_000).toISOString().slice(0, 10);
const DAYS = periodRange(new Date(Date.parse(NOW) - 14 * 86_400_000).toISOString().slice(0, 10), LAST);
const SIZES = { users: 120, windowDays: 5 };
const ON = ['user_daily_visits', 'subscriptions', 'events', 'account_data', 'sso', 'crisp'] as const;

let s3: TestS3;
let cache: string;

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-tchap-'));
  s3 = await startTestS3();
  for (const day of DAYS) await Promise.all(ON.map((kind) => put(kind, day)));
});

afterAll(async () => {
  await rm(cache, { recursive: true, force: true });
});

async function put(kind: DeliveryKind, day: string): Promise<void> {
  await s3.put(deliveryKey(kind, day), generateDelivery(kind, day, SIZES));
}

/** A project of tchap-stats in a database of its own. */
interface Place extends AsyncDisposable {
  project: Project;
  workspace: Workspace;
  client: pg.Client;
}

async function open(environment: Record<string, string> = {}): Promise<Place> {
  const database = await createTestDatabase();
  const client = await database.connect();
  const project = tchapStats.resolve(environment);
  const workspace = await composeWorkspace({
    project,
    context: { name: 'test', readOnly: false, production: false },
    env: {
      DATABASE_URL: database.url,
      S3_BUCKET_NAME: s3.bucket,
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: s3.region,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
    actor: { user: 'test', host: 'test', pid: process.pid },
    now: () => NOW,
    baseDirectory: cache,
    cacheDirectory: cache,
  });
  return {
    project,
    workspace,
    client,
    [Symbol.asyncDispose]: async () => {
      await workspace.close();
      await database.drop();
    },
  };
}

async function sync({ workspace }: Place, days: readonly string[], all = false): Promise<Outcome> {
  await workspace.list();
  const plan = await workspace.plan({
    command: 'sync',
    cells: ON.map((dataset) => ({ dataset, periods: [...days] })),
    reprocess: all ? ['all'] : ['missing'],
    names: [],
    concurrency: 3,
    force: [],
  });
  return (await workspace.start(plan)).done;
}

/** Everything that readers see, as sorted texts by relation. */
async function published({ client, project }: Place): Promise<Record<string, unknown[]>> {
  const relations = [
    ...project.datasets
      .filter((dataset) => dataset.off === undefined)
      .map(({ table }) => ({ ...table, names: table.columns.map(({ name }) => name) })),
    ...project.rollups.flatMap((rollup) =>
      rollup.published ? [{ ...rollup.published, names: rollup.published.columns }] : [],
    ),
    ...project.views.map((view) => ({ ...view, names: ['*'] })),
  ];
  const all: Record<string, unknown[]> = {};
  for (const relation of relations) {
    const list = relation.names[0] === '*' ? '*' : columns(relation.names);
    const found = await client.query<{ line: string }>(
      `SELECT each_row::text AS line FROM (SELECT ${list} FROM ${qualified(relation)}) AS each_row ORDER BY 1`,
    );
    all[relation.name] = found.rows.map((row) => row.line);
  }
  return all;
}

/** Rows of a query, as sorted texts. */
async function rows({ client }: Place, sql: string): Promise<string[]> {
  const found = await client.query<{ line: string }>(
    `SELECT each_row::text AS line FROM (${sql}) AS each_row ORDER BY 1`,
  );
  return found.rows.map((row) => row.line);
}

describe('two weeks of tchap-stats', () => {
  it('give the same tables in whatever order, and however often, they are loaded', async () => {
    await using forwards = await open();
    await using backwards = await open();
    expect(await sync(forwards, DAYS)).toMatchObject({ state: 'done' });
    for (const day of DAYS.toReversed())
      expect(await sync(backwards, [day])).toMatchObject({ state: 'done' });
    const once = await published(forwards);
    for (const lines of Object.values(once)) expect(lines.length).toBeGreaterThan(0);
    expect(await published(backwards)).toEqual(once);
    expect(await sync(forwards, DAYS, true)).toMatchObject({ state: 'done' });
    expect(await published(forwards)).toEqual(once);
  });

  it('stamp sign-ins with the delivery’s day, or with parity the day after', async () => {
    const days = DAYS.slice(0, 2);
    const stamps = async (place: Place) => {
      await sync(place, days);
      await sync(place, days, true);
      return rows(place, 'SELECT added_date, count(*) FROM sso_aggregate GROUP BY 1');
    };
    await using corrected = await open();
    await using parity = await open({ TCHAP_STATS_PARITY: 'load-date' });
    const count = generateDelivery('sso', LAST, SIZES).toString().trimEnd().split('\n').length - 1;
    expect(await stamps(corrected)).toEqual(days.map((day) => `(${day},${count})`));
    expect(await stamps(parity)).toEqual(DAYS.slice(1, 3).map((day) => `(${day},${count})`));
  });
});

describe('two weeks of tchap-stats that were loaded from the last day to the first', () => {
  let place: Place;
  beforeAll(async () => {
    place = await open();
    await sync(place, DAYS.toReversed());
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it('have aggregates that equal plain SQL over the raw rows, and checks that pass', async () => {
    const { user_daily_visits_agg_30d_v2, user_daily_visits_by_month_1y_v3, user_monthly_visits_lite } =
      await published(place);
    expect(user_daily_visits_agg_30d_v2).toEqual(
      await rows(
        place,
        `SELECT date_trunc('day', visit_ts, 'UTC'), user_id, instance, domain, count(*),
                count(*) FILTER (WHERE platform = 'Web'), count(*) FILTER (WHERE platform = 'Mobile'),
                count(*) FILTER (WHERE platform = 'Autre')
           FROM user_daily_visits GROUP BY 1, 2, 3, 4`,
      ),
    );
    expect(user_daily_visits_by_month_1y_v3).toEqual(
      await rows(
        place,
        `SELECT DISTINCT user_id, date_trunc('month', visit_date::timestamp)::date, device_id, instance, domain,
                device_type, platform FROM user_daily_visits WHERE device_type <> 'Autre'`,
      ),
    );
    expect(user_monthly_visits_lite).toEqual(
      await rows(
        place,
        `SELECT DISTINCT ON (user_id, 2) user_id, date_trunc('month', visit_date::timestamp)::date AS month, instance, domain
           FROM user_daily_visits WHERE device_type <> 'Autre' ORDER BY user_id, month, instance, domain`,
      ),
    );
    const checks = await place.workspace.checks();
    expect(checks.map(({ name, verdict, findings }) => [name, verdict, findings])).toEqual(
      place.project.checks.map(({ name }) => [name, 'pass', []]),
    );
  });

  it('hold each visit once, as the newest delivery that carries it has it', async () => {
    const newest = new Map<string, string>();
    for (const day of DAYS) {
      for (const line of generateDelivery('user_daily_visits', day, SIZES)
        .toString()
        .trimEnd()
        .split('\n')
        .slice(1)) {
        const [, user, device, timestamp, agent] =
          /^([^,]*),([^,]*),([^,]*),("(?:[^"]|"")*"|[^,]*)/.exec(line) ?? [];
        newest.set(`${user} ${device} ${timestamp}`, agent?.replace(/^"|"$/g, '') ?? '');
      }
    }
    const found = await place.client.query<{ key: string; agent: string }>(
      `SELECT user_id || ' ' || device_id || ' ' ||
              to_char(visit_ts AT TIME ZONE 'Europe/Paris', 'YYYY-MM-DD HH24:MI:SS') AS key, user_agent AS agent
         FROM user_daily_visits`,
    );
    const withoutOffset = new Map([...newest].map(([key, agent]) => [key.replace(/[+]\d\d$/, ''), agent]));
    expect(new Map(found.rows.map(({ key, agent }) => [key, agent]))).toEqual(withoutOffset);
    expect(found.rowCount).toBe(withoutOffset.size);
  });
});

describe('two weeks of tchap-stats with parity', () => {
  it('first-wins, hold the oldest delivery’s values, in whatever order they are loaded', async () => {
    const parity = { TCHAP_STATS_PARITY: 'first-wins' };
    await using forwards = await open(parity);
    await using backwards = await open(parity);
    await using corrected = await open();
    const days = DAYS.slice(0, 3);
    await sync(forwards, days);
    for (const day of days.toReversed()) await sync(backwards, [day]);
    await sync(corrected, days);
    const oldest = await published(forwards);
    expect(await published(backwards)).toEqual(oldest);
    const newest = await published(corrected);
    expect(oldest['user_daily_visits']).not.toEqual(newest['user_daily_visits']);
    expect(oldest['events_aggregate']).not.toEqual(newest['events_aggregate']);
    expect(oldest['account_data_aggregate']).toEqual(newest['account_data_aggregate']);
  });

  it('partial-windows, have aggregates that were refreshed, and the same checks pass', async () => {
    await using place = await open({ TCHAP_STATS_PARITY: 'partial-windows' });
    expect(await sync(place, DAYS.slice(-5))).toMatchObject({ state: 'done' });
    const found = await published(place);
    expect(found['user_daily_visits_agg_30d_v2']?.length).toBeGreaterThan(100);
    expect(found['user_daily_visits_by_month_1y_v3']?.length).toBeGreaterThan(100);
    expect(found['user_monthly_visits_lite']?.length).toBeGreaterThan(50);
    const checks = await place.workspace.checks();
    expect(checks.map(({ name, verdict }) => [name, verdict])).toEqual(
      place.project.checks.map(({ name }) => [name, 'pass']),
    );
  });
});
