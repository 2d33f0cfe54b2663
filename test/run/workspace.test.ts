import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockKey } from '../../src/ledger/locks.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import type { LedgerChange } from '../../src/run/workspace.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

const NOW = '2024-11-15T07:40:00.000Z';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dayboard-test-run-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A folder of deliveries of the visits dataset, and a workspace on it. */
async function aPlace() {
  const folder = await mkdtemp(join(root, 'place-'));
  const deliver = async (day: string, rows: string, name = `visits_${day}.csv`) => {
    await writeFile(join(folder, `${name}.new`), `id,day\n${rows}`);
    await rename(join(folder, `${name}.new`), join(folder, name));
  };
  const project = aProject({
    sources: { files: { kind: 'directory', path: folder } },
    datasets: [aDataset({ freshness: { column: 'day', warnHours: 36, errorHours: 60 } })],
    rollups: [
      aRollup({
        name: 'per_day',
        over: 'visits',
        published: { schema: 'public', name: 'visits_per_day', columns: ['day', 'visits'] },
      }),
    ],
    checks: [
      {
        name: 'no_strangers',
        description: 'Nobody called stranger',
        of: ['visits'],
        sql: `SELECT id FROM visits WHERE id = 'stranger'`,
        severity: 'error',
        timeoutSeconds: 20,
      },
    ],
  });
  const open = (database: TestDatabase, options: { user?: string; readOnly?: boolean } = {}) =>
    openTestWorkspace({
      project,
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => NOW,
      ...options,
    });
  return { folder, deliver, project, open };
}

const visits = (...periods: string[]) => [{ dataset: 'visits', periods }];

