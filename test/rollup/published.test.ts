import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { readOwed } from '../../src/ledger/derived.ts';
import { inTransaction } from '../../src/ledger/transaction.ts';
import { ensureDataset } from '../../src/load/publish/publish.ts';
import { derivedInOrder } from '../../src/plan/derived.ts';
import type { Dataset, Project, Rollup } from '../../src/project/model.ts';
import { ensureRollup } from '../../src/rollup/ensure.ts';
import { measureDataset, measureRollup } from '../../src/rollup/measure.ts';
import { recomputeBuckets } from '../../src/rollup/recompute.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines, publishRows, startRun } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let client: pg.Client;
let run: string;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  run = await startRun(client, 'test');
  return () => database.drop();
});

const DATASET: Dataset = aDataset({ freshness: { column: 'day', warnHours: 1, errorHours: 2 } });

function perDay(changes: Partial<Rollup> = {}): Rollup {
  return aRollup({
    name: 'days',
    over: 'visits',
    groups: [
      { name: 'day', type: 'date', sql: '"day"' },
      { name: 'id', type: 'text', sql: '"id"' },
    ],
    published: { schema: 'stats', name: 'by_day', columns: ['id', 'day', 'visits'] },
    ...changes,
  });
}

function perMonth(changes: Partial<Rollup> = {}): Rollup {
  return aRollup({
    name: 'months',
    over: 'days',
    groups: [{ name: 'month', type: 'date', sql: `date_trunc('month', "day"::timestamp)::date` }],
    measures: { visits: { kind: 'sum', column: 'visits' } },
    bucket: { group: 'month', unit: 'month' },
    published: { schema: 'stats', name: 'by_month', columns: ['month', 'visits'] },
    ...changes,
  });
}

function project(rollups: Rollup[] = [perDay(), perMonth()], changes: Partial<Project> = {}): Project {
  return aProject({ datasets: [DATASET], rollups, ...changes });
}

function publish(of: Project, period: string, rows: Array<{ id: string; day: string }>) {
  return publishRows({ client, project: of, dataset: DATASET, run }, period, rows);
}

/** What a refresh does: makes sure of each rollup, and computes what is owed. */
async function refresh(of: Project, on = client): Promise<string[]> {
  const computed: string[] = [];
  for (const { name } of derivedInOrder(of)) {
    const rollup = of.rollups.find((each) => each.name === name);
    if (rollup === undefined) continue;
    await inTransaction(on, async () => {
      await ensureRollup(on, of, rollup);
      const owed = (await readOwed(on, of.name)).get(name);
      if (owed === undefined) return;
      await recomputeBuckets({ client: on, project: of, run }, rollup, owed.buckets);
      computed.push(`${name}: ${owed.buckets.join(', ')}`);
    });
  }
  return computed;
}

const ROWS = [
  { id: 'a', day: '2024-10-31' },
  { id: 'b', day: '2024-10-31' },
  { id: 'a', day: '2024-11-01' },
].map((row, at) => ({ ...row, id: `${row.id}${at}` }));
const byMonth = () => lines(client, 'SELECT month::text, visits FROM stats.by_month');

