import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { readOwed } from '../../src/ledger/derived.ts';
import type { Dataset, Project } from '../../src/project/model.ts';
import { aProject } from '../support/definitions.ts';
import { lines, publishRows, type Publisher, startRun, undoRows } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let client: pg.Client;
let publisher: Publisher;

function projectOf(dataset: Dataset): Project {
  return aProject({
    datasets: [dataset],
    rollups: [
      { ...hitsPerDay(), published: { schema: 'stats', name: 'days', columns: ['hits', 'day', 'visits'] } },
    ],
    views: [
      { schema: 'stats', name: 'totals', description: '', reads: ['days'], sql: 'SELECT 1', indexes: [] },
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

const FIRST = [
  { id: 'a', day: '2024-11-13', hits: 1 },
  { id: 'b', day: '2024-11-14', hits: 2 },
];
const raw = () => lines(client, 'SELECT id, day::text, hits, _delivery::text FROM stats.visits');
const days = () => lines(client, 'SELECT day::text, visits, hits FROM stats.days');
const versions = () =>
  lines(client, 'SELECT period, version, current, kept, added, removed FROM dayboard.version');

describe('a publish', () => {
  it('shows rows, rollups and version at once, under the names and in the column order that readers know', async () => {
    expect(await publishRows(publisher, '2024-11-14', FIRST)).toEqual({
      version: 1,
      rows: 2,
      kept: 2,
      added: 2,
      removed: 0,
    });
    expect(await raw()).toEqual(['a|2024-11-13|1|2024-11-14', 'b|2024-11-14|2|2024-11-14']);
    expect(
      (await client.query('SELECT * FROM stats.days ORDER BY day')).fields.map(({ name }) => name),
    ).toEqual(['hits', 'day', 'visits']);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|1|2']);
    const version = await client.query(
      `SELECT version, current, key, size::int, etag, modified, rows::int, kept::int, days, rules_hash, run::text FROM dayboard.version`,
    );
    expect(version.rows).toEqual([
      {
        version: 1,
        current: true,
        key: 'visits_2024-11-14.csv',
        size: 34,
        etag: 'e1',
        modified: new Date('2024-11-15T01:00:00Z'),
        rows: 2,
        kept: 2,
        days: { '2024-11-13': 1, '2024-11-14': 1 },
        rules_hash: 'rules',
        run: publisher.run,
      },
    ]);
  });

  it('of the same rows again is a new version, and changes nothing', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    const before = await lines(client, 'SELECT ctid, xmin, id FROM stats.visits');
    await client.query('DELETE FROM dayboard.owed');
    expect(await publishRows(publisher, '2024-11-14', FIRST.toReversed())).toMatchObject({
      version: 2,
      added: 0,
      removed: 0,
    });
    expect(await lines(client, 'SELECT ctid, xmin, id FROM stats.visits')).toEqual(before);
    expect(await versions()).toEqual(['2024-11-14|1|false|2|2|0', '2024-11-14|2|true|2|0|0']);
    expect(await readOwed(client, 'test')).toEqual(new Map());
  });

  it('touches the rows that differ, and no other', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    const untouched = () => lines(client, `SELECT ctid, xmin FROM stats.visits WHERE id = 'a'`);
    const before = await untouched();
    const changed = [FIRST[0]!, { ...FIRST[1]!, hits: 9 }, { id: 'c', day: '2024-11-14', hits: null }];
    expect(await publishRows(publisher, '2024-11-14', changed)).toMatchObject({ added: 2, removed: 1 });
    expect(await untouched()).toEqual(before);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|2|9']);
  });

  it('of a delivery that comes late does not overwrite what a newer one brought, and steps in when that one goes', async () => {
    await publishRows(publisher, '2024-11-15', [{ id: 'a', day: '2024-11-13', hits: 5 }]);
    expect(await publishRows(publisher, '2024-11-14', FIRST)).toMatchObject({
      kept: 2,
      added: 1,
      removed: 0,
    });
    expect(await raw()).toEqual(['a|2024-11-13|5|2024-11-15', 'b|2024-11-14|2|2024-11-14']);
    expect(await undoRows(publisher, '2024-11-15')).toMatchObject({ version: 1, added: 1, removed: 1 });
    expect(await raw()).toEqual(['a|2024-11-13|1|2024-11-14', 'b|2024-11-14|2|2024-11-14']);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|1|2']);
    expect(await lines(client, 'SELECT period FROM dayboard.version WHERE current')).toEqual(['2024-11-14']);
  });

  it('may bring nothing: what the delivery brought before is gone then', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    expect(await publishRows(publisher, '2024-11-14', [])).toMatchObject({ added: 0, removed: 2 });
    expect(await raw()).toEqual([]);
    expect(await days()).toEqual([]);
  });

  it('makes views that read it owed when something changed', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    expect(await readOwed(client, 'test')).toEqual(
      new Map([['totals', { buckets: ['all'], why: 'visits 2024-11-14 changed.' }]]),
    );
  });

  it('without rollups leaves the touched days owed, and later publishes leave those alone', async () => {
    await publishRows(publisher, '2024-11-14', FIRST.slice(0, 1));
    await publishRows(publisher, '2024-11-15', FIRST.slice(1), false);
    expect((await readOwed(client, 'test')).get('days')?.buckets).toEqual(['2024-11-14']);
    const both = [
      { id: 'd', day: '2024-11-13', hits: 1 },
      { id: 'd', day: '2024-11-14', hits: 1 },
    ];
    await publishRows(publisher, '2024-11-16', both);
    expect(await days()).toEqual(['2024-11-13|2|2']);
    expect((await readOwed(client, 'test')).get('days')?.buckets).toEqual(['2024-11-14']);
  });
});

