import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { aProject, aRollup } from '../support/definitions.ts';
import { lines, publishRows, type Publisher, startRun, undoRows } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import { hitsDataset } from '../support/visits.ts';

let client: pg.Client;
let publisher: Publisher;

beforeEach(async () => {
  const database = await createLedgerDatabase();
  client = await database.connect();
  const dataset = hitsDataset();
  const people = aRollup({
    name: 'people',
    over: 'visits',
    groups: [
      { name: 'month', type: 'date', sql: "date_trunc('month', day)::date" },
      { name: 'id', type: 'text', sql: '"id"' },
    ],
    measures: {},
    bucket: { group: 'month', unit: 'month' },
    published: { schema: 'stats', name: 'people', columns: ['month', 'id'] },
  });
  const project = aProject({ datasets: [dataset], rollups: [people] });
  publisher = { client, project, dataset, run: await startRun(client, 'test') };
  return () => database.drop();
});

/** The people from one number up to another, there on a day. */
const people = (day: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ id: `u${from + at}`, day, hits: 1 }));

const listed = () => lines(client, 'SELECT count(*), count(DISTINCT id), min(month)::text FROM stats.people');
const lacking = () =>
  lines(client, 'SELECT DISTINCT id FROM stats.visits EXCEPT SELECT id FROM stats.people');
const witnesses = () =>
  lines(client, 'SELECT _witness::text, count(*) FROM dayboard.rollup_test_people GROUP BY 1 ORDER BY 1');

describe('a list of which a day with more groups than are looked up one by one goes', () => {
  it('keeps those of the days around it and those of days far from it, and no others', async () => {
    await publishRows(publisher, '2024-11-03', people('2024-11-03', 0, 12_000));
    await publishRows(publisher, '2024-11-04', people('2024-11-04', 0, 6_000));
    await publishRows(publisher, '2024-11-20', people('2024-11-20', 5_000, 9_000));
    expect(await witnesses()).toEqual(['2024-11-03|12000']);
    await undoRows(publisher, '2024-11-03');
    expect(await listed()).toEqual(['9000|9000|2024-11-01']);
    expect(await lacking()).toEqual([]);
    expect(await witnesses()).toEqual(['2024-11-04|6000', '2024-11-20|3000']);
  });
});
