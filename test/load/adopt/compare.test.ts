import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { lines } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { hooked } from '../../support/hooked.ts';
import { adopt, aTable, back, projectOf, visits } from './support.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

const COLUMNS = 'id, at, agent, hits';

describe('a table that is changed while it is taken over', () => {
  it.each([
    [
      `UPDATE stats.visits SET hits = hits + 1 WHERE id = 'v2' AND at < '2024-10-28'`,
      /not the same on 2 days: 2024-10-27 \((\d+) rows there, \1 in the new table\)/,
    ],
    [
      `DELETE FROM stats.visits WHERE id = 'v50'`,
      /not the same on 4 days: 2024-10-\d+ \(\d+ rows there, \d+ in the new table\), /,
    ],
    [`UPDATE stats.visits SET agent = '' WHERE agent IS NULL`, /not the same on 4 days/],
    [`INSERT INTO stats.visits VALUES ('x', '2024-12-01')`, /2024-12-01 \(1 rows there, 0/],
  ])('behind the triggers’ back is found out, and not switched: %s', async (sql, message) => {
    await aTable(client);
    const other = await database.connect();
    const unheard = hooked(client, async (_, each) => {
      if (!/^ANALYZE.*_dayboard_new"$/.test(each)) return;
      await other.query(
        `ALTER TABLE stats.visits DISABLE TRIGGER ALL; ${sql}; ALTER TABLE stats.visits ENABLE TRIGGER ALL`,
      );
    });
    await expect(adopt(unheard, projectOf(visits()), 'finish')).rejects.toMatchObject({
      code: 'adopt.differs',
      message: expect.stringMatching(message),
      next: expect.stringContaining('--back'),
    });
    const before = await lines(client, `SELECT ${COLUMNS} FROM stats.visits`);
    await back(client, projectOf(visits()));
    expect(await lines(client, `SELECT ${COLUMNS} FROM stats.visits`)).toEqual(before);
  });

  it('after its copy lost rows is not switched', async () => {
    await aTable(client);
    await adopt(client, projectOf(visits()), 'copy');
    await client.query(
      `DELETE FROM stats.visits_dayboard_new WHERE id = 'v2'; DELETE FROM stats.visits WHERE id = 'v2'`,
    );
    await expect(adopt(client, projectOf(visits()), 'finish')).rejects.toMatchObject({
      code: 'adopt.differs',
    });
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'r',
    ]);
  });
});
