import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetInput } from '../../src/project/input.ts';
import { cutProxy, drippingProxy } from '../support/cut-proxy.ts';
import { eventsProject, happen, SOURCE_VARIABLE } from '../support/events.ts';
import { NOW, openPlace } from '../support/events-place.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-select-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

const open = (changes: Partial<DatasetInput> = {}, sourceUrl?: (url: string) => string) =>
  openPlace(cache, changes, sourceUrl);

describe('rows of another database', () => {
  it('are loaded by the days of the time zone, NULL apart from the empty text, with what is looked up', async () => {
    await using place = await open();
    await place.target.query(`INSERT INTO people VALUES ('ann', 'Lyon', 'ARA'), ('ben', NULL, 'IDF')`);
    await happen(
      place.source,
      ['2024-11-17 23:30+00', 'a\tb\\N\n', 'ann'],
      ['2024-11-18 10:00:00.000001+00', '', 'ben'],
      ['2024-11-18 22:59:59.999999+00', null, 'cleo'],
      ['2024-11-18 23:00+00', 'next day', null],
    );
    expect(await place.board.workspace.list()).toEqual(new Map());
    expect(await place.states('2024-11-17', '2024-11-19')).toEqual([
      '2024-11-17 not due',
      '2024-11-18 available',
      '2024-11-19 available',
    ]);
    const { plan, outcome } = await place.sync('2024-11-18');
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['load', 'publish']);
    expect(outcome).toMatchObject({ state: 'done', deliveries: { published: 1 } });
    expect(await place.rows()).toEqual([
      '1 11-17 23:30:00.000000 a\tb\\N\n ann 2024-11-18 Lyon ARA',
      '2 11-18 10:00:00.000001  ben 2024-11-18 IDF',
      '3 11-18 22:59:59.999999 NULL cleo 2024-11-18',
    ]);
    expect(await place.states('2024-11-18', '2024-11-18')).toEqual(['2024-11-18 loaded']);
  });

  it('are counted from the source to the raw table, and the run says so', async () => {
    await using place = await open();
    await happen(place.source, ['2024-11-18 10:00+00', 'x', 'ann'], ['2024-11-18 10:00+00', 'x', 'ann']);
    const { events } = await place.sync('2024-11-18');
    const details = events.flatMap((event) => (event.type === 'step.done' ? [event.detail] : []));
    expect(details).toMatchObject([
      { announced: 2, copied: 2, fileRows: 2 },
      { added: 2, removed: 0 },
    ]);
  });

  it('make their day stale when they are committed late, at the newest microsecond or long before it', async () => {
    await using place = await open();
    await happen(place.source, ['2024-11-18 10:00:00.123456+00', 'first', 'ann']);
    const late = await place.source.query(`SELECT nextval('buffer_id_seq') AS id`);
    await happen(place.source, ['2024-11-18 12:00:00.123456+00', 'newest', 'ann']);
    await place.sync('2024-11-18');
    await place.source.query(`INSERT INTO buffer (id, at, kind) VALUES ($1, '2024-11-18 11:00+00', 'late')`, [
      late.rows[0].id,
    ]);
    await place.board.workspace.list();
    expect(await place.states('2024-11-18', '2024-11-18')).toEqual(['2024-11-18 stale']);
    await place.sync('2024-11-18');
    await happen(place.source, ['2024-11-18 12:00:00.123456+00', 'tie', 'ann']);
    const { outcome } = await place.sync('2024-11-18');
    expect(outcome.state).toBe('done');
    expect((await place.rows()).map((row) => row.split(' ').slice(0, 4).join(' '))).toEqual([
      '1 11-18 10:00:00.123456 first',
      '2 11-18 11:00:00.000000 late',
      '3 11-18 12:00:00.123456 newest',
      '4 11-18 12:00:00.123456 tie',
    ]);
  });

  it('outlive their disappearance at the source, wholly or in part, and its ids may begin anew', async () => {
    await using place = await open();
    await happen(
      place.source,
      ['2024-11-17 10:00+00', 'sunday', 'ann'],
      ['2024-11-18 08:00+00', 'early', 'ann'],
    );
    await place.sync('2024-11-17', '2024-11-18');
    await place.source.query('TRUNCATE buffer RESTART IDENTITY');
    await happen(
      place.source,
      ['2024-11-18 09:00+00', 'after', 'ben'],
      ['2024-11-19 09:00+00', 'next', 'ben'],
    );
    const { plan, outcome } = await place.sync('2024-11-17', '2024-11-18', '2024-11-19');
    expect(plan.cells.map(({ action }) => action)).toEqual(['skip', 'import', 'import']);
    expect(outcome).toMatchObject({ state: 'done', deliveries: { published: 2 } });
    expect((await place.rows()).map((row) => row.split(' ')[3])).toEqual([
      'sunday',
      'early',
      'after',
      'next',
    ]);
    expect(await place.states('2024-11-17', '2024-11-19')).toEqual([
      '2024-11-17 loaded',
      '2024-11-18 loaded',
      '2024-11-19 loaded',
    ]);
    // Taking the newest version back gives what was there before it.
    await place.board.run({ command: 'undo', cells: [{ dataset: 'events', periods: ['2024-11-18'] }] });
    expect((await place.rows()).map((row) => row.split(' ')[3])).toEqual(['sunday', 'early', 'next']);
  });

  it('keep what was looked up first; what was not found is looked up again, also without the source', async () => {
    await using place = await open();
    await place.target.query(`INSERT INTO people VALUES ('ann', 'Lyon', 'ARA')`);
    await happen(place.source, ['2024-11-18 08:00+00', 'x', 'ann'], ['2024-11-18 09:00+00', 'y', 'ben']);
    await place.sync('2024-11-18');
    await place.source.query('TRUNCATE buffer');
    await place.target.query(
      `UPDATE people SET place = 'Paris', region = 'IDF'; INSERT INTO people VALUES ('ben', 'Brest', 'BRE')`,
    );
    const { outcome } = await place.board.run({
      cells: [{ dataset: 'events', periods: ['2024-11-18'] }],
      reprocess: ['all'],
    });
    expect(outcome.state).toBe('done');
    expect((await place.rows()).map((row) => row.split(' ').slice(5).join(' '))).toEqual([
      '2024-11-18 Lyon ARA',
      '2024-11-18 Brest BRE',
    ]);
  });

  it('are listed from the watermark less the overlap on, or from the oldest that waits', async () => {
    await using place = await open();
    await happen(place.source, ['2024-11-10 10:00+00', 'old', 'a'], ['2024-11-18 10:00+00', 'new', 'a']);
    await place.sync('2024-11-10', '2024-11-18');
    // Nobody looks there any more: the overlap of two days says so.
    await happen(place.source, ['2024-11-10 11:00+00', 'too late', 'a']);
    await place.board.workspace.list();
    expect(await place.states('2024-11-10', '2024-11-10')).toEqual(['2024-11-10 loaded']);
    // A look-up of one day by name does.
    await happen(place.source, ['2024-11-16 11:00+00', 'in time', 'a']);
    await place.board.workspace.list();
    expect(await place.states('2024-11-16', '2024-11-16')).toEqual(['2024-11-16 available']);
    await happen(place.source, ['2024-11-30 11:00+00', 'ahead', 'a']);
    await place.sync('2024-11-30');
    await place.board.workspace.list();
    // It waits still, so the listing reaches back to it.
    expect(await place.states('2024-11-16', '2024-11-16')).toEqual(['2024-11-16 available']);
  });

  it('are listed on when one is stamped in the far future', async () => {
    await using place = await open();
    const { rows } = await place.source.query(
      `SELECT to_char(now() AT TIME ZONE 'Europe/Paris', 'YYYY-MM-DD') AS today`,
    );
    const [today, future] = [rows[0].today as string, '2999-01-01'];
    await happen(place.source, [`${future} 12:00+00`, 'wrong clock', 'a']);
    await place.sync(future);
    await happen(place.source, [`${today} 12:00+00`, 'right', 'a']);
    await place.board.workspace.list();
    expect(await place.states(today, today)).toEqual([`${today} available`]);
  });

  it('are counted whole when the server says how many they were after the last of them', async () => {
    await using place = await open();
    await happen(place.source, ['2024-11-18 10:00+00', 'x', 'ann'], ['2024-11-18 11:00+00', 'y', 'ann']);
    const proxy = await drippingProxy(place.sourceUrl, 5);
    await using board = await openTestWorkspace({
      project: eventsProject(),
      env: { DATABASE_URL: place.targetUrl, [SOURCE_VARIABLE]: proxy.url },
      cacheDirectory: cache,
      now: () => NOW,
    });
    const { outcome } = await board.run({ cells: [{ dataset: 'events', periods: ['2024-11-18'] }] });
    expect(outcome).toMatchObject({ state: 'done' });
    expect(await place.rows()).toHaveLength(2);
    await proxy.close();
  });

  it('leave nothing behind when the source is cut off in the middle', async () => {
    await using place = await open();
    await happen(place.source, ['2024-11-18 00:00+00', 'kept', 'ann']);
    await place.sync('2024-11-18');
    const before = await place.rows();
    await place.source.query(
      `INSERT INTO buffer (at, kind, who) SELECT '2024-11-18 01:00+00'::timestamptz + n * interval '1 second', repeat('x', 20), 'ann' FROM generate_series(1, 30000) n`,
    );
    const cut = await cutProxy(place.sourceUrl, 500_000);
    const { target } = place;
    await using board = await openTestWorkspace({
      project: eventsProject(),
      env: { DATABASE_URL: place.targetUrl, [SOURCE_VARIABLE]: cut.url },
      cacheDirectory: cache,
      now: () => NOW,
    });
    const { outcome, events } = await board.run({ cells: [{ dataset: 'events', periods: ['2024-11-18'] }] });
    await cut.close();
    expect(outcome.state).toBe('failed');
    expect(events.find((event) => event.type === 'step.failed')?.error).toMatchObject({
      code: 'source.connection-lost',
      facts: { dataset: 'events', period: '2024-11-18' },
    });
    expect(await place.rows()).toEqual(before);
    const left = await target.query(`SELECT FROM pg_tables WHERE schemaname = 'dayboard_staging'`);
    expect(left.rowCount).toBe(0);
    // With the source back, the same day is whole.
    expect((await place.sync('2024-11-18')).outcome.state).toBe('done');
    expect(await place.rows()).toHaveLength(30_001);
  });

  it('never show the password of a source that refuses it', async () => {
    await using place = await open({}, (url) => {
      const wrong = new URL(url);
      wrong.password = 'not-to-be-shown';
      return wrong.href;
    });
    const unlisted = await place.board.workspace.list();
    const error = unlisted.get('app');
    expect(error).toMatchObject({ code: 'source.credentials' });
    expect(error?.next).toContain(SOURCE_VARIABLE);
    expect(JSON.stringify([...unlisted], null, 1)).not.toContain('not-to-be-shown');
    const ledger = await place.target.query('SELECT * FROM dayboard.listing');
    expect(JSON.stringify(ledger.rows)).not.toContain('not-to-be-shown');
  });

  it('are not fetched: there is nothing to keep in the cache', async () => {
    await using place = await open();
    await happen(place.source, ['2024-11-18 10:00+00', 'x', 'ann']);
    await place.board.workspace.list();
    const request = requestOf({ command: 'fetch', cells: [{ dataset: 'events', periods: ['2024-11-18'] }] });
    const plan = await place.board.workspace.plan(request);
    expect([plan.steps, plan.cells[0]?.action]).toEqual([[], 'skip']);
    expect(plan.cells[0]?.reason).toContain('database');
  });
});

