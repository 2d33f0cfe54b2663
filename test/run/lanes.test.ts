import { describe, expect, it } from 'vitest';
import { Database } from '../../src/ledger/connection.ts';
import { databaseSettings } from '../../src/ledger/database-settings.ts';
import { Lanes } from '../../src/run/lanes.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

describe('lanes', () => {
  it('begin nothing once the run is cancelled, also while a connection is being made', async () => {
    await using database = await createTestDatabase();
    const abort = new AbortController();
    const lanes = new Lanes(
      new Database(databaseSettings({ DATABASE_URL: database.url }), false),
      abort.signal,
    );
    expect(await lanes.use(async (client) => (await client.query('SELECT 1 AS one')).rows)).toEqual([
      { one: 1 },
    ]);
    let begun = 0;
    const work = async (): Promise<void> => {
      begun += 1;
    };
    const inside = lanes.use(async () => {
      // Its own connection is taken: the second has to be made.
      const second = lanes.use(work);
      abort.abort(new Error('Cancelled.'));
      await second;
    });
    await expect(inside).rejects.toThrow('Cancelled.');
    await expect(lanes.use(work)).rejects.toThrow('Cancelled.');
    expect(begun).toBe(0);
    await lanes.close();
  });

  it('lend three further connections at most, and none that the server has not', async () => {
    await using database = await createTestDatabase();
    const connections = new Database(databaseSettings({ DATABASE_URL: database.url }), false);
    const lanes = new Lanes(connections, new AbortController().signal);
    const backends = new Set<number>();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const lent = Array.from({ length: 6 }, () =>
      lanes.lend(async (client) => {
        const found = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        backends.add(found.rows[0]?.pid ?? 0);
        await released;
      }),
    );
    await until(() => backends.size >= 3, { what: 'three are lent' });
    release();
    await Promise.all(lent);
    expect(backends.size).toBe(3);
    await lanes.close();
    let begun = false;
    const refused = new Database(
      databaseSettings({ DATABASE_URL: database.url.replace(/\/\/[^@]*@/, '//nobody_there:x@') }),
      false,
    );
    await new Lanes(refused, new AbortController().signal).lend(async () => {
      begun = true;
    });
    expect(begun).toBe(false);
  });
});