describe('a publish that is stopped', () => {
  /** A publish on a connection of its own that has changed everything but waits to write its version. */
  async function almostDone() {
    const [blocker, on] = await Promise.all([database.connect(), database.connect()]);
    await blocker.query('BEGIN; LOCK TABLE dayboard.version IN SHARE MODE');
    const { pid } = (await on.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!;
    on.on('error', () => undefined);
    const done = publishRows({ ...publisher, on }, '2024-11-14', [
      { id: 'a', day: '2024-11-13', hits: 7 },
    ]).then(
      (published) => ({ published }),
      (error: unknown) => ({ error }),
    );
    await until(
      async () =>
        (
          await client.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`, [
            pid,
          ])
        ).rowCount === 1,
      { what: 'the publish waits' },
    );
    return { blocker, on, pid, done };
  }

  it('is invisible until it is whole: readers see all of it or nothing, and never wait', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    const { blocker, done } = await almostDone();
    expect(await raw()).toEqual(['a|2024-11-13|1|2024-11-14', 'b|2024-11-14|2|2024-11-14']);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|1|2']);
    await blocker.query('ROLLBACK');
    expect(await done).toMatchObject({ published: { version: 2, added: 1, removed: 2 } });
    expect(await raw()).toEqual(['a|2024-11-13|7|2024-11-14']);
    expect(await days()).toEqual(['2024-11-13|1|7']);
  });

  it('by a lost connection leaves everything as it was, and the next one finishes', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    const { blocker, pid, done } = await almostDone();
    await client.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await done).toMatchObject({ error: { code: 'database.connection-lost' } });
    await blocker.query('ROLLBACK');
    expect(await raw()).toEqual(['a|2024-11-13|1|2024-11-14', 'b|2024-11-14|2|2024-11-14']);
    expect(await versions()).toEqual(['2024-11-14|1|true|2|2|0']);
    await publishRows(publisher, '2024-11-14', [{ id: 'a', day: '2024-11-13', hits: 7 }]);
    expect(await raw()).toEqual(['a|2024-11-13|7|2024-11-14']);
    expect(await days()).toEqual(['2024-11-13|1|7']);
  });

  it('by another’s lock makes way and tries again', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    const blocker = await database.connect();
    await blocker.query('BEGIN; LOCK TABLE stats.visits IN SHARE MODE');
    const done = publishRows({ ...publisher, on: await database.connect() }, '2024-11-15', [
      { id: 'z', day: '2024-11-14', hits: 1 },
    ]);
    // The server logs nothing that could be waited for: a second attempt begins a second transaction.
    const started = async () =>
      (
        await client.query<{ at: string }>(
          `SELECT xact_start::text AS at FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        )
      ).rows[0]?.at;
    const first = await until(started, { what: 'the publish waits' });
    await until(
      async () => {
        const now = await started();
        return now !== undefined && now !== first;
      },
      { what: 'it tries again' },
    );
    await blocker.query('ROLLBACK');
    expect(await done).toMatchObject({ version: 1, added: 1 });
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|2|3']);
  });

  it('before it began by a cancelled run changes nothing', async () => {
    const signal = AbortSignal.abort(new Error('cancelled by the operator'));
    await expect(publishRows({ ...publisher, signal }, '2024-11-14', FIRST)).rejects.toThrow(
      'cancelled by the operator',
    );
    expect(await versions()).toEqual([]);
    expect(await raw()).toEqual([]);
  });

  it('by rows that the table refuses leaves everything as it was, and says so', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    await client.query('ALTER TABLE stats.visits ADD CONSTRAINT few CHECK (hits < 100)');
    const error = await publishRows(publisher, '2024-11-15', [
      { id: 'c', day: '2024-11-14', hits: 1 },
      { id: 'd', day: '2024-11-14', hits: 100 },
    ]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'database.error',
      message: expect.stringContaining('few'),
      facts: { sqlstate: '23514' },
    });
    expect(await raw()).toHaveLength(2);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|1|2']);
    expect(await versions()).toHaveLength(1);
  });
});

