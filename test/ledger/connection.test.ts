import { createServer } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type pg from 'pg';
import { Database } from '../../src/ledger/connection.ts';
import { databaseSettings } from '../../src/ledger/database-settings.ts';
import { databaseError } from '../../src/ledger/errors.ts';
import { createTestDatabase } from '../support/postgres.ts';

const SECRET = 'p%40ss-w0rd';

describe('database settings', () => {
  it('come from DATABASE_URL and never show the password', () => {
    const settings = databaseSettings({
      DATABASE_URL: `postgres://ann:${SECRET}@db.example:6543/stats?sslmode=require`,
    });
    expect(settings).toMatchObject({
      display: 'ann@db.example:6543/stats',
      sslMode: 'require',
      sslModeDefaulted: false,
    });
    expect(settings.config).toMatchObject({ password: 'p@ss-w0rd', host: 'db.example', port: 6543 });
    expect(settings.display).not.toContain('ss-w0rd');
  });

  it('demand a verified certificate of another host when nobody says otherwise', () => {
    expect(databaseSettings({ DATABASE_URL: 'postgres://a@db.example/stats' })).toMatchObject({
      sslMode: 'verify-full',
      config: { ssl: { rejectUnauthorized: true } },
    });
    expect(databaseSettings({ DATABASE_URL: 'postgres://a@127.0.0.1/stats' })).toMatchObject({
      sslMode: 'disable',
      config: { ssl: false },
    });
  });

  it.each([
    'channel_binding=require',
    'options=-c%20work_mem%3D1GB',
    'target_session_attrs=read-write',
    'sslpassword=x',
  ])('refuse a parameter of the URL that would not be obeyed (%s), without its value', (parameter) => {
    const settings = () =>
      databaseSettings({ DATABASE_URL: `postgres://a:${SECRET}@db.example/b?${parameter}` });
    expect(settings).toThrow(
      expect.objectContaining({
        code: 'config.database-url',
        kind: 'usage',
        facts: { variable: 'DATABASE_URL', parameter: parameter.split('=')[0] },
      }),
    );
    expect(() =>
      databaseSettings({ DATABASE_URL: 'postgres://a@b/c?application_name=x&keepalives=1' }),
    ).not.toThrow();
  });

  it('come from the libpq variables and a service file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dayboard-service-'));
    const file = join(folder, 'services');
    writeFileSync(
      file,
      '[other]\nhost=no\n[stats]\nhost=db.example\nport=5433\nuser=ann\ndbname=numbers\nsslmode=verify-ca\n',
    );
    try {
      expect(databaseSettings({ PGSERVICE: 'stats', PGSERVICEFILE: file, PGUSER: 'ben' })).toMatchObject({
        display: 'ben@db.example:5433/numbers',
        sslMode: 'verify-ca',
      });
      expect(() => databaseSettings({ PGSERVICE: 'gone', PGSERVICEFILE: file })).toThrow(
        /There is no service "gone"/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([`mysql://ann:${SECRET}@host/db`, `postgres://ann:${SECRET}@ho st/db`, SECRET])(
    'refuse a wrong DATABASE_URL without repeating it',
    (url) => {
      let message = '';
      try {
        databaseSettings({ DATABASE_URL: url });
      } catch (error) {
        message = JSON.stringify(error) + String(error);
      }
      expect(message).toContain('DATABASE_URL is not a PostgreSQL URL');
      expect(message).not.toContain(SECRET);
    },
  );

  it('are asked for when there are none', () => {
    expect(() => databaseSettings({})).toThrow(
      expect.objectContaining({ code: 'config.database-missing', kind: 'usage' }),
    );
  });
});

describe('a connection that cannot be made', () => {
  async function failure(url: string) {
    const database = new Database(databaseSettings({ DATABASE_URL: url, PGCONNECT_TIMEOUT: '5' }), false);
    return database.connect('test').then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('says that the password is wrong, and not what it was', async () => {
    await using database = await createTestDatabase();
    const url = new URL(database.url);
    url.password = SECRET;
    const error = await failure(url.href);
    expect(error).toMatchObject({ code: 'database.credentials', facts: { sqlstate: '28P01' } });
    expect(JSON.stringify(error)).not.toContain('ss-w0rd');
  });

  it('says that the database does not exist', async () => {
    await using database = await createTestDatabase();
    const url = new URL(database.url);
    url.pathname = '/nowhere';
    expect(await failure(url.href)).toMatchObject({ code: 'database.missing' });
  });

  it('says that nothing answers, and that a host is unknown', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(await failure(`postgres://a:b@127.0.0.1:${port}/x`)).toMatchObject({
      code: 'database.unreachable',
      facts: { sqlstate: 'ECONNREFUSED' },
    });
    expect(await failure('postgres://a:b@nowhere.invalid/x')).toMatchObject({ code: 'database.unreachable' });
  });

  it('says that a server without TLS will not be talked to when TLS is asked for', async () => {
    await using database = await createTestDatabase();
    const url = new URL(database.url);
    url.searchParams.set('sslmode', 'verify-full');
    expect(await failure(url.href)).toMatchObject({ code: 'database.tls' });
    url.searchParams.set('sslmode', 'prefer');
    const client = await new Database(databaseSettings({ DATABASE_URL: url.href }), false).connect('test');
    await client.end();
  });

  it('is read-only where the context is, and the server enforces it', async () => {
    await using database = await createTestDatabase();
    const client = await new Database(databaseSettings({ DATABASE_URL: database.url }), true).connect('test');
    await expect(client.query('CREATE TABLE x (a int)')).rejects.toMatchObject({ code: '25006' });
    await client.end();
  });
});

describe('a connection', () => {
  async function settings(client: { query: pg.Client['query'] }, names: readonly string[]) {
    const found = await client.query<{ name: string; value: string }>(
      'SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) AS name',
      [names],
    );
    return Object.fromEntries(found.rows.map((row) => [row.name, row.value]));
  }

  it.each(['lane', 'control', 'schedule', 'watch', 'read'])(
    'for %s is found dead by the server within about a minute when the network is cut',
    async (purpose) => {
      await using database = await createTestDatabase();
      const connections = new Database(databaseSettings({ DATABASE_URL: database.url }), false);
      const pool = connections.pool(1);
      const client = purpose === 'read' ? pool : await connections.connect(purpose);
      expect(
        await settings(client, ['tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count']),
      ).toEqual({ tcp_keepalives_idle: '30', tcp_keepalives_interval: '10', tcp_keepalives_count: '3' });
      expect(await settings(client, ['tcp_user_timeout'])).toEqual({ tcp_user_timeout: '60000' });
      if (client !== pool) await client.end();
      await pool.end();
    },
  );

  it('that works is not under the limits that a role has for queries, and one that reads is', async () => {
    await using database = await createTestDatabase();
    const admin = await database.connect();
    const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
    for (const name of limits) await admin.query(`ALTER DATABASE "${database.name}" SET ${name} = '2s'`);
    const connections = new Database(databaseSettings({ DATABASE_URL: database.url }), false);
    for (const purpose of ['lane', 'control', 'schedule', 'adopt']) {
      const client = await connections.connect(purpose);
      expect(await settings(client, limits)).toEqual({
        statement_timeout: '0',
        lock_timeout: '0',
        idle_in_transaction_session_timeout: '1d',
      });
      await client.end();
    }
    const pool = connections.pool(1);
    expect(await settings(pool, ['statement_timeout'])).toEqual({ statement_timeout: '2s' });
    await pool.end();
  });
});

describe('an error of the server', () => {
  async function told(statements: string) {
    await using database = await createTestDatabase();
    const client = await database.connect();
    return await client.query(statements).then(
      () => undefined,
      (thrown: unknown) => databaseError(thrown).toJSON(),
    );
  }

  it('says whether a statement took too long or somebody ended it', async () => {
    expect(await told(`SET statement_timeout = '1ms'; SELECT pg_sleep(60)`)).toMatchObject({
      code: 'database.statement-timeout',
      facts: { sqlstate: '57014' },
      next: expect.stringContaining('statement_timeout'),
    });
    expect(await told('SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)')).toMatchObject({
      code: 'database.cancelled',
      facts: { sqlstate: '57014' },
      message: expect.stringContaining('cancelled'),
    });
  });

  it('is a lost connection in whatever words the driver says so', () => {
    for (const text of [
      'Connection terminated unexpectedly',
      'Client has encountered a connection error and is not queryable',
      'Client was closed and is not queryable',
    ])
      expect(databaseError(new Error(text)).code).toBe('database.connection-lost');
  });

  it('says that sessions were in each other’s way', async () => {
    const raise = (code: string) => `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '${code}'; END $$`;
    expect(await told(raise('40P01'))).toMatchObject({ code: 'database.deadlock' });
    expect(await told(raise('40001'))).toMatchObject({ code: 'database.serialization' });
  });

  it('says that the definition asks for what PostgreSQL does not take', async () => {
    expect(await told('CREATE TABLE t (at timestamptz); CREATE INDEX ON t ((at::date))')).toMatchObject({
      code: 'database.definition',
      message: expect.stringContaining('IMMUTABLE'),
      facts: { sqlstate: '42P17' },
    });
  });
});
