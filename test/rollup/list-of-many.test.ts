import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../src/ledger/transaction.ts';
import { recomputeBuckets } from '../../src/rollup/recompute.ts';
import { aProject, aRollup } from '../support/definitions.ts';
import { lines, publishRows, type Publisher, startRun, undoRows } from '../support/deliveries.ts';
import { hooked } from '../support/hooked.ts';
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

describe('a list of which groups go with the delivery that came last', () => {
  /** The SQL of what looks for other rows of groups that may have gone. */
  const asked = async (change: (on: Publisher) => Promise<unknown>) => {
    const looked: string[] = [];
    const watched = hooked(client, (_, sql) => {
      if (sql.includes('_alive" AS')) looked.push(sql);
    });
    await change({ ...publisher, client: watched });
    return looked;
  };
  const DAY_ALONE = `"day" >= '2024-11-20' AND "day" < '2024-11-21'`;
  const WHOLE_MONTH = `"day" BETWEEN '2024-10-30' AND '2024-12-02'`;
  const correct = (to: number) => asked((on) => publishRows(on, '2024-11-20', people('2024-11-20', 0, to)));

  beforeEach(async () => {
    await publishRows(publisher, '2024-11-04', people('2024-11-04', 0, 5));
    await publishRows(publisher, '2024-11-20', people('2024-11-20', 0, 10));
  });

  it('asks its own day alone while nothing else has changed', async () => {
    expect(await correct(8)).toEqual([expect.stringContaining(DAY_ALONE)]);
    expect(await correct(7)).toEqual([expect.stringContaining(DAY_ALONE)]);
    expect(await listed()).toEqual(['7|7|2024-11-01']);
    expect(await asked((on) => undoRows(on, '2024-11-20'))).toEqual([]);
    expect(await asked((on) => undoRows(on, '2024-11-20'))).toEqual([]);
    expect(await listed()).toEqual(['10|10|2024-11-01']);
    expect(await asked((on) => undoRows(on, '2024-11-20'))).toEqual([expect.stringContaining(DAY_ALONE)]);
    expect(await listed()).toEqual(['5|5|2024-11-01']);
    expect(await lacking()).toEqual([]);
  });

  it('asks the whole bucket once another delivery has brought rows of them since', async () => {
    await publishRows(publisher, '2024-11-04', people('2024-11-04', 0, 9));
    expect(await witnesses()).toEqual(['2024-11-04|5', '2024-11-20|5']);
    expect(await correct(8)).toEqual([expect.stringContaining(WHOLE_MONTH)]);
    expect(await listed()).toEqual(['9|9|2024-11-01']);
    expect(await correct(5)).toEqual([expect.stringContaining(WHOLE_MONTH)]);
    expect(await listed()).toEqual(['9|9|2024-11-01']);
    expect(await lacking()).toEqual([]);
  });

  it('asks the whole bucket once an undo has brought rows of them back', async () => {
    await publishRows(publisher, '2024-11-04', people('2024-11-04', 0, 9));
    await publishRows(publisher, '2024-11-04', people('2024-11-04', 0, 5));
    await undoRows(publisher, '2024-11-20');
    await publishRows(publisher, '2024-11-20', people('2024-11-20', 0, 10));
    await undoRows(publisher, '2024-11-04');
    expect(await correct(8)).toEqual([expect.stringContaining(WHOLE_MONTH)]);
    expect(await listed()).toEqual(['9|9|2024-11-01']);
    expect(await lacking()).toEqual([]);
  });

  it('asks the whole bucket once the list was computed anew', async () => {
    const [list] = publisher.project.rollups;
    if (list === undefined) throw new Error('There is a list.');
    await inTransaction(client, () => recomputeBuckets(publisher, list, ['2024-11-01']));
    expect(await correct(8)).toEqual([expect.stringContaining(WHOLE_MONTH)]);
    expect(await listed()).toEqual(['8|8|2024-11-01']);
  });

  it('asks the whole bucket when its rows lie in several days', async () => {
    await publishRows(publisher, '2024-11-20', [
      ...people('2024-11-20', 0, 10),
      ...people('2024-11-19', 9, 10),
    ]);
    expect(await correct(9)).toEqual([expect.stringContaining(WHOLE_MONTH)]);
    expect(await correct(8)).toEqual([expect.stringContaining(WHOLE_MONTH)]);
    expect(await listed()).toEqual(['8|8|2024-11-01']);
  });
});
