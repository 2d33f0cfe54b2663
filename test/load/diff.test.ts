import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { diffDelivery } from '../../src/load/publish/diff.ts';
import type { Dataset, Project } from '../../src/project/model.ts';
import { aProject, aRollup } from '../support/definitions.ts';
import {
  lines,
  prepareRows,
  publishRows,
  type Publisher,
  startRun,
  type Values,
} from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';

let database: TestDatabase;
let client: pg.Client;
let publisher: Publisher;

function projectOf(dataset: Dataset): Project {
  return aProject({
    datasets: [dataset],
    rollups: [
      hitsPerDay(),
      aRollup({
        name: 'users',
        over: 'visits',
        groups: [
          { name: 'id', type: 'text', sql: '"id"' },
          { name: 'month', type: 'date', sql: `date_trunc('month', "day"::timestamp)::date` },
        ],
        measures: {},
        bucket: { group: 'month', unit: 'month' },
      }),
      aRollup({
        name: 'months',
        over: 'users',
        groups: [{ name: 'month', type: 'date', sql: '"month"' }],
        measures: { users: { kind: 'count' } },
        bucket: { group: 'month', unit: 'month' },
      }),
    ],
  });
}

beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  const dataset = hitsDataset();
  publisher = { client, project: projectOf(dataset), dataset, run: await startRun(client, 'test') };
  return () => database.drop();
});

async function diff(period: string, rows: readonly Values[], of = publisher) {
  const { project, dataset, run } = of;
  return diffDelivery({
    client,
    project,
    dataset,
    period,
    run,
    derive: true,
    beside: async (work) => work(await database.connect()),
    signal: new AbortController().signal,
    against: { prepared: await prepareRows(client, dataset, period, rows), object: 'visits.csv' },
  });
}

const everything = async () => [
  await lines(client, 'SELECT id, day::text, hits, _delivery::text FROM stats.visits'),
  await lines(client, 'SELECT day::text, visits, hits FROM dayboard.rollup_test_days'),
  await lines(client, 'SELECT month::text, users FROM dayboard.rollup_test_months'),
  await lines(client, 'SELECT period, version, current FROM dayboard.version'),
  await lines(client, 'SELECT name, bucket FROM dayboard.owed'),
];

const row = (id: string, hits: number, day = '2024-11-14') => ({ id, day, hits });

describe('a diff', () => {
  it('tells rows apart by key, follows the change through every rollup, and changes nothing', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1), row('b', 2), row('c', 3)]);
    const before = await everything();
    const found = await diff('2024-11-14', [row('a', 1), row('b', 20), row('d', 4), row('e', 5)]);
    expect(found).toMatchObject({
      version: 1,
      rows: { added: 2, removed: 1, changed: 1 },
      samples: {
        added: [row('d', 4), row('e', 5)],
        removed: [row('c', 3)],
        changed: [{ before: row('b', 2), after: row('b', 20) }],
      },
      rollups: [
        {
          name: 'days',
          buckets: [
            {
              bucket: '2024-11-14',
              before: { groups: 1, measures: { visits: '3', hits: '6' } },
              after: { groups: 1, measures: { visits: '4', hits: '30' } },
            },
          ],
        },
        { name: 'users', buckets: [{ bucket: '2024-11-01', before: { groups: 3 }, after: { groups: 4 } }] },
        {
          name: 'months',
          buckets: [
            {
              bucket: '2024-11-01',
              before: { measures: { users: '3' } },
              after: { measures: { users: '4' } },
            },
          ],
        },
      ],
    });
    expect(await everything()).toEqual(before);
  });

  it('of a day that is not there yet makes no partition', async () => {
    expect(await diff('2024-11-14', [row('a', 1)])).toMatchObject({ version: 0, rows: { added: 1 } });
    expect(
      await lines(client, `SELECT 1 FROM pg_inherits WHERE inhparent = 'stats.visits'::regclass`),
    ).toEqual([]);
    expect(
      await lines(
        client,
        `SELECT relname FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace AND relname NOT LIKE '%prepared'`,
      ),
    ).toEqual([]);
  });

  it('tells a bucket whose totals stay and whose groups are others', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 5), row('z', 1)]);
    const found = await diff('2024-11-14', [row('b', 4), row('z', 2)]);
    expect(found.rollups.map(({ name }) => name)).toEqual(['users']);
    const [bucket] = found.rollups[0]?.buckets ?? [];
    expect(bucket?.before.groups).toBe(bucket?.after.groups);
    expect(bucket?.before.content).not.toBe(bucket?.after.content);
  });

  it('of the same rows is nothing', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1)]);
    expect(await diff('2024-11-14', [row('a', 1)])).toMatchObject({
      rows: { added: 0, removed: 0, changed: 0 },
      rollups: [],
    });
  });

  it('of rows that only another delivery has is nothing, in whichever zone the sessions tell times', async () => {
    const timeZone = 'Europe/Paris';
    const dataset = hitsDataset({ timeZone });
    const at = { name: 'at', type: 'timestamptz', sql: `("day"::timestamp AT TIME ZONE '${timeZone}')` };
    const days = aRollup({
      name: 'days',
      over: 'visits',
      timeZone,
      groups: [at],
      bucket: { group: 'at', unit: 'day' },
    });
    const into = { ...publisher, dataset, project: aProject({ datasets: [dataset], rollups: [days] }) };
    await publishRows(into, '2024-11-14', [row('a', 1)]);
    expect(await diff('2024-11-15', [row('a', 1)], into)).toMatchObject({
      rows: { added: 0, removed: 0, changed: 0 },
      rollups: [],
    });
  });

  it('counts rows that repeat where there is no key', async () => {
    const dataset = hitsDataset({ carries: { kind: 'period', column: 'day' } });
    const into = { ...publisher, dataset, project: projectOf(dataset) };
    await publishRows(into, '2024-11-14', [row('a', 1), row('a', 1), row('b', 2)]);
    const found = await diff('2024-11-14', [row('a', 1), row('b', 3)], into);
    expect(found.rows).toEqual({ added: 1, removed: 2, changed: 0 });
    expect(found.samples.removed).toEqual([row('a', 1), row('b', 2)]);
  });
});
