import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/project/model.ts';
import { anAggregate, aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

/** A Wednesday: the week 2024-W46 has two more days to go. */
const NOW = '2024-11-15T07:40:00.000Z';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dayboard-test-aggregates-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Visits of weeks, with the visitors of the eight days before each beside its own. */
async function aPlace(changes: Partial<Aggregate> = {}, now = NOW) {
  const folder = await mkdtemp(join(root, 'place-'));
  const clock = { now };
  const deliver = (day: string, ...ids: string[]) =>
    writeFile(join(folder, `visits_${day}.csv`), `id,day\n${ids.map((id) => `${id},${day}\n`).join('')}`);
  const database = await createTestDatabase();
  const open = (more: Partial<Aggregate> = {}) =>
    openTestWorkspace({
      project: aProject({
        sources: { files: { kind: 'directory', path: folder } },
        datasets: [aDataset({ carries: { kind: 'period', column: 'day' } })],
        aggregates: [anAggregate({ ...changes, ...more })],
        checks: [
          {
            name: 'weeks_are_whole',
            description: 'No week without visits',
            of: ['visits_by_week'],
            sql: 'SELECT week FROM visits_by_week WHERE visits = 0',
            severity: 'error',
            timeoutSeconds: 20,
          },
        ],
      }),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => clock.now,
    });
  return { folder, deliver, database, open, clock };
}

const visits = (...periods: string[]) => [{ dataset: 'visits', periods }];

async function weeks(database: TestDatabase, table = 'visits_by_week'): Promise<string[]> {
  const client = await database.connect();
  const found = await client.query<{ line: string }>(
    `SELECT concat_ws(' ', week, visits, visitors) AS line FROM ${table} ORDER BY week`,
  );
  await client.end();
  return found.rows.map(({ line }) => line);
}

type Board = Awaited<ReturnType<typeof openTestWorkspace>>;
const DAYS = { first: '2024-10-28', last: '2024-11-15' };

async function states(board: Board): Promise<string[]> {
  const { rows } = await board.workspace.board(DAYS);
  return rows.find((row) => row.computed)?.cells.map((cell) => `${cell.period} ${cell.state}`) ?? [];
}

describe('an aggregate', () => {
  it('is owed for each week that ended and was never computed, and sync computes them', async () => {
    const { deliver, database, open } = await aPlace();
    await using board = await open();
    await deliver('2024-10-30', 'a');
    await deliver('2024-11-06', 'b');
    await deliver('2024-11-13', 'c');
    await board.run({ command: 'import', cells: visits('2024-10-30', '2024-11-06', '2024-11-13') });
    expect(await states(board)).toEqual(['2024-W44 owed', '2024-W45 owed', '2024-W46 not due']);
    const { plan, outcome } = await board.run({ cells: visits('2024-11-13') });
    expect(plan.steps.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['aggregate', '2024-W44..2024-W45'],
      ['check', undefined],
    ]);
    expect(outcome).toMatchObject({ state: 'done' });
    expect(await weeks(database)).toEqual(['2024-10-28 1 1', '2024-11-04 1 2']);
    expect(await states(board)).toEqual(['2024-W44 loaded', '2024-W45 loaded', '2024-W46 not due']);
  });

  it('becomes owed when the week has ended, whatever weekday it is', async () => {
    const { deliver, database, open, clock } = await aPlace();
    await using board = await open();
    await deliver('2024-11-13', 'c');
    await board.run({ cells: visits('2024-11-13') });
    expect(await weeks(database)).toEqual([]);
    clock.now = '2024-11-20T05:00:00Z';
    await board.run({ command: 'refresh', owed: true });
    expect(await weeks(database)).toEqual(['2024-11-11 1 1']);
  });

  it('owes exactly the weeks in whose window a late row lies', async () => {
    const { deliver, database, open } = await aPlace();
    await using board = await open();
    await deliver('2024-10-15', 'x');
    await deliver('2024-10-30', 'a');
    await deliver('2024-11-06', 'b');
    await board.run({ cells: visits('2024-10-15', '2024-10-30', '2024-11-06') });
    // Four days before Monday 4 November: in the window of its own week and of the next, not of the one after.
    await deliver('2024-10-31', 'late');
    await board.run({ command: 'import', cells: visits('2024-10-31') });
    const [row] = (await board.workspace.board(DAYS)).derived.filter(({ kind }) => kind === 'aggregate');
    expect(row).toMatchObject({
      owed: ['2024-W44', '2024-W45'],
      why: 'visits 2024-10-31 changed.',
      verdict: 'warn',
      through: '2024-11-10',
    });
    const { events } = await board.run({ command: 'refresh', owed: true });
    expect(events.find(({ type }) => type === 'step.done')).toMatchObject({
      detail: { periods: ['2024-W44..2024-W45'], changed: ['2024-W44..2024-W45'] },
    });
    expect((await weeks(database)).slice(-2)).toEqual(['2024-10-28 2 2', '2024-11-04 1 3']);
  });

  it('is computed for named periods, owed or not, and the same rows are no change', async () => {
    const { deliver, open } = await aPlace();
    await using board = await open();
    await deliver('2024-11-06', 'b');
    await board.run({ cells: visits('2024-11-06') });
    const request = {
      command: 'refresh' as const,
      aggregates: [{ name: 'visits_by_week', periods: ['2024-W45', '2024-W46'] }],
    };
    const { plan, events } = await board.run(request);
    expect(plan.cli).toBe('dayboard refresh visits_by_week 2024-W45..2024-W46');
    expect(events.find(({ type }) => type === 'step.done')).toMatchObject({
      detail: { periods: ['2024-W45..2024-W46'], changed: ['2024-W46'] },
    });
  });

  it('owes every week again when its definition changes', async () => {
    const { deliver, database, open } = await aPlace();
    await deliver('2024-11-06', 'b');
    await (async () => {
      await using board = await open();
      await board.run({ cells: visits('2024-11-06') });
    })();
    const { sql } = anAggregate();
    await using board = await open({ sql: sql.replace('count(*)', '2 * count(*)') });
    expect(await states(board)).toEqual(['2024-W44 not due', '2024-W45 owed', '2024-W46 not due']);
    await board.run({ command: 'refresh', owed: true });
    expect(await weeks(database)).toEqual(['2024-11-04 2 1']);
  });

  it('keeps what is done when it is cut off between two chunks, and goes on from there', async () => {
    const fails = anAggregate().sql.replace(
      'count(*) FILTER',
      `count(*) / (CASE WHEN p.week = '2024-11-04' AND to_regclass('broken') IS NOT NULL THEN 0 ELSE 1 END) * 1 + 0 * count(*) FILTER`,
    );
    const { deliver, database, open } = await aPlace({ atOnce: 1, sql: fails });
    const client = await database.connect();
    await client.query('CREATE TABLE broken ()');
    await using board = await open();
    await deliver('2024-10-30', 'a');
    await deliver('2024-11-06', 'b');
    const { outcome, events } = await board.run({ cells: visits('2024-10-30', '2024-11-06') });
    expect(outcome.state).toBe('partly');
    const notes = events.flatMap((event) => (event.type === 'step.note' ? [event.message] : []));
    expect(notes).toContain('2024-W44 computed, 1 of 2');
    expect(await states(board)).toEqual(['2024-W44 loaded', '2024-W45 failed', '2024-W46 not due']);
    await client.query('DROP TABLE broken');
    const { plan } = await board.run({ command: 'refresh', owed: true });
    expect(plan.steps[0]).toMatchObject({ kind: 'aggregate', detail: '2024-W45' });
    expect(await states(board)).toEqual(['2024-W44 loaded', '2024-W45 loaded', '2024-W46 not due']);
  });

  it('stays owed when something is published while it is computed', async () => {
    const slow = anAggregate().sql.replace(
      'FROM periods',
      'FROM (SELECT pg_advisory_xact_lock_shared(7)) AS held, periods',
    );
    const { deliver, database, open } = await aPlace({ sql: slow });
    await using board = await open();
    await deliver('2024-11-06', 'b');
    await board.run({ command: 'import', cells: visits('2024-11-06') });
    const client = await database.connect();
    await client.query('SELECT pg_advisory_lock(7)');
    const plan = await board.workspace.plan(requestOf({ command: 'refresh', owed: true }));
    const computing = await board.workspace.start(plan);
    const waits = `SELECT FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND locktype = 'advisory' AND objid = 7 AND NOT granted`;
    await until(async () => (await client.query(waits)).rowCount !== 0, { what: 'it computes' });
    // The ledger has it a moment after it began.
    await until(async () => (await states(board))[1] === '2024-W45 running');
    await deliver('2024-11-07', 'd');
    await board.run({ command: 'import', cells: visits('2024-11-07') });
    await client.query('SELECT pg_advisory_unlock(7)');
    expect(await computing.done).toMatchObject({ state: 'done' });
    expect((await states(board))[1]).toBe('2024-W45 owed');
    await board.run({ command: 'refresh', owed: true });
    expect(await weeks(database)).toEqual(['2024-11-04 2 2']);
  });

  it('never shows a reader half a week', async () => {
    const { deliver, database, open } = await aPlace();
    await using board = await open();
    await deliver('2024-11-06', 'b');
    await board.run({ cells: visits('2024-11-06') });
    const reader = await database.connect();
    const seen = new Set<string>();
    let reading = true;
    const reads = (async () => {
      while (reading)
        seen.add(
          (await reader.query('SELECT visits FROM visits_by_week')).rows.map((row) => row.visits).join(),
        );
    })();
    const again = {
      command: 'refresh' as const,
      aggregates: [{ name: 'visits_by_week', periods: ['2024-W45'] }],
    };
    for (let count = 0; count < 5; count += 1) await board.run(again);
    reading = false;
    await reads;
    expect([...seen]).toEqual(['1']);
  });

  it('has one row of each key, whatever its SQL says', async () => {
    const { deliver, database, open } = await aPlace({
      sql: `SELECT week, 1::bigint AS visits, 1::bigint AS visitors FROM unnest(:periods) AS week, generate_series(1, 2)`,
    });
    await using board = await open();
    await deliver('2024-11-06', 'b');
    const { events } = await board.run({ cells: visits('2024-11-06') });
    expect(events.find(({ type }) => type === 'step.failed')).toMatchObject({
      step: { kind: 'aggregate' },
      error: { facts: { sqlstate: '23505' } },
    });
    expect(await weeks(database)).toEqual([]);
  });

  it('is refused where somebody else has its table, and fills it in place where the definition keeps it', async () => {
    const { deliver, database, folder, clock } = await aPlace();
    const client = await database.connect();
    await client.query('CREATE TABLE visits_by_week (week date, visits bigint, visitors bigint, note text)');
    await client.query(
      `INSERT INTO visits_by_week VALUES ('2024-11-04', 9, 9, 'old'), ('2020-01-06', 5, 5, 'older')`,
    );
    await deliver('2024-11-06', 'b');
    const openWith = (existing: Record<string, 'keep' | 'replace'>) =>
      openTestWorkspace({
        project: aProject({
          sources: { files: { kind: 'directory', path: folder } },
          datasets: [aDataset({ carries: { kind: 'period', column: 'day' } })],
          aggregates: [anAggregate()],
          existing,
        }),
        env: { DATABASE_URL: database.url },
        cacheDirectory: join(folder, 'cache'),
        now: () => clock.now,
      });
    await (async () => {
      await using board = await openWith({});
      const { events } = await board.run({ cells: visits('2024-11-06') });
      expect(events.find(({ type }) => type === 'step.failed')).toMatchObject({
        error: { code: 'relation.foreign' },
      });
    })();
    await (async () => {
      await using board = await openWith({ 'public.visits_by_week': 'keep' });
      await board.run({ command: 'refresh', owed: true });
      expect(await weeks(database)).toEqual(['2020-01-06 5 5', '2024-11-04 1 1']);
    })();
    await using board = await openWith({ 'public.visits_by_week': 'replace' });
    await board.run({ command: 'refresh', aggregates: [{ name: 'visits_by_week', periods: ['2024-W45'] }] });
    expect(await weeks(database)).toEqual(['2024-11-04 1 1']);
  });
});

