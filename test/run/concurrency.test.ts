import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanRequest } from '../../src/plan/plan.ts';
import { FINE, work } from '../support/at-once.ts';
import { DERIVED_OF_VISITS, aDataset, aProject } from '../support/definitions.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';

/*
 * Several operators and a scheduler on one ledger, each a workspace of its own with its own connections. Whatever two of
 * them do at once ends as done or is told who is at it; what is derived equals what it is made from; no lock stays.
 */

const DAYS = ['2024-11-11', '2024-11-12', '2024-11-13', '2024-11-14'] as const;
const [OTHER, , , DAY] = DAYS;

const PROJECT = aProject({
  datasets: [
    aDataset({
      // Each delivery brings three days again: neighbours share keys.
      carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' },
      file: aDataset().file,
    }),
  ],
  ...DERIVED_OF_VISITS,
});

let folder: string;
let database: TestDatabase;
let client: pg.Client;
const boards: TestWorkspace[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dayboard-test-concurrency-'));
  mkdirSync(join(folder, 'files'));
  database = await createLedgerDatabase();
  client = await database.connect();
  await client.query('SET search_path = public');
  for (let at = 0; at < 8; at += 1)
    boards.push(
      await openTestWorkspace({
        project: { ...PROJECT, sources: { files: { kind: 'directory', path: join(folder, 'files') } } },
        env: { DATABASE_URL: database.url },
        cacheDirectory: join(folder, `cache-${at}`),
        now: () => '2024-11-15T07:40:00.000Z',
        user: `operator${at}`,
      }),
    );
});
afterAll(async () => {
  for (const board of boards) await board[Symbol.asyncDispose]();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

let versions = 0;

/** A new object for a day: its own rows, other ones each time, and those of the day before again. */
function deliver(day: string): void {
  versions += 1;
  const before = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
  const rows = [`a,${day}`, `v${versions},${day}`, `a,${before}`, `old${versions % 3},${before}`];
  writeFileSync(join(folder, 'files', `visits_${day}.csv`), ['id,day', ...rows, ''].join('\n'));
}

const cells = (...periods: string[]) => [{ dataset: 'visits', periods }];

/** What an operator can do, with what must be there for it to be something. */
const WORK: Record<string, { prepare?: () => void; request: Partial<PlanRequest> }> = {
  'sync of a day': { prepare: () => deliver(DAY), request: { cells: cells(DAY) } },
  'sync of another day': { prepare: () => deliver(OTHER), request: { cells: cells(OTHER) } },
  'sync of all': {
    prepare: () => DAYS.forEach(deliver),
    request: { cells: cells(...DAYS) },
  },
  undo: { request: { command: 'undo', cells: cells(DAY) } },
  diff: { request: { command: 'diff', cells: cells(DAY) } },
  refresh: { request: { command: 'refresh', names: ['days', 'newest'] } },
};

async function expectWhole(): Promise<void> {
  const { rows } = await client.query<Record<'different' | 'newest' | 'locks' | 'work' | 'running', number>>(
    `WITH counted AS (SELECT day, count(*) AS visits FROM visits GROUP BY day)
     SELECT (SELECT count(*)::int FROM ((TABLE counted EXCEPT SELECT day, visits FROM per_day)
               UNION ALL (SELECT day, visits FROM per_day EXCEPT TABLE counted)) AS d) AS different,
            (SELECT count(*)::int FROM dayboard.lock) AS locks,
            (SELECT count(*)::int FROM dayboard.run WHERE state = 'running') AS running,
            (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'dayboard_staging') AS work`,
  );
  expect(rows).toEqual([{ different: 0, locks: 0, running: 0, work: 0 }]);
}

describe('two operators at once', () => {
  const names = Object.keys(WORK);
  const pairs = names.flatMap((one, at) => names.slice(at).map((other) => [one, other] as const));

  it.each(pairs)('%s and %s', async (one, other) => {
    const [first, second] = boards as [TestWorkspace, TestWorkspace];
    // An undo has something to undo, and both know what is at the source.
    for (let twice = 0; twice < 2; twice += 1) {
      DAYS.forEach(deliver);
      await first.workspace.list();
      expect(await work(first, { cells: cells(...DAYS), reprocess: ['all'] })).toBe('done');
    }
    for (const name of [one, other]) WORK[name]?.prepare?.();
    await first.workspace.list();
    const ends = await Promise.all([
      work(first, WORK[one]?.request ?? {}),
      work(second, WORK[other]?.request ?? {}),
    ]);
    for (const end of ends) expect(end).toMatch(FINE);
    // Two who are at several deliveries may each come first at some of them.
    expect(ends.filter((end) => /^(done|nothing to do|partly)/.test(end))).not.toEqual([]);
    await expectWhole();
  });
});

describe('eight operators at once', () => {
  it('on the same delivery: one does it, the others are told who, and it is there once', async () => {
    deliver(DAY);
    await boards[0]?.workspace.list();
    const ends = await Promise.all(
      boards.map((board) => work(board, { cells: cells(DAY), reprocess: ['all'] })),
    );
    expect(ends.filter((end) => end === 'done').length).toBeGreaterThan(0);
    for (const end of ends) expect(end).toMatch(FINE);
    await expectWhole();
  });

  it('on deliveries that share keys: all are done, in whatever order they come', async () => {
    DAYS.forEach(deliver);
    await boards[0]?.workspace.list();
    const ends = await Promise.all(
      boards.map((board, at) =>
        work(board, { cells: cells(DAYS[at % DAYS.length] ?? DAY), reprocess: ['all'] }),
      ),
    );
    for (const end of ends) expect(end).toMatch(FINE);
    await expectWhole();
  });
});