async function perDay(database: TestDatabase): Promise<unknown[]> {
  const client = await database.connect();
  const found = await client.query(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, visits::int FROM visits_per_day ORDER BY 1`,
  );
  await client.end();
  return found.rows;
}

describe('a workspace', () => {
  it('shows a missed day, repairs it, and shows that it is repaired', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-13', 'a,2024-11-13\nb,2024-11-13\n');
    await using board = await place.open(database);
    await board.run({ cells: visits('2024-11-13') });
    const states = async () =>
      (await board.workspace.board({ columns: 3 })).rows[0]?.cells.map((cell) => cell.state);
    expect(await states()).toEqual(['loaded', 'missing', 'not due']);
    await place.deliver('2024-11-14', 'c,2024-11-14\n');
    await board.workspace.list();
    expect(await states()).toEqual(['loaded', 'available', 'not due']);
    const { outcome } = await board.run({ cells: visits('2024-11-14') });
    expect(outcome).toMatchObject({ state: 'done', exitCode: 0, deliveries: { published: 1 } });
    expect(await states()).toEqual(['loaded', 'loaded', 'not due']);
    expect(await perDay(database)).toEqual([
      { day: '2024-11-13', visits: 2 },
      { day: '2024-11-14', visits: 1 },
    ]);
  });

  it('tells on later boards how large its tables are, and delays the first for it by nothing', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'c,2024-11-14\n');
    await using board = await place.open(database);
    await board.run({ cells: visits('2024-11-14') });
    await (await database.connect()).query('VACUUM ANALYZE public.visits');
    const sizes = async () => (await board.workspace.board({ columns: 3 })).rows.map(({ bytes }) => bytes);
    expect(await sizes()).toEqual([undefined]);
    await until(async () => ((await sizes())[0] ?? 0) >= 8192, { what: 'a size' });
  });

  it('finds a file that came after the source was listed, and says so in the ledger', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await using board = await place.open(database);
    await board.workspace.list();
    const plan = await board.workspace.plan(requestOf({ cells: visits('2024-11-14') }));
    expect(plan.cells[0]).toMatchObject({ state: 'missing', action: 'import' });
    await place.deliver('2024-11-14', 'c,2024-11-14\n');
    const run = await board.workspace.start(plan);
    expect(await run.done).toMatchObject({ state: 'done', deliveries: { published: 1 } });
    const [row] = (await board.workspace.board({ first: '2024-11-14', last: '2024-11-14' })).rows;
    expect(row?.cells[0]).toMatchObject({ state: 'loaded', object: { key: 'visits_2024-11-14.csv' } });
  });

  it('goes on past a failed day, says what failed, and leaves what was published', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-12', 'a,2024-11-12\n');
    await place.deliver('2024-11-13', 'b,not-a-day\n');
    await place.deliver('2024-11-14', 'c,2024-11-14\n');
    await using board = await place.open(database);
    const { outcome, events } = await board.run({ cells: visits('2024-11-12', '2024-11-13', '2024-11-14') });
    expect(outcome).toMatchObject({ state: 'partly', exitCode: 3, deliveries: { published: 2, failed: 1 } });
    const failed = events.find((event) => event.type === 'step.failed');
    expect(failed).toMatchObject({
      step: { kind: 'load', period: '2024-11-13' },
      error: { facts: { line: 2, column: 'day' } },
    });
    expect(events.at(-1)).toMatchObject({ type: 'run.done', outcome });
    expect(await perDay(database)).toEqual([
      { day: '2024-11-12', visits: 1 },
      { day: '2024-11-14', visits: 1 },
    ]);
  });

  it('leaves no staging table, lock or open connection behind', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-13', 'a,2024-11-13\n');
    await place.deliver('2024-11-14', 'broken\n');
    {
      await using board = await place.open(database);
      await board.run({ cells: visits('2024-11-13', '2024-11-14') });
    }
    const client = await database.connect();
    const left = await client.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace`,
    );
    expect(left.rows).toEqual([]);
    expect(
      (
        await client.query(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        )
      ).rowCount,
    ).toBe(0);
  });

  it('fails a check that finds something, and keeps its findings', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'stranger,2024-11-14\n');
    await using board = await place.open(database);
    const { outcome } = await board.run({ cells: visits('2024-11-14') });
    expect(outcome).toMatchObject({ state: 'partly', deliveries: { published: 1 } });
    expect(await board.workspace.checks()).toMatchObject([
      { name: 'no_strangers', verdict: 'fail', findings: [{ id: 'stranger' }] },
    ]);
    expect((await board.run({ command: 'check' })).outcome.exitCode).toBe(4);
  });

  it('refuses a plan that is out of date, and starts nothing', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'a,2024-11-14\n');
    await using board = await place.open(database);
    await board.workspace.list();
    const plan = await board.workspace.plan(requestOf({ cells: visits('2024-11-14') }));
    await place.deliver('2024-11-14', 'a,2024-11-14\nb,2024-11-14\n');
    await board.workspace.list();
    await expect(board.workspace.start(plan)).rejects.toMatchObject({
      code: 'plan.out-of-date',
      kind: 'refused',
    });
    expect(await board.workspace.runs(5)).toEqual([]);
  });

  it('shows a reloaded object as stale first, and publishes it as the next version', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'a,2024-11-14\n');
    await using board = await place.open(database);
    await board.run({ cells: visits('2024-11-14') });
    await place.deliver('2024-11-14', 'a,2024-11-14\nb,2024-11-14\n');
    await board.workspace.list();
    expect(
      (await board.workspace.board({ first: '2024-11-14', last: '2024-11-14' })).rows[0]?.cells[0],
    ).toMatchObject({ state: 'stale', version: 1 });
    await board.run({ cells: visits('2024-11-14') });
    expect(
      (await board.workspace.board({ first: '2024-11-14', last: '2024-11-14' })).rows[0]?.cells[0],
    ).toMatchObject({ state: 'loaded', version: 2, rows: 2 });
  });

  it('only reads in a read-only context', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'a,2024-11-14\n');
    {
      await using writer = await place.open(database);
      await writer.run({ cells: visits('2024-11-14') });
    }
    await using reader = await place.open(database, { readOnly: true });
    const plan = await reader.workspace.plan(requestOf({ cells: visits('2024-11-14'), reprocess: ['all'] }));
    await expect(reader.workspace.start(plan)).rejects.toMatchObject({
      code: 'context.read-only',
      kind: 'refused',
    });
    await expect(reader.workspace.cancel('1', 'now')).rejects.toMatchObject({ code: 'context.read-only' });
    const fresh = await reader.workspace.freshness();
    expect(fresh.map((each) => each.through)).toEqual(['2024-11-14', '2024-11-14']);
    // Of a table: when something was last published into it.
    expect(fresh.map((each) => each.refreshed)).toEqual(fresh.map(() => expect.any(String)));
  });

  it('names an unknown dataset and the nearest one', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await using board = await place.open(database);
    await expect(
      board.workspace.plan(requestOf({ cells: [{ dataset: 'vists', periods: ['2024-11-14'] }] })),
    ).rejects.toMatchObject({
      code: 'usage.dataset',
      kind: 'usage',
      facts: { nearest: 'visits' },
    });
  });
});

