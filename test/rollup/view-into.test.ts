import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { View, ViewInto } from '../../src/project/model.ts';
import { fillInto, lostColumns } from '../../src/rollup/view-into.ts';
import { lines } from '../support/deliveries.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const VIEW: View & { into: ViewInto } = {
  schema: 'public',
  name: 'last_seen',
  description: '',
  reads: [],
  sql: '',
  indexes: [],
  into: {
    schema: 'public',
    name: 'people',
    on: { table: 'id', view: 'person' },
    columns: { first: 'date', last: 'date' },
  },
};

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  await client.query(`CREATE TABLE last_seen (person text, first date, last date);
    INSERT INTO last_seen VALUES ('ann', '2024-11-01', '2024-11-14'), ('gone', '2024-11-02', NULL);
    CREATE TABLE people (id text, name text); INSERT INTO people VALUES ('ann', 'Ann'), ('bob', 'Bob')`);
  return () => database.drop();
});

const fill = () => fillInto(client, VIEW, new AbortController().signal);
const people = () => lines(client, `SELECT id, name, first::text, last::text FROM people`);

describe('a table that a view has columns in', () => {
  it('gains them, and what they hold', async () => {
    expect(await lostColumns(client, VIEW)).toBe(true);
    expect(await fill()).toBe(1);
    expect(await lostColumns(client, VIEW)).toBe(false);
    expect(await people()).toEqual(['ann|Ann|2024-11-01|2024-11-14', 'bob|Bob|null|null']);
  });

  it('is touched only where it is another', async () => {
    await fill();
    expect(await fill()).toBe(0);
    await client.query(`UPDATE last_seen SET person = 'bob', last = NULL WHERE person = 'ann'`);
    expect(await fill()).toBe(2);
    expect(await people()).toEqual(['ann|Ann|null|null', 'bob|Bob|2024-11-01|null']);
  });

  it('gains them again when it was replaced without them', async () => {
    await fill();
    await client.query(
      `DROP TABLE people; CREATE TABLE people (id text, name text); INSERT INTO people VALUES ('ann', 'Ann')`,
    );
    expect(await lostColumns(client, VIEW)).toBe(true);
    await fill();
    expect(await people()).toEqual(['ann|Ann|2024-11-01|2024-11-14']);
  });

  it('that is not there is told', async () => {
    await client.query('DROP TABLE people');
    expect(await lostColumns(client, VIEW)).toBe(false);
    await expect(fill()).rejects.toMatchObject({ code: 'relation.missing', kind: 'refused' });
  });
});
