import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { migrate, pendingMigrations, requireLedger } from '../../src/ledger/migrate.ts';
import { ident } from '../../src/ledger/sql.ts';
import { createTestDatabase } from '../support/postgres.ts';

describe('the ledger', () => {
  it('is made once, however many start at the same time', async () => {
    await using database = await createTestDatabase();
    const clients = await Promise.all([database.connect(), database.connect(), database.connect()]);
    await Promise.all(clients.map((client) => migrate(client)));
    const applied = await clients[0]?.query('SELECT name FROM dayboard.migration');
    expect(applied?.rows).toEqual([{ name: '0001_ledger.sql' }]);
    expect(await pendingMigrations(clients[0])).toEqual([]);
  });

  it('is not made by a session that may not write, which says so', async () => {
    await using database = await createTestDatabase();
    const client = await database.connect();
    await expect(requireLedger(client)).rejects.toMatchObject({ code: 'ledger.missing', kind: 'refused' });
    expect((await client.query(`SELECT to_regnamespace('dayboard') AS there`)).rows[0].there).toBeNull();
  });

  it('names the GRANT that is missing when it may not be made', async () => {
    await using database = await createTestDatabase();
    const owner = await database.connect();
    const role = `weak_${database.name}`;
    await owner.query(`CREATE ROLE ${ident(role)} LOGIN PASSWORD 'secret'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    const weak = new pg.Client({ connectionString: url.href });
    await weak.connect();
    try {
      await expect(migrate(weak)).rejects.toMatchObject({
        code: 'ledger.permission',
        next: expect.stringContaining(`GRANT CREATE ON DATABASE ${database.name} TO ${role}`),
      });
    } finally {
      await weak.end();
      await owner.query(`DROP ROLE ${ident(role)}`);
    }
  });

  it('of a newer dayboard is left alone', async () => {
    await using database = await createTestDatabase();
    const client = await database.connect();
    await migrate(client);
    await client.query(`INSERT INTO dayboard.migration (name) VALUES ('9999_future.sql')`);
    await expect(migrate(client)).rejects.toMatchObject({ code: 'ledger.newer' });
  });
});
