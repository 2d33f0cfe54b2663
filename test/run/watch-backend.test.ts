import pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BackendState, watchBackend } from '../../src/run/watch-backend.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let client: pg.Client;
let holder: pg.Client;
/** What watchers have connected with, oldest first. */
let watchers: pg.Client[];
beforeEach(async () => {
  database = await createTestDatabase();
  [client, holder] = await Promise.all([database.connect(), database.connect()]);
  watchers = [];
  await client.query(`CREATE TABLE numbers AS SELECT n FROM generate_series(1, 20000) AS n;
    CREATE FUNCTION slow(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
      $$ BEGIN IF n = 15000 THEN PERFORM pg_advisory_xact_lock_shared(7); END IF; RETURN n; END $$`);
  return () => database.drop();
});

const watching = {
  connect: async () => {
    const watcher = new pg.Client({ connectionString: database.url, application_name: 'watcher' });
    watcher.on('error', () => undefined);
    watchers.push(watcher);
    await watcher.connect();
    return watcher;
  },
};

const watched = async () =>
  (
    await holder.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'watcher'`,
    )
  ).rowCount;

describe('a session that is watched', () => {
  it('tells how far an index is, as PostgreSQL measures it, and the watcher leaves with it', async () => {
    await holder.query('SELECT pg_advisory_lock(7)');
    const states: BackendState[] = [];
    const made = watchBackend(
      watching,
      client,
      (state) => states.push(state),
      () => client.query('CREATE INDEX numbers_slow ON numbers (slow(n))'),
    );
    // It stops three quarters into the table; before that it may be seen on its way there.
    const stopped = ({ share = 0 }: BackendState) => share > 0.5;
    await until(() => states.some(stopped), { what: 'a measured share' });
    const state = states.find(stopped)!;
    expect(state.phase).toBe('scanning table');
    expect(state.share).toBeLessThan(1);
    await holder.query('SELECT pg_advisory_unlock(7)');
    await made;
    const told = states.length;
    await until(async () => (await watched()) === 0, { what: 'the watcher has gone' });
    expect(states).toHaveLength(told);
  });

  it('tells who holds the lock that it waits for, without the values of their query', async () => {
    await holder.query(`BEGIN; UPDATE numbers SET n = 0 WHERE n = 1 AND 'secret' <> ''`);
    const states: BackendState[] = [];
    const updated = watchBackend(
      watching,
      client,
      (state) => states.push(state),
      () => client.query('UPDATE numbers SET n = 2 WHERE n = 1'),
    );
    await until(() => states.some(({ blockedBy }) => blockedBy !== undefined), { what: 'a blocker' });
    const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const text = states.find(({ blockedBy }) => blockedBy !== undefined)?.blockedBy;
    expect(text).toContain(`(process ${rows[0]!.pid}, test) in a transaction since `);
    expect(text).toContain('query since ');
    expect(text).not.toContain('secret');
    await holder.query('ROLLBACK');
    await updated;
  });

  it('does not notice when its watcher is lost, which comes back', async () => {
    await holder.query('SELECT pg_advisory_lock(7)');
    const states: BackendState[] = [];
    const made = watchBackend(
      watching,
      client,
      (state) => states.push(state),
      () => client.query('CREATE INDEX numbers_slow ON numbers (slow(n))'),
    );
    await until(() => states.length > 0, { what: 'the watcher has told something' });
    await holder.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'watcher'`,
    );
    await until(() => watchers.length === 2, { what: 'another watcher' });
    const told = states.length;
    await until(() => states.length > told, { what: 'it tells again' });
    await holder.query('SELECT pg_advisory_unlock(7)');
    await made;
    expect((await client.query('SELECT FROM numbers WHERE slow(n) = 3')).rowCount).toBe(1);
  });

  it('is not held up when nobody can watch it', async () => {
    const none = { connect: () => Promise.reject(new Error('too many connections')) };
    const states: BackendState[] = [];
    expect(
      await watchBackend(
        none,
        client,
        (state) => states.push(state),
        async () => 7,
      ),
    ).toBe(7);
    await expect(
      watchBackend(
        none,
        client,
        (state) => states.push(state),
        () => client.query('SELECT 1 / 0'),
      ),
    ).rejects.toThrow('division by zero');
    expect(states).toEqual([]);
  });
});
