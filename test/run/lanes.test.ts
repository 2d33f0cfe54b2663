import { describe, expect, it } from 'vitest';
import { Database, databaseSettings } from '../../src/ledger/connection.ts';
import { Lanes } from '../../src/run/lanes.ts';
import { createTestDatabase } from '../support/postgres.ts';

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
});