describe('two operators', () => {
  /** A publish of ann's that waits, because somebody reads the table's lock: until `release`. */
  async function blockedRun() {
    const database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-13', 'a,2024-11-13\n');
    await place.deliver('2024-11-14', 'b,2024-11-14\n');
    const ann = await place.open(database, { user: 'ann' });
    await ann.run({ cells: visits('2024-11-13') });
    const blocker = await database.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE dayboard.version IN EXCLUSIVE MODE');
    const events: RunEvent[] = [];
    const plan = await ann.workspace.plan(requestOf({ cells: visits('2024-11-14') }));
    const run = await ann.workspace.start(plan, (event) => events.push(event));
    await until(
      () => events.some((event) => event.type === 'step.started' && event.step.kind === 'publish'),
      { what: 'the publish has begun' },
    );
    // Others read it from the ledger, which has it a moment after this process was told.
    await until(
      async () =>
        (
          await blocker.query(
            `SELECT FROM dayboard.step WHERE run = $1 AND kind = 'publish' AND state = 'running'`,
            [run.id],
          )
        ).rowCount === 1,
      { what: 'the ledger has it' },
    );
    return {
      database,
      place,
      run,
      release: async () => {
        await blocker.query('ROLLBACK');
        await blocker.end();
      },
      [Symbol.asyncDispose]: async () => {
        await blocker.end().catch(() => undefined);
        await ann[Symbol.asyncDispose]();
        await database.drop();
      },
    };
  }

  it('on one delivery: the second is told who holds it and since when, sees it run, and can watch', async () => {
    await using blocked = await blockedRun();
    await using ben = await blocked.place.open(blocked.database, { user: 'ben' });
    const seen = (await ben.workspace.board({ first: '2024-11-14', last: '2024-11-14' })).rows[0]?.cells[0];
    expect(seen).toMatchObject({ state: 'running', run: blocked.run.id, progress: { kind: 'publish' } });
    const plan = await ben.workspace.plan(requestOf({ cells: visits('2024-11-14'), reprocess: ['all'] }));
    expect(plan.cells[0]).toMatchObject({ action: 'skip', state: 'running' });
    expect(plan.held).toMatchObject([
      { target: 'delivery visits 2024-11-14', by: 'ann', run: blocked.run.id },
    ]);
    const followed: RunEvent[] = [];
    const following = (async () => {
      for await (const event of ben.workspace.follow(blocked.run.id)) followed.push(event);
    })();
    await until(() =>
      followed.some((event) => event.type === 'step.started' && event.step.kind === 'publish'),
    );
    await blocked.release();
    await blocked.run.done;
    await following;
    expect(followed[0]).toMatchObject({ type: 'run.started', by: 'ann' });
    expect(followed.at(-1)).toMatchObject({ type: 'run.done', outcome: { state: 'done' } });
  });

  it('can stop each other: cancel now rolls back what is in flight and changes nothing', async () => {
    await using blocked = await blockedRun();
    await using ben = await blocked.place.open(blocked.database, { user: 'ben' });
    await ben.workspace.cancel(blocked.run.id, 'now');
    expect(await blocked.run.done).toMatchObject({
      state: 'cancelled',
      exitCode: 130,
      deliveries: { published: 0 },
    });
    await blocked.release();
    expect((await ben.workspace.run(blocked.run.id)).run).toMatchObject({
      state: 'cancelled',
      cancel: 'now',
    });
    const cells = (await ben.workspace.board({ first: '2024-11-13', last: '2024-11-14' })).rows[0]?.cells;
    expect(cells?.map((cell) => cell.state)).toEqual(['loaded', 'fetched']);
    expect(await perDay(blocked.database)).toEqual([{ day: '2024-11-13', visits: 1 }]);
    const again = await ben.run({ cells: visits('2024-11-14') });
    expect(again.outcome.state).toBe('done');
  });

  it('cancel now ends a statement that was not ended by being told once', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    const client = await database.connect();
    await client.query(`
      CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_sleep(600);
        RETURN 1;
      EXCEPTION WHEN query_canceled THEN
        PERFORM pg_sleep(600);
        RETURN 2;
      END $$`);
    place.project.checks[0]!.sql = 'SELECT stubborn()';
    place.project.checks[0]!.timeoutSeconds = 600;
    await using board = await place.open(database);
    const run = await board.workspace.start(await board.workspace.plan(requestOf({ command: 'check' })));
    await until(async () => {
      const asleep = await client.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
      );
      return asleep.rowCount === 1;
    });
    await run.cancel('now');
    expect(await run.done).toMatchObject({ state: 'cancelled' });
    await client.end();
  });

  it('are not disturbed by what somebody else notifies', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'a,2024-11-14\n');
    await using ann = await place.open(database);
    await ann.run({ cells: [] });
    const stranger = await database.connect();
    await stranger.query('SELECT pg_advisory_lock($1)', [lockKey('test', 'table visits').toString()]);
    const heard: LedgerChange[] = [];
    const unwatch = ann.workspace.watch((change) => heard.push(change));
    const unread: LedgerChange[] = [];
    const unwatchOther = ann.workspace.watch((change) => {
      if (change.kind === 'event' && change.event.run === '99') throw new TypeError('no outcome');
      if (change.kind === 'changed' && change.run === '99') unread.push(change);
    });
    await ann.workspace.list();
    const plan = await ann.workspace.plan(requestOf({ cells: visits('2024-11-14') }));
    const handle = await ann.workspace.start(plan);
    const event = { schema: 'dayboard.event/1', type: 'run.done', run: '99' };
    const forged = JSON.stringify({ project: 'test', run: '99', event });
    await until(async () => {
      // Again for who listens only by now.
      for (const payload of [
        forged,
        'no json',
        'null',
        '[]',
        '{"project":"test","event":{}}',
        '{"project":7}',
      ])
        await stranger.query('SELECT pg_notify($1, $2)', ['dayboard', payload]);
      return heard.some((change) => change.kind === 'changed') && unread.length > 0;
    });
    await stranger.query('SELECT pg_advisory_unlock_all()');
    expect(await handle.done).toMatchObject({ state: 'done' });
    unwatch();
    unwatchOther();
    expect(heard.filter(({ kind }) => kind === 'lost')).toEqual([]);
  });

  it('see each other’s runs without asking', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'a,2024-11-14\n');
    await using ann = await place.open(database, { user: 'ann' });
    await using ben = await place.open(database, { user: 'ben' });
    await ben.workspace.runs(1);
    const heard: LedgerChange[] = [];
    const unwatch = ben.workspace.watch((change) => heard.push(change));
    // The listener connects in the background; a later run is heard for certain once one was.
    await until(async () => {
      await ann.run({ cells: visits('2024-11-14'), reprocess: ['all'] });
      return heard.some((change) => change.kind === 'event' && change.event.type === 'run.done');
    });
    unwatch();
    expect((await ben.workspace.runs(1))[0]).toMatchObject({ by: 'ann', state: 'done' });
  });
});