describe('aggregates over one another', () => {
  const byDay = anAggregate({
    name: 'visits_by_day',
    period: 'day',
    table: {
      schema: 'public',
      name: 'visits_by_day',
      columns: [
        { name: 'day', type: 'date', nullable: false },
        { name: 'id', type: 'text', nullable: false },
      ],
      indexes: [],
    },
    column: 'day',
    key: ['day', 'id'],
    over: { name: 'visits', column: 'day', closed: false },
    sql: 'SELECT DISTINCT day, id FROM visits WHERE day = ANY (:periods)',
  });
  const byWeek = anAggregate({
    over: { name: 'visits_by_day', column: 'day', before: { count: 8, unit: 'day' }, closed: false },
    sql: anAggregate().sql.replaceAll('visits v', 'visits_by_day v'),
  });

  async function aChain() {
    const { folder, deliver, database } = await aPlace();
    const board = await openTestWorkspace({
      project: aProject({
        sources: { files: { kind: 'directory', path: folder } },
        datasets: [aDataset({ carries: { kind: 'period', column: 'day' } })],
        aggregates: [byWeek, byDay],
      }),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => NOW,
    });
    return { deliver, database, board };
  }

  it('are computed from the bottom, and an upper one is owed when the lower one changes', async () => {
    const { deliver, database, board: opened } = await aChain();
    await using board = opened;
    await deliver('2024-11-06', 'b', 'b');
    const { plan } = await board.run({ cells: visits('2024-11-06') });
    expect(plan.steps.map(({ kind, target }) => `${kind} ${target}`).slice(3)).toEqual([
      'aggregate visits_by_day',
      'aggregate visits_by_week',
    ]);
    expect(await weeks(database)).toEqual(['2024-11-04 1 1']);
    await deliver('2024-11-07', 'c');
    await board.run({ command: 'import', cells: visits('2024-11-07') });
    // The week alone is asked for: the day that it is computed from comes with it.
    const asked = await board.run({
      command: 'refresh',
      aggregates: [{ name: 'visits_by_week', periods: ['2024-W45'] }],
    });
    expect(asked.plan.steps.map(({ target }) => target)).toEqual(['visits_by_day', 'visits_by_week']);
    expect(await weeks(database)).toEqual(['2024-11-04 2 2']);
  });

  it('leave what is above alone when the lower one comes out the same', async () => {
    const { deliver, board: opened } = await aChain();
    await using board = opened;
    await deliver('2024-11-06', 'b');
    await board.run({ cells: visits('2024-11-06') });
    await board.run({
      command: 'refresh',
      aggregates: [{ name: 'visits_by_day', periods: ['2024-11-06'] }],
    });
    const { derived } = await board.workspace.board(DAYS);
    expect(derived.find(({ name }) => name === 'visits_by_week')?.owed).toEqual([]);
  });
});

