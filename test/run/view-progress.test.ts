import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { progressText } from '../../src/cli/output/plain.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import type { View } from '../../src/project/model.ts';
import { aProject } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf, type TestWorkspace } from '../support/workspace.ts';

/** Its index stops three quarters into the table for as long as somebody holds the advisory lock 7. */
const VIEW: View = {
  schema: 'public',
  name: 'totals',
  description: '',
  reads: [],
  sql: 'SELECT n FROM generate_series(1, 20000) AS n',
  indexes: [
    { name: 'totals_n', columns: ['n'] },
    { name: 'totals_slow', columns: ['slow(n)'] },
  ],
};

let cacheDirectory: string;
let database: TestDatabase;
let client: pg.Client;
let board: TestWorkspace;
beforeEach(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'dayboard-test-progress-'));
  database = await createTestDatabase();
  client = await database.connect();
  await client.query(`CREATE FUNCTION slow(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN IF n = 15000 THEN PERFORM pg_advisory_xact_lock_shared(7); END IF; RETURN n; END $$`);
  board = await openTestWorkspace({
    project: aProject({ datasets: [], views: [VIEW] }),
    env: { DATABASE_URL: database.url },
    cacheDirectory,
  });
});
afterEach(async () => {
  await board[Symbol.asyncDispose]();
  await database.drop();
  await rm(cacheDirectory, { recursive: true, force: true });
});

type Told = Extract<RunEvent, { type: 'step.progress' }>;

/** Refreshes the view, and stays in its second index until `hold` has resolved. */
async function refreshHeld(hold: (told: Told[], run: string) => Promise<void>): Promise<Told[]> {
  await client.query('SELECT pg_advisory_lock(7)');
  const told: Told[] = [];
  const plan = await board.workspace.plan(requestOf({ command: 'refresh', names: ['totals'] }));
  const handle = await board.workspace.start(plan, (event) => {
    if (event.type === 'step.progress') told.push(event);
  });
  await hold(told, handle.id);
  await client.query('SELECT pg_advisory_unlock(7)');
  expect(await handle.done).toMatchObject({ state: 'done' });
  return told;
}

const isInSecond = (phase: string | undefined) => phase?.startsWith('index totals_slow') === true;

/** Where it is held: three quarters into its second index. On a slow machine it is also seen on its way there. */
const measured = (told: Told[]) =>
  told.find(({ phase, phaseShare = 0 }) => isInSecond(phase) && phaseShare > 0.5);

describe('a view whose readers are waited for', () => {
  it('is cancelled at once, has not failed by it, and stays as it was', async () => {
    await refreshHeld(async () => undefined);
    const reader = await database.connect();
    await reader.query('BEGIN; SELECT count(*) FROM totals');
    const plan = await board.workspace.plan(requestOf({ command: 'refresh', names: ['totals'] }));
    const notes: string[] = [];
    const handle = await board.workspace.start(plan, (event) => {
      if (event.type === 'step.note') notes.push(event.message);
    });
    await until(() => notes.length > 0, { what: 'it says whom it waits for' });
    expect(notes[0]).toMatch(
      /^waiting for a moment in which nobody reads public\.totals: .*\(process \d+, test\)/,
    );
    await handle.cancel('now');
    expect(await handle.done).toMatchObject({ state: 'cancelled' });
    const { rows } = await client.query('SELECT error FROM dayboard.derived WHERE name = $1', ['totals']);
    expect(rows).toEqual([{ error: null }]);
  });
});

describe('the progress of a view', () => {
  it('has what PostgreSQL measures, and no time left before there are past runs', async () => {
    await refreshHeld(async (told, run) => {
      const found = (await until(() => measured(told), { what: 'a measured share' }))!;
      expect(found.phase).toBe('index totals_slow (2 of 2): scanning table');
      expect(found.phaseShare).toBeLessThan(1);
      expect(found).not.toHaveProperty('etaSeconds');
      expect(found).not.toHaveProperty('estimated');
      expect(progressText(found)).toMatch(/^\d\d % of index totals_slow \(2 of 2\): scanning table$/);
      // Another console reads the same from the ledger.
      const seen = await until(
        async () => {
          const { steps } = await board.workspace.run(run);
          return isInSecond(steps[0]?.progress.phase) ? steps[0] : undefined;
        },
        { what: 'the ledger has it' },
      );
      expect(seen?.progress.phaseShare).toBeGreaterThan(0);
    });
  });

  it('has a time left by the median of past runs, marked as an estimate, there and in the ledger', async () => {
    await refreshHeld(async () => undefined);
    await refreshHeld(async (told, run) => {
      const found = (await until(() => measured(told), { what: 'a measured share' }))!;
      expect(found).toMatchObject({ estimated: true, etaSeconds: expect.any(Number) as unknown });
      expect(progressText(found)).toMatch(/^\d\d % of index .*, (~.* left|longer than usual)$/);
      const seen = await until(async () => (await board.workspace.run(run)).steps[0]?.progress.estimated, {
        what: 'the ledger has it',
      });
      expect(seen).toBe(true);
    });
    const { steps } = await board.workspace.run('2');
    expect(steps[0]?.progress).not.toHaveProperty('phaseShare');
  });
});