describe('a table that was there before dayboard', () => {
  /** As jobs have filled it that load the newest event twice and know no delivery. */
  const OWNERS = `CREATE TABLE public.events (id serial, at timestamptz, kind varchar(20), person varchar(20), day date, place text, region text, note text);
    INSERT INTO public.events (id, at, kind, person, day, place) VALUES
      (1, '2024-11-17 10:00+00', 'before', 'ann', '2024-11-17', 'Lyon'),
      (2, '2024-11-18 08:00+00', 'gone at the source', 'ann', '2024-11-18', 'Lyon'),
      (3, '2024-11-18 09:00+00', 'twice', 'ann', '2024-11-18', 'Lyon'),
      (3, '2024-11-18 09:00+00', 'twice', 'ann', '2024-11-18', 'Lyon')`;

  it('is filled in place: its rows stay, what is twice becomes one, and other days are not touched', async () => {
    await using place = await open();
    await place.target.query(OWNERS);
    await place.target.query(`INSERT INTO people VALUES ('ann', 'Paris', 'IDF')`);
    await place.source.query(`SELECT setval('buffer_id_seq', 3)`);
    await place.source.query(
      `INSERT INTO buffer (id, at, kind, who) VALUES (3, '2024-11-18 09:00+00', 'twice', 'ann')`,
    );
    await happen(place.source, ['2024-11-18 10:00+00', 'new', 'ann']);
    const { outcome } = await place.sync('2024-11-18');
    expect(outcome).toMatchObject({ state: 'done', deliveries: { published: 1 } });
    const rows = ['1 before Lyon', '2 gone at the source Lyon', '3 twice Lyon', '4 new Paris'];
    const there = async () =>
      (
        await place.target.query(
          `SELECT concat_ws(' ', id, kind, place) AS row FROM public.events ORDER BY id`,
        )
      ).rows.map(({ row }) => row);
    expect(await there()).toEqual(rows);
    await place.source.query('TRUNCATE buffer');
    await happen(place.source, ['2024-11-18 11:00+00', 'later', 'ann']);
    await place.sync('2024-11-18');
    expect(await there()).toEqual([...rows, '5 later Paris']);
  });
});