describe('an aggregate with a table for each period', () => {
  const months: Partial<Aggregate> = {
    name: 'visits_of_month',
    period: 'month',
    table: {
      schema: 'public',
      name: 'visits_{period}',
      columns: [
        { name: 'id', type: 'text', nullable: true },
        { name: 'day', type: 'date', nullable: true },
      ],
      indexes: [{ name: 'visits_{period}_day', columns: ['day'] }],
    },
    key: [],
    onRequest: true,
    over: { name: 'visits', column: 'day', closed: false },
    sql: 'SELECT id, day FROM visits WHERE day >= :from AND day < :to',
  };

  it('is made on request, filled anew each time, and owed when its rows change', async () => {
    const { folder, deliver, database } = await aPlace();
    const { column: _, ...aggregate } = { ...anAggregate(), ...months };
    await using board = await openTestWorkspace({
      project: aProject({
        sources: { files: { kind: 'directory', path: folder } },
        datasets: [aDataset({ carries: { kind: 'period', column: 'day' } })],
        aggregates: [aggregate],
      }),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => '2024-12-02T08:00:00Z',
    });
    await deliver('2024-11-06', 'b');
    await board.run({ cells: visits('2024-11-06') });
    const client = await database.connect();
    const count = async () => (await client.query('SELECT count(*)::int AS n FROM visits_2024_11')).rows[0].n;
    const owed = async () => (await board.workspace.board(DAYS)).derived[0]?.owed;
    await expect(count()).rejects.toThrow('does not exist');
    expect(await owed()).toEqual([]);
    const ask = {
      command: 'refresh' as const,
      aggregates: [{ name: 'visits_of_month', periods: ['2024-11'] }],
    };
    await board.run(ask);
    await board.run(ask);
    expect(await count()).toBe(1);
    await deliver('2024-11-07', 'c');
    await board.run({ command: 'import', cells: visits('2024-11-07') });
    expect(await owed()).toEqual(['2024-11']);
    await board.run({ command: 'refresh', owed: true });
    expect(await count()).toBe(2);
    const indexes = await client.query(`SELECT indexname FROM pg_indexes WHERE tablename = 'visits_2024_11'`);
    expect(indexes.rows).toEqual([{ indexname: 'visits_2024_11_day' }]);
  });
});
