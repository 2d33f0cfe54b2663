import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { FINE, work } from '../support/at-once.ts';
import { aRollup } from '../support/definitions.ts';
import { eventsProject, happen, SOURCE_VARIABLE } from '../support/events.ts';
import { NOW, openPlace, type Place } from '../support/events-place.ts';
import { openTestWorkspace, requestOf, type TestWorkspace } from '../support/workspace.ts';

/*
 * Somebody deletes at a source what is loaded while another loads, takes back or deletes. An event is at the source or
 * published at any time, and in the end published once.
 */

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-concurrency-cleanup-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

const DAYS = ['2024-11-17', '2024-11-18', '2024-11-19'];
const CLEANUP: Partial<PlanRequest> = { command: 'cleanup', names: ['events'], reprocess: [] };
const cells = (...periods: string[]) => [{ dataset: 'events', periods }];

/** Two days are loaded, one of them twice; an event came since. */
async function loaded(): Promise<Place> {
  const place = await openPlace(cache);
  await happen(place.source, ['2024-11-17 10:00+00', 'a', 'ann'], ['2024-11-18 08:00+00', 'b', 'ann']);
  await place.sync(...DAYS.slice(0, 2));
  await happen(place.source, ['2024-11-18 09:00+00', 'c', 'ben']);
  await place.board.run({ cells: cells('2024-11-18'), reprocess: ['all'] });
  await happen(place.source, ['2024-11-18 07:00+00', 'd', 'ben'], ['2024-11-19 09:00+00', 'e', 'cleo']);
  await place.board.workspace.list();
  return place;
}

const second = ({ targetUrl, sourceUrl }: Place): Promise<TestWorkspace> =>
  openTestWorkspace({
    // The same with a rollup over the events, which this one keeps.
    project: {
      ...eventsProject(),
      rollups: [aRollup({ name: 'events_per_day', over: 'events', timeZone: 'Europe/Paris' })],
    },
    env: { DATABASE_URL: targetUrl, [SOURCE_VARIABLE]: sourceUrl },
    cacheDirectory: join(cache, 'bob'),
    now: () => NOW,
    user: 'bob',
  });

async function kinds(place: Place): Promise<{ there: string[]; here: string[] }> {
  const there = await place.source.query<{ kind: string }>('SELECT kind FROM buffer ORDER BY 1');
  const here = await place.target.query<{ kind: string }>('SELECT kind FROM events ORDER BY 1');
  return { there: there.rows.map(({ kind }) => kind), here: here.rows.map(({ kind }) => kind) };
}

async function expectNothingLeft(place: Place): Promise<void> {
  const left = await place.target.query(
    `SELECT (SELECT count(*)::int FROM dayboard.lock) AS locks, (SELECT count(*)::int FROM dayboard.run WHERE state = 'running') AS running,
            (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'dayboard_staging') AS work`,
  );
  expect(left.rows).toEqual([{ locks: 0, running: 0, work: 0 }]);
}

const OTHERS: Record<string, Partial<PlanRequest>> = {
  'a sync of the same days': { cells: cells(...DAYS), reprocess: ['all'] },
  'an undo': { command: 'undo', cells: cells('2024-11-18') },
  'a diff': { command: 'diff', cells: cells('2024-11-18') },
  'a refresh': { command: 'refresh', names: ['events_per_day'] },
  'another cleanup': CLEANUP,
};

describe('a cleanup', () => {
  it.each(Object.entries(OTHERS))('and %s at once lose no event', async (_, request) => {
    await using place = await loaded();
    await using bob = await second(place);
    const ends = await Promise.all([work(place.board, CLEANUP), work(bob, request)]);
    for (const end of ends) expect(end).toMatch(FINE);
    expect(ends).toContain('done');
    const { there, here } = await kinds(place);
    expect([...new Set([...there, ...here])].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    await expectNothingLeft(place);
    await place.board.run({ cells: cells(...DAYS), reprocess: ['all'] });
    expect((await kinds(place)).here).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('waits for the one that is at work, says for whom, and goes on when that one is killed', async () => {
    await using place = await loaded();
    await using bob = await second(place);
    // Another program of the source's holds a row that is to go: ann's cleanup waits with the lock of the table.
    const other = await place.source.query<{ id: number }>(`SELECT id FROM buffer WHERE kind = 'a'`);
    const blocker = new pg.Client({ connectionString: place.sourceUrl });
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM buffer WHERE id = $1 FOR UPDATE', [other.rows[0]?.id]);
    const at = Promise.withResolvers<void>();
    const plan = await place.board.workspace.plan(requestOf(CLEANUP));
    const ann = await place.board.workspace.start(plan, (event) => {
      if (event.type === 'step.progress' && event.phase === 'proving what is loaded') at.resolve();
    });
    await at.promise;
    const told = Promise.withResolvers<string>();
    const bobs = await bob.workspace.start(await bob.workspace.plan(requestOf(CLEANUP)), (event) => {
      if (event.type === 'step.note' && event.message.startsWith('waiting for')) told.resolve(event.message);
    });
    expect(await told.promise).toMatch(/^waiting for ann on bastion, who holds table events since /);
    const killed = await place.target.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND pid IN (SELECT backend_pid FROM dayboard.lock WHERE target = 'table events')`,
    );
    expect(killed.rowCount).toBeGreaterThan(0);
    await blocker.query('COMMIT');
    await blocker.end();
    const states = [(await ann.done).state, (await bobs.done).state];
    expect(states.filter((state) => state === 'done').length).toBeGreaterThan(0);
    const { there, here } = await kinds(place);
    expect([...new Set([...there, ...here])].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    await expectNothingLeft(place);
  });
});
