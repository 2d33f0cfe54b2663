import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { migrate, pendingMigrations, requireLedger } from '../../src/ledger/migrate.ts';
import { ident } from '../../src/ledger/sql.ts';
import { createTestDatabase } from '../support/postgres.ts';

describe('the ledger', () => {
  it('is made once, however many start at the same time', async () => {
    await using database = await createTestDatabase();
    const clients = await Promise.all([database.connect(), database.connect(), database.connect()]);
    await Promise.all(clients.map((client) => migrate(client)));
    const applied = await clients[0]?.query<{ name: string }>(
      'SELECT name FROM dayboard.migration ORDER BY 1',
    );
    const files = readdirSync(join(packageRoot(), 'sql', 'ledger')).sort();
    expect(applied?.rows.map(({ name }) => name)).toEqual(files);
    expect(await pendingMigrations(clients[0])).toEqual([]);
  });

  it('began as it is: databases that had its first migration never get it again', () => {
    const first = readFileSync(join(packageRoot(), 'sql', 'ledger', '0001_ledger.sql'));
    expect(createHash('sha256').update(first).digest('hex')).toBe(
      '8ec3eaeb98415e2b4d6819e3141e47819daeebabbd526f39796c91c5156595c9',
    );
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