describe('a table whose days somebody else computed in another time zone', () => {
  it('has each event once, under the day of the dataset', async () => {
    await using place = await open();
    await place.target.query(`CREATE TABLE public.events (id serial, at timestamptz, kind varchar(20), person varchar(20), day date, place text, region text);
      INSERT INTO public.events (id, at, kind, day) VALUES (1, '2024-11-17 22:30+00', 'sunday', '2024-11-17'), (2, '2024-11-17 23:30+00', 'monday 00:30', '2024-11-17')`);
    await happen(
      place.source,
      ['2024-11-17 22:30+00', 'sunday', null],
      ['2024-11-17 23:30+00', 'monday 00:30', null],
    );
    const { outcome } = await place.sync('2024-11-17', '2024-11-18');
    expect(outcome).toMatchObject({ state: 'done', deliveries: { published: 2 } });
    const found = await place.target.query('SELECT kind, day::text FROM public.events ORDER BY at');
    expect(found.rows).toEqual([
      { kind: 'sunday', day: '2024-11-17' },
      { kind: 'monday 00:30', day: '2024-11-18' },
    ]);
  });
});

describe('a load from another database', () => {
  it('says which table is missing that it looks something up in', async () => {
    await using place = await open();
    await place.target.query('DROP TABLE people');
    await happen(place.source, ['2024-11-18 10:00+00', 'x', 'ann']);
    const { outcome, events } = await place.sync('2024-11-18');
    expect(outcome.state).toBe('failed');
    expect(events.find((event) => event.type === 'step.failed')?.error).toMatchObject({
      code: 'load.computed',
      message: expect.stringContaining('people'),
    });
  });

  it('is cancelled in the middle, and neither database is left with anything of it', async () => {
    await using place = await open();
    await place.source.query(
      `INSERT INTO buffer (at, kind, who) SELECT '2024-11-18 01:00+00'::timestamptz + n * interval '10 milliseconds', 'x', 'ann' FROM generate_series(1, 200000) n`,
    );
    const reached = Promise.withResolvers<void>();
    const proxy = await cutProxy(place.sourceUrl, 1_000_000, reached.resolve);
    await using board = await openTestWorkspace({
      project: eventsProject(),
      env: { DATABASE_URL: place.targetUrl, [SOURCE_VARIABLE]: proxy.url },
      cacheDirectory: cache,
      now: () => NOW,
    });
    await board.workspace.list();
    const run = await board.workspace.start(
      await board.workspace.plan(requestOf({ cells: [{ dataset: 'events', periods: ['2024-11-18'] }] })),
    );
    await reached.promise;
    await run.cancel('now');
    expect(await run.done).toMatchObject({ state: 'cancelled' });
    await proxy.close();
    const left = await place.target.query(`SELECT FROM pg_tables WHERE schemaname = 'dayboard_staging'`);
    expect(left.rowCount).toBe(0);
    await until(async () => {
      const reading = await place.source.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dayboard copy'`,
      );
      return reading.rowCount === 0;
    });
  });
});