async function aReader(relation: string): Promise<() => Promise<boolean>> {
  await client.query(
    `DO $$ BEGIN CREATE ROLE rollup_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  );
  await client.query(`GRANT SELECT ON ${relation} TO rollup_reader`);
  return async () => {
    const found = await client.query<{ may: boolean }>(
      `SELECT has_table_privilege('rollup_reader', '${relation}', 'SELECT') AS may`,
    );
    return found.rows[0]?.may === true;
  };
}

describe('the relation that readers know', () => {
  it('has the name, columns, order and types of the definition, and nothing of dayboard’s own', async () => {
    await ensureDataset(client, project(), DATASET);
    const described = await lines(
      client,
      `SELECT attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attnum > 0 AND attrelid IN ('stats.by_day'::regclass, 'stats.by_month'::regclass)`,
    );
    const named = described.map((line) => line.split('|').slice(1).join(' '));
    expect(named).toEqual(['1 id text', '2 day date', '3 visits bigint', '1 month date', '2 visits numeric']);
  });

  it.each([
    [{ count: 2, unit: 'day' }, ['-2', '-1', '0', '1']],
    [{ count: 0, unit: 'day' }, ['0', '1']],
  ] as const)('shows %o: whole units back from today, in the rollup’s time zone', async (window, shown) => {
    // Kiritimati is a day ahead of Honolulu: with a wrong zone one of them fails at any hour.
    for (const timeZone of ['Pacific/Kiritimati', 'Pacific/Honolulu']) {
      const published = {
        schema: 'stats',
        name: `by_day_${timeZone.slice(8, 11).toLowerCase()}`,
        columns: ['day'],
        window,
      };
      const of = project([
        perDay({ name: `days_${timeZone.slice(8, 11).toLowerCase()}`, timeZone, published }),
      ]);
      const today = `(now() AT TIME ZONE '${timeZone}')::date`;
      const days = await lines(client, `SELECT (${today} + n)::text FROM generate_series(-4, 1) n`);
      await publish(
        of,
        '2024-11-14',
        days.map((day) => ({ id: day, day })),
      );
      await refresh(of);
      await client.query(`SET TimeZone = 'UTC'`);
      expect(await lines(client, `SELECT day - ${today} FROM stats.${published.name}`)).toEqual(
        [...shown].sort(),
      );
    }
  });

  it('reaches as far as its window says in months, too', async () => {
    const published = {
      schema: 'stats',
      name: 'by_month',
      columns: ['month'],
      window: { count: 12, unit: 'month' as const },
    };
    const of = project([perDay(), perMonth({ published })]);
    const months = await lines(
      client,
      `SELECT ((date_trunc('month', now() AT TIME ZONE 'UTC') - n * interval '1 month')::date)::text FROM generate_series(0, 13) n`,
    );
    await publish(
      of,
      '2024-11-14',
      months.map((day) => ({ id: day, day })),
    );
    expect(await lines(client, 'SELECT month::text FROM stats.by_month')).toEqual(months.slice(1));
  });
});

describe('somebody else’s relation with the name of a rollup', () => {
  beforeEach(async () => {
    await client.query('CREATE SCHEMA stats; CREATE TABLE stats.by_day (mine text)');
  });

  it('is in the way: every choice is named, and nothing was made', async () => {
    await expect(ensureDataset(client, project(), DATASET)).rejects.toMatchObject({
      code: 'relation.foreign',
      message: expect.stringContaining('Nothing was changed'),
      next: expect.stringMatching(/'stats\.by_day': 'keep'.*'replace'/),
    });
    expect(
      await lines(client, `SELECT to_regclass('public.visits'), to_regclass('dayboard.rollup_test_days')`),
    ).toEqual(['null|null']);
  });

  it('is kept when the definition says so, and the numbers stay with dayboard', async () => {
    const of = project([perDay(), perMonth()], { existing: { 'stats.by_day': 'keep' } });
    await publish(of, '2024-11-14', ROWS);
    expect(await lines(client, 'SELECT mine FROM stats.by_day')).toEqual([]);
    expect(await lines(client, 'SELECT sum(visits) FROM dayboard.rollup_test_days')).toEqual(['3']);
    expect(await byMonth()).toEqual(['2024-10-01|2', '2024-11-01|1']);
  });

  it('is replaced when the definition says so, and its readers may read the new one', async () => {
    const mayRead = await aReader('stats.by_day');
    const of = project([perDay()], { existing: { 'stats.by_day': 'replace' } });
    await publish(of, '2024-11-14', ROWS);
    expect(await lines(client, 'SELECT count(*) FROM stats.by_day')).toEqual(['3']);
    expect(await mayRead()).toBe(true);
  });
});

describe('a rollup that is new', () => {
  it('over rows that are there is owed as a whole, and deltas leave it alone until it is computed', async () => {
    await publish(project([]), '2024-11-14', ROWS);
    await publish(project(), '2024-11-15', [{ id: 'z', day: '2024-11-02' }]);
    expect(await byMonth()).toEqual([]);
    expect(await refresh(project())).toEqual(['days: all', 'months: all']);
    expect(await byMonth()).toEqual(['2024-10-01|2', '2024-11-01|2']);
    expect(await refresh(project())).toEqual([]);
  });
});

describe('a rollup whose definition changed', () => {
  const changed = () =>
    project([
      perDay({
        measures: { visits: { kind: 'count', where: `"id" < 'b'` }, last: { kind: 'max', column: 'id' } },
        published: { schema: 'stats', name: 'by_day', columns: ['last', 'visits', 'day'] },
      }),
      perMonth(),
      aRollup({
        name: 'lasts',
        over: 'days',
        groups: [{ name: 'day', type: 'date', sql: '"day"' }],
        measures: { last: { kind: 'max', column: 'last' } },
      }),
    ]);

  beforeEach(async () => {
    await publish(project(), '2024-11-14', ROWS);
  });

  it('is computed anew with those over it, and shows the old numbers until then', async () => {
    await publish(changed(), '2024-11-15', [{ id: 'a9', day: '2024-11-02' }]);
    expect(await byMonth()).toEqual(['2024-10-01|2', '2024-11-01|1']);
    expect(await refresh(changed())).toEqual(['days: all', 'months: all', 'lasts: all']);
    expect(await byMonth()).toEqual(['2024-10-01|1', '2024-11-01|2']);
    expect(await lines(client, 'SELECT last, visits, day::text FROM stats.by_day')).toEqual([
      'a0|1|2024-10-31',
      'a2|1|2024-11-01',
      'a9|1|2024-11-02',
      'b1|0|2024-10-31',
    ]);
    expect(await lines(client, 'SELECT last FROM dayboard.rollup_test_lasts')).toEqual(['a2', 'a9', 'b1']);
  });

  it('keeps its readers, also when its columns change', async () => {
    const mayRead = await aReader('stats.by_day');
    await refresh(changed());
    expect(await mayRead()).toBe(true);
  });

  it('is never absent: a reader in a transaction makes the swap wait, not fail', async () => {
    const reader = await database.connect();
    await reader.query('BEGIN; SELECT * FROM stats.by_month');
    const other = await database.connect();
    const refreshed = refresh(changed(), other);
    await until(
      async () =>
        (
          await lines(
            client,
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          )
        ).length > 0,
      { what: 'the swap waits' },
    );
    await reader.query('COMMIT');
    expect(await refreshed).toEqual(['days: all', 'months: all', 'lasts: all']);
  });
});

describe('what a rollup shows of itself', () => {
  it('is how far it reaches and how many rows it has, from its first publish on', async () => {
    const of = project();
    await publish(of, '2024-11-14', ROWS);
    expect(await measureDataset(client, DATASET)).toMatchObject({ rows: 3, through: '2024-11-01' });
    expect(await measureRollup(client, of, perDay())).toMatchObject({ rows: 3, through: '2024-11-01' });
    expect(await measureRollup(client, of, perMonth())).toMatchObject({ rows: 2, through: '2024-11-01' });
  });

  it('is nothing while it is empty', async () => {
    await ensureDataset(client, project(), DATASET);
    const measured = await measureRollup(client, project(), perDay());
    expect(measured).not.toHaveProperty('through');
    expect(measured.rows).toBe(0);
  });
});
