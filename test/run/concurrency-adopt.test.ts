import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AdoptStep } from '../../src/plan/adoption.ts';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { toDayboardError } from '../../src/project/errors.ts';
import { FINE, work } from '../support/at-once.ts';
import { DERIVED_OF_VISITS, aDataset, aProject } from '../support/definitions.ts';
import { lines } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openTestWorkspace, requestOf, type TestWorkspace } from '../support/workspace.ts';

/*
 * Somebody takes a table over while another works on it. Whoever comes second waits or is told who is at it; when both
 * have ended, what is derived equals the table, and the table holds what its owner put there and what was delivered.
 */

const DAYS = ['2024-11-13', '2024-11-14'] as const;
const DAY = DAYS[1];
const PROJECT = aProject({
  datasets: [aDataset({ carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' } })],
  ...DERIVED_OF_VISITS,
});
const cells = (...periods: string[]) => [{ dataset: 'visits', periods }];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-concurrency-adopt-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let database: TestDatabase;
let client: pg.Client;
let ann: TestWorkspace;
let bob: TestWorkspace;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  await client.query(`SET search_path = public;
    CREATE TABLE visits (id text NOT NULL, day date NOT NULL);
    INSERT INTO visits SELECT 'own' || n, date '2024-10-01' + n % 10 FROM generate_series(1, 100) n`);
  [ann, bob] = [await open('ann'), await open('bob')];
  for (const delivery of ['first', 'second']) {
    for (const day of DAYS) await deliver(day, delivery);
    await ann.run({ cells: cells(...DAYS), reprocess: ['all'] });
  }
  return async () => {
    await ann[Symbol.asyncDispose]();
    await bob[Symbol.asyncDispose]();
    await database.drop();
  };
});

const open = (user: string) =>
  openTestWorkspace({
    project: { ...PROJECT, sources: { files: { kind: 'directory', path: folder } } },
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, `cache-${user}`),
    user,
  });

const deliver = (day: string, id: string) =>
  writeFile(join(folder, `visits_${day}.csv`), `id,day\n${id},${day}\nboth,${day}\n`);

async function adopt(board: TestWorkspace, act: 'back' | AdoptStep): Promise<string> {
  try {
    await board.workspace.adopt({ name: 'visits', act });
    return 'done';
  } catch (thrown) {
    return toDayboardError(thrown).code;
  }
}

/** The last step asks that what still reads the old table is computed over the new one: it is owed by the switch. */
async function finish(): Promise<string> {
  const switched = await adopt(ann, 'switch');
  if (switched !== 'done') return switched;
  await work(ann, { command: 'refresh', owed: true });
  return adopt(ann, 'finish');
}

async function expectWhole(): Promise<void> {
  const different = `WITH counted AS (SELECT day, count(*) AS visits FROM visits GROUP BY day)
    (TABLE counted EXCEPT SELECT day, visits FROM per_day) UNION ALL (SELECT day, visits FROM per_day EXCEPT TABLE counted)`;
  expect(await lines(client, different)).toEqual([]);
  expect(await lines(client, 'SELECT id, day FROM visits GROUP BY id, day HAVING count(*) > 1')).toEqual([]);
  expect(await lines(client, `SELECT count(*) FROM visits WHERE id LIKE 'own%'`)).toEqual(['100']);
  expect(await lines(client, 'SELECT target FROM dayboard.lock')).toEqual([]);
  expect(await lines(client, `SELECT id FROM dayboard.run WHERE state = 'running'`)).toEqual([]);
  expect(
    await lines(client, `SELECT tablename FROM pg_tables WHERE schemaname = 'dayboard_staging'`),
  ).toEqual([]);
}

/** What the other does meanwhile. */
const OTHERS: Record<string, Partial<PlanRequest>> = {
  'a sync': { cells: cells(DAY) },
  'an undo': { command: 'undo', cells: cells(DAY) },
  'a diff': { command: 'diff', cells: cells(DAY) },
  'a refresh of a rollup and a view': { command: 'refresh', names: ['days', 'newest'] },
};

describe('adopting a table', () => {
  it.each(Object.entries(OTHERS))('and %s at once', async (_, request) => {
    await deliver(DAY, 'third');
    await bob.workspace.list();
    const [adopted, worked] = await Promise.all([adopt(ann, 'switch'), work(bob, request)]);
    expect(adopted).toMatch(/^(done|lock\.held)$/);
    expect(worked).toMatch(FINE);
    expect([adopted, worked]).toContain('done');
    await expectWhole();
    // What was not done is done afterwards, and all that was delivered is there once.
    expect(await finish()).toBe('done');
    await work(bob, { cells: cells(...DAYS), reprocess: ['all'] });
    await expectWhole();
    expect(await lines(client, `SELECT id || ' ' || day FROM visits WHERE id NOT LIKE 'own%'`)).toEqual([
      `both ${DAYS[0]}`,
      `both ${DAY}`,
      `second ${DAYS[0]}`,
      `third ${DAY}`,
    ]);
  });

  it.each(['back', 'finish'] as const)('and its %s at once with a sync', async (act) => {
    expect(await adopt(ann, 'switch')).toBe('done');
    if (act === 'finish') await work(ann, { command: 'refresh', owed: true });
    await deliver(DAY, 'third');
    await bob.workspace.list();
    const [adopted, worked] = await Promise.all([adopt(ann, act), work(bob, { cells: cells(DAY) })]);
    // The sync may have come first, with a view over the table that was to go back.
    expect(adopted).toMatch(/^(done|lock\.held|adopt\.depended-on)$/);
    expect(worked).toMatch(FINE);
    expect(worked === 'done' ? worked : await work(bob, { cells: cells(DAY) })).toBe('done');
    await expectWhole();
    expect(await lines(client, `SELECT id FROM visits WHERE day = '${DAY}'`)).toEqual(['both', 'third']);
  });

  it('by two: one does it, or each says who was at it, and it is done once', async () => {
    const ends = await Promise.all([adopt(ann, 'switch'), adopt(bob, 'switch')]);
    for (const end of ends) expect(end).toMatch(/^(done|lock\.held|adopt\.\S+)$/);
    expect(ends).toContain('done');
    await expectWhole();
  });

  it('makes a sync wait, which says for whom; when who adopts is killed, the sync goes on by itself', async () => {
    const reader = await database.connect();
    await reader.query('BEGIN; SELECT 1 FROM public.visits');
    const waiting = Promise.withResolvers<void>();
    const adopting = ann.workspace.adopt({
      name: 'visits',
      act: 'finish',
      onProgress: ({ message }) => message.startsWith('waiting') && waiting.resolve(),
    });
    adopting.catch(() => undefined);
    await waiting.promise;
    await deliver(DAY, 'third');
    await bob.workspace.list();
    const plan = await bob.workspace.plan(requestOf({ cells: cells(DAY) }));
    const told = Promise.withResolvers<string>();
    const handle = await bob.workspace.start(plan, (event) => {
      if (event.type === 'step.note' && event.message.startsWith('waiting for')) told.resolve(event.message);
    });
    expect(await told.promise).toMatch(/^waiting for ann on bastion, who holds table visits since /);
    const killed = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dayboard adopt'`,
    );
    expect(killed.rowCount).toBe(1);
    await expect(adopting).rejects.toMatchObject({ code: 'database.connection-lost' });
    await reader.query('COMMIT');
    expect((await handle.done).state).toBe('done');
    await expectWhole();
    expect(await finish()).toBe('done');
    await expectWhole();
  });
});
