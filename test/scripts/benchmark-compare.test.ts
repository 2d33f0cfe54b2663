import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareAll } from '../../scripts/benchmark/compare.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
});

afterAll(() => database.drop());

function rows(...values: string[]): string {
  return `SELECT * FROM (VALUES ${values.join(', ')}) AS r (name, visits)`;
}

test('sides with the same rows the same number of times are equal, in whatever order', async () => {
  const [left, right] = [
    rows(`('a', 1)`, `('b', NULL)`, `('a', 1)`),
    rows(`('b', NULL)`, `('a', 1)`, `('a', 1)`),
  ];
  expect(await compareAll(client, [['visits', left, right]])).toEqual([
    { what: 'visits', rows: 3, corrected: 0, differences: 0 },
  ]);
});

test.each([
  ['misses a row', rows(`('a', 1)`, `('b', 2)`), rows(`('a', 1)`), /visits: 1 rows.*"b"/],
  ['has a row too often', rows(`('a', 1)`), rows(`('a', 1)`, `('a', 1)`), /visits: 1 rows.*"a"/],
  ['has another value', rows(`('a', 1)`), rows(`('a', 2)`), /visits: 2 rows/],
  ['has NULL for a value', rows(`('a', 1)`), rows(`('a', NULL::integer)`), /visits: 2 rows/],
])('a side that %s is told with samples', async (_, left, right, message) => {
  await expect(compareAll(client, [['visits', left, right]])).rejects.toThrow(message);
});

test('what a correction explains is set aside and counted, and nothing else', async () => {
  const [left, right] = [rows(`('a', 1)`, `('b', 2)`), rows(`('a', 5)`, `('b', 2)`)];
  expect(await compareAll(client, [['visits', left, right, `name = 'a'`]])).toEqual([
    { what: 'visits', rows: 2, corrected: 2, differences: 0 },
  ]);
  await expect(compareAll(client, [['visits', left, right, `name = 'b'`]])).rejects.toThrow('visits: 2 rows');
});