describe('snapshots that replace each other', () => {
  beforeEach(() => {
    const dataset = hitsDataset({ carries: { kind: 'snapshot', mode: 'replace' } });
    publisher = { ...publisher, dataset, project: projectOf(dataset) };
  });

  it('leave the newest visible, whatever the order they came in', async () => {
    await publishRows(publisher, '2024-11-15', [{ id: 'new', day: '2024-11-14', hits: 1 }]);
    expect(await publishRows(publisher, '2024-11-14', FIRST)).toMatchObject({
      kept: 2,
      added: 0,
      removed: 0,
    });
    expect(await raw()).toEqual(['new|2024-11-14|1|2024-11-15']);
    await undoRows(publisher, '2024-11-15');
    expect(await raw()).toEqual(['a|2024-11-13|1|2024-11-14', 'b|2024-11-14|2|2024-11-14']);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|1|2']);
  });
});

describe('deliveries of one period', () => {
  beforeEach(() => {
    const dataset = hitsDataset({ carries: { kind: 'period', column: 'day' } });
    publisher = { ...publisher, dataset, project: projectOf(dataset) };
  });

  it('replace their period whole and leave the others, and may hold the same row twice', async () => {
    const twin = { id: 'a', day: '2024-11-14', hits: 1 };
    await publishRows(publisher, '2024-11-13', [{ id: 'a', day: '2024-11-13', hits: 1 }]);
    await publishRows(publisher, '2024-11-14', [twin, twin]);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|2|2']);
    expect(await publishRows(publisher, '2024-11-14', [twin])).toMatchObject({ added: 1, removed: 2 });
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|1|1']);
    expect(await undoRows(publisher, '2024-11-13')).toMatchObject({ added: 0, removed: 1 });
    expect(await days()).toEqual(['2024-11-14|1|1']);
  });
});

describe('what a run leaves behind', () => {
  it('is no work table', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    await publishRows(publisher, '2024-11-15', FIRST.slice(1));
    await undoRows(publisher, '2024-11-14');
    expect(
      await lines(
        client,
        `SELECT relname FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace`,
      ),
    ).toEqual([]);
  });

  it('is a planner that knows how many rows came', async () => {
    await publishRows(publisher, '2024-11-14', FIRST);
    expect(
      await lines(
        client,
        `SELECT relname, reltuples FROM pg_class WHERE relname IN ('visits_p20241114', 'rollup_test_days') ORDER BY 1`,
      ),
    ).toEqual(['rollup_test_days|2', 'visits_p20241114|1']);
  });
});
