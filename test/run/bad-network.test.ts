import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Database } from '../../src/ledger/connection.ts';
import { databaseSettings } from '../../src/ledger/database-settings.ts';
import { aliveRuns } from '../../src/ledger/locks.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import { postgresProxy } from '../faults/postgres-proxy.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines } from '../support/deliveries.ts';
import { type Conditions, networkProxy, type NetworkProxy } from '../support/network-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf, type TestWorkspace } from '../support/workspace.ts';

const PERIOD = '2024-11-14';
const ROWS = 20_000;
let s3: TestS3;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-network-'));
  s3 = await startTestS3();
  const rows = Array.from({ length: ROWS }, (_, at) => `visitor number ${at},${PERIOD}`);
  await s3.put(`visits_${PERIOD}.csv`, ['id,day', ...rows, ''].join('\n'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  return () => database.drop();
});

/** Through two networks, one to PostgreSQL and one to S3. */
async function open(postgres: string, store: string, cache: string): Promise<TestWorkspace> {
  return openTestWorkspace({
    project: aProject({
      sources: { files: { kind: 's3' } },
      datasets: [aDataset()],
      rollups: [
        aRollup({
          name: 'per_day',
          over: 'visits',
          published: { schema: 'public', name: 'visits_per_day', columns: ['day', 'visits'] },
        }),
      ],
    }),
    env: {
      DATABASE_URL: postgres,
      S3_BUCKET_NAME: s3.bucket,
      S3_ENDPOINT: new URL(store).origin,
      S3_REGION: s3.region,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
    cacheDirectory: join(folder, cache),
    now: () => '2024-11-15T07:40:00.000Z',
  });
}

const CELLS = [{ dataset: 'visits', periods: [PERIOD] }];

async function seen(): Promise<string[]> {
  const client = await database.connect();
  return [
    ...(await lines(client, 'SELECT count(*), count(DISTINCT id) FROM visits')),
    ...(await lines(client, 'SELECT visits FROM visits_per_day')),
  ];
}

/** The server has found out that nobody is at the other end, and rolled back. */
async function nobodyConnected(): Promise<boolean> {
  const client = await database.connect();
  const { rowCount } = await client.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dayboard%'`,
  );
  await client.end();
  return rowCount === 0;
}

const ALL = [`${ROWS}|${ROWS}`, String(ROWS)];

describe('a network', () => {
  it.each<[string, Conditions]>([
    ['that is far', { latency: 2 }],
    ['that is thin', { bandwidth: 2_000_000 }],
  ])('%s, to PostgreSQL and to S3, changes nothing', async (name, conditions) => {
    await using postgres = await networkProxy(database.url, conditions);
    await using store = await networkProxy(s3.endpoint, conditions);
    await using board = await open(postgres.url, store.url, name);
    expect(await board.run({ cells: CELLS })).toMatchObject({ outcome: { state: 'done' } });
    expect(await seen()).toEqual(ALL);
  });

  it('that is cut while an object comes is told, and the object goes on where it stopped', async () => {
    let isCut = false;
    await using store = await networkProxy(s3.endpoint, { bandwidth: 5_000_000 });
    await using board = await open(database.url, store.url, 'cut');
    await board.workspace.list();
    const before = store.received();
    const watch = setInterval(() => {
      if (isCut || store.received() - before < 200_000) return;
      isCut = true;
      store.cut();
    }, 1);
    const { outcome, events } = await board.run({ cells: CELLS });
    clearInterval(watch);
    expect(isCut).toBe(true);
    expect(outcome).toMatchObject({ state: 'done' });
    expect(notes(events)).toContainEqual(
      expect.stringMatching(/^try 2 of 3 in [\d.]+ s, after: The transfer of .* broke off/),
    );
    expect(await seen()).toEqual(ALL);
  });

  it('that says nothing any more in the middle of a COPY keeps nobody who cancels waiting for ever', async () => {
    let proxy: NetworkProxy | undefined;
    const hushed = Promise.withResolvers<void>();
    await using postgres = await networkProxy(database.url, {}, (piece, each) => {
      if (proxy !== undefined || !piece.includes('visitor number 999,')) return;
      proxy = each;
      each.hush();
      hushed.resolve();
    });
    const board = await open(postgres.url, s3.endpoint, 'hushed');
    await board.workspace.list();
    const handle = await board.workspace.start(await board.workspace.plan(requestOf({ cells: CELLS })));
    await hushed.promise;
    await handle.cancel('now');
    await expect(handle.done).rejects.toMatchObject({ code: 'database.connection-lost' });
    proxy?.cut();
    await board[Symbol.asyncDispose]();
    await until(nobodyConnected);
    await using again = await open(database.url, s3.endpoint, 'hushed');
    expect(await again.run({ cells: CELLS })).toMatchObject({ outcome: { state: 'done' } });
    expect(await seen()).toEqual(ALL);
  });

  it('or a server that fails before a run listens leaves no connection, and no lock, of that run', async () => {
    await using proxy = await postgresProxy(database.url, async ({ sql }) =>
      sql.startsWith('LISTEN') ? { raise: '40P01', message: 'deadlock detected' } : 'pass',
    );
    await using board = await open(proxy.url, s3.endpoint, 'unheard');
    await board.workspace.list();
    const handle = await board.workspace.start(await board.workspace.plan(requestOf({ cells: CELLS })));
    await expect(handle.done).rejects.toMatchObject({ code: 'database.deadlock' });
    const client = await database.connect();
    await until(async () => (await aliveRuns(client, 'test')).length === 0, { seconds: 5 });
  });

  it('that is gone is found out by both ends: the client asks after half a minute, not after two hours', async () => {
    const asked = vi.spyOn(Socket.prototype, 'setKeepAlive');
    try {
      const client = await new Database(databaseSettings({ DATABASE_URL: database.url }), false).connect(
        'lane',
      );
      await client.end();
      expect(asked).toHaveBeenCalledWith(true, 30_000);
    } finally {
      asked.mockRestore();
    }
  });
});

function notes(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'step.note' ? [event.message] : []));
}
