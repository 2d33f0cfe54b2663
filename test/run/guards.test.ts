import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Temporal } from 'temporal-polyfill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/plan/events.ts';
import type { Guards } from '../../src/project/model.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dayboard-test-guards-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A folder of deliveries whose rows are of the days that are named, so many of each. */
async function aPlace(database: TestDatabase, guards: Guards) {
  const folder = await mkdtemp(join(root, 'place-'));
  const project = aProject({
    sources: { files: { kind: 'directory', path: folder } },
    datasets: [aDataset({ guards })],
  });
  const write = (period: string, content: string) => writeFile(join(folder, `visits_${period}.csv`), content);
  const board = await openTestWorkspace({
    project,
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-12-02T07:40:00.000Z',
  });
  return {
    write,
    deliver: (period: string, days: Record<string, number>) =>
      write(
        period,
        `id,day\n${Object.entries(days)
          .flatMap(([day, rows]) => Array.from({ length: rows }, (_, at) => `${day}-${at},${day}\n`))
          .join('')}`,
      ),
    sync: (periods: string[], force: string[] = []) =>
      board.run({ cells: [{ dataset: 'visits', periods }], reprocess: ['all'], force }),
    state: async (period: string) => {
      const { rows } = await board.workspace.board({ columns: 30 });
      return rows[0]?.cells.find((cell) => cell.period === period)?.state;
    },
    [Symbol.asyncDispose]: () => board[Symbol.asyncDispose](),
  };
}

const failure = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'step.failed' ? [event.error] : []))[0];
const notes = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'step.note' ? [event.message] : []));

async function published(database: TestDatabase): Promise<Record<string, number>> {
  const client = await database.connect();
  const found = await client.query<{ day: string; rows: number }>(
    'SELECT day::text, count(*)::int AS rows FROM visits GROUP BY 1 ORDER BY 1',
  );
  await client.end();
  return Object.fromEntries(found.rows.map(({ day, rows }) => [day, rows]));
}

const days = (first: string, count: number) =>
  Array.from({ length: count }, (_, at) => Temporal.PlainDate.from(first).add({ days: at }));

describe('the guard on row counts, through the steps of a run', () => {
  it('compares a Sunday with Sundays and a Monday with Mondays, and says so', async () => {
    await using database = await createTestDatabase();
    await using place = await aPlace(database, {
      empty: 'stop',
      rows: { low: 0.5, high: 2, action: 'stop' },
    });
    // Three weeks from a Monday on: 40 rows a day, 4 on Sundays.
    const weeks = days('2024-11-04', 21);
    for (const day of weeks)
      await place.deliver(day.toString(), { [day.toString()]: day.dayOfWeek === 7 ? 4 : 40 });
    const loaded = await place.sync(weeks.map(String), ['rows']);
    expect(loaded.outcome).toMatchObject({ state: 'done', deliveries: { published: 21 } });
    await place.deliver('2024-12-01', { '2024-12-01': 3 });
    await place.deliver('2024-11-25', { '2024-11-25': 4 });
    expect((await place.sync(['2024-12-01'])).outcome.exitCode).toBe(0);
    const { outcome, events } = await place.sync(['2024-11-25']);
    expect(outcome.exitCode).toBe(5);
    expect(failure(events)).toMatchObject({
      code: 'guard.rows',
      message: expect.stringContaining(
        'has 4 rows, fewer than 20: the Mondays 2024-11-04, 2024-11-11, 2024-11-18 had 40 in the median',
      ),
      next: expect.stringMatching(/untouched.*--force rows/),
    });
    expect(await published(database)).not.toHaveProperty('2024-11-25');
    const forced = await place.sync(['2024-11-25'], ['rows']);
    expect(forced.outcome.exitCode).toBe(0);
    expect(forced.events).toContainEqual(
      expect.objectContaining({
        type: 'step.done',
        detail: expect.objectContaining({ forced: ['rows'] }) as unknown,
      }),
    );
    expect(await place.state('2024-11-25')).toBe('suspicious');
  });
});

describe('a delivery without rows, through the steps of a run', () => {
  it.each([
    { what: 'a header alone', content: 'id,day\n', code: 'guard.empty' },
    { what: 'no bytes', content: '', code: 'load.empty' },
  ])('is stopped, forced or marked when it has $what', async ({ content, code }) => {
    await using database = await createTestDatabase();
    await using stopping = await aPlace(database, { empty: 'stop' });
    await stopping.write('2024-11-14', content);
    const stopped = await stopping.sync(['2024-11-14']);
    expect(stopped.outcome.deliveries.published).toBe(0);
    expect(failure(stopped.events)).toMatchObject({
      code,
      next: expect.stringMatching(/untouched.*--force empty/),
    });
    expect((await stopping.sync(['2024-11-14'], ['empty'])).outcome.deliveries.published).toBe(1);
    expect(await stopping.state('2024-11-14')).toBe('suspicious');
    await using marking = await aPlace(database, { empty: 'mark' });
    await marking.write('2024-11-15', content);
    expect((await marking.sync(['2024-11-15'])).outcome.exitCode).toBe(0);
    expect(await marking.state('2024-11-15')).toBe('suspicious');
  });
});

describe('a delivery that is loaded again with fewer rows, through the steps of a run', () => {
  const first = { '2024-11-13': 10, '2024-11-14': 20 };

  it('is stopped where it is declared so, and what was published stays', async () => {
    await using database = await createTestDatabase();
    await using place = await aPlace(database, { empty: 'stop', loss: { keep: 0.5, action: 'stop' } });
    await place.deliver('2024-11-14', first);
    await place.sync(['2024-11-14']);
    await place.deliver('2024-11-14', { '2024-11-13': 4, '2024-11-14': 30 });
    const { outcome, events } = await place.sync(['2024-11-14']);
    expect(outcome.exitCode).toBe(5);
    expect(failure(events)).toMatchObject({
      code: 'guard.loss',
      message: expect.stringContaining('its published version 1 has: 2024-11-13 (10 to 4)'),
    });
    expect(await published(database)).toEqual(first);
    expect((await place.sync(['2024-11-14'], ['loss'])).outcome.exitCode).toBe(0);
    expect(await published(database)).toEqual({ '2024-11-13': 4, '2024-11-14': 30 });
    expect(await place.state('2024-11-14')).toBe('suspicious');
  });

  it('is marked where it is declared so, with a note; rows that other deliveries lack are no matter', async () => {
    await using database = await createTestDatabase();
    await using place = await aPlace(database, { empty: 'stop', loss: { keep: 0.5, action: 'mark' } });
    await place.deliver('2024-11-14', first);
    await place.sync(['2024-11-14']);
    await place.deliver('2024-11-15', { '2024-11-14': 1, '2024-11-15': 5 });
    expect(notes((await place.sync(['2024-11-15'])).events)).toEqual([]);
    await place.deliver('2024-11-14', { '2024-11-14': 20 });
    const { outcome, events } = await place.sync(['2024-11-14']);
    expect(outcome.exitCode).toBe(0);
    expect(notes(events)).toEqual([expect.stringContaining('2024-11-13 (10 to 0)')]);
    expect(await place.state('2024-11-14')).toBe('suspicious');
  });
});