describe('a run whose process is gone', () => {
  it('is shown as interrupted, blocks nobody, and is cleaned up by the next run, or by who asks the source', async () => {
    await using database = await createTestDatabase();
    const place = await aPlace();
    await place.deliver('2024-11-14', 'a,2024-11-14\n');
    await using board = await place.open(database);
    await board.workspace.list();
    const client = await database.connect();
    await client.query(
      `INSERT INTO dayboard.run (project, context, command, cli, plan, state, by_user, host, pid) VALUES ('test', 'test', 'sync', 'dayboard sync', '{}', 'running', 'ann', 'gone', 1)`,
    );
    await client.query(
      `INSERT INTO dayboard.step (run, seq, project, kind, target, period, state, started_at) VALUES (1, 1, 'test', 'load', 'visits', '2024-11-14', 'running', now()), (1, 2, 'test', 'publish', 'visits', '2024-11-14', 'queued', NULL)`,
    );
    await client.query('CREATE UNLOGGED TABLE dayboard_staging.visits_2024_11_14_r1_p (a int)');
    expect((await board.workspace.runs(1))[0]?.state).toBe('interrupted');
    expect(
      (await board.workspace.board({ first: '2024-11-14', last: '2024-11-14' })).rows[0]?.cells[0],
    ).toMatchObject({ state: 'failed', error: { code: 'run.interrupted' } });
    await board.workspace.list();
    expect((await client.query('SELECT state FROM dayboard.step ORDER BY seq')).rows).toEqual([
      { state: 'failed' },
      { state: 'cancelled' },
    ]);
    expect(
      (await client.query(`SELECT to_regclass('dayboard_staging.visits_2024_11_14_r1_p') AS left`)).rows,
    ).toEqual([{ left: null }]);
    await client.query('CREATE UNLOGGED TABLE dayboard_staging.visits_2024_11_14_r1_p (a int)');
    expect((await board.run({ cells: visits('2024-11-14') })).outcome.state).toBe('done');
    expect((await client.query('SELECT state FROM dayboard.run ORDER BY id')).rows).toEqual([
      { state: 'interrupted' },
      { state: 'done' },
    ]);
    expect(
      (
        await client.query(
          `SELECT relname FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace`,
        )
      ).rows,
    ).toEqual([]);
  });
});
