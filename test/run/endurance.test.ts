import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const DAY = '2024-11-14';
/** The first ones open what is opened once. */
const [WARM, RUNS] = [5, 40];

it('runs in one process leave no connection, timer, table or lock behind, however many there are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dayboard-test-endurance-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files', `visits_${DAY}.csv`), `id,day\na,${DAY}\n`);
  const database = await createLedgerDatabase();
  const client = await database.connect();
  const held = async () => {
    const { rows } = await client.query<Record<'connections' | 'tables' | 'locks' | 'advisory', number>>(
      `SELECT (SELECT count(*)::int FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'dayboard %') AS connections,
              (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'dayboard_staging') AS tables,
              (SELECT count(*)::int FROM dayboard.lock) AS locks,
              (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS advisory`,
    );
    return rows[0] ?? { connections: -1, tables: -1, locks: -1, advisory: -1 };
  };
  try {
    await using board = await openTestWorkspace({
      project: aProject({
        sources: { files: { kind: 'directory', path: join(folder, 'files') } },
        datasets: [aDataset({ carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' } })],
        rollups: [aRollup({ name: 'days', over: 'visits' })],
      }),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => '2024-11-15T07:40:00.000Z',
    });
    const run = async (times: number) => {
      for (let at = 0; at < times; at += 1) {
        const { outcome } = await board.run({
          cells: [{ dataset: 'visits', periods: [DAY] }],
          reprocess: ['all'],
        });
        expect(outcome.state).toBe('done');
      }
    };
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await run(WARM);
    const [before, timersBefore] = [await held(), timers()];
    await run(RUNS);
    expect(before).toMatchObject({ tables: 0, locks: 0, advisory: 0 });
    const after = await held();
    expect({ ...after, connections: 0 }).toEqual({ ...before, connections: 0 });
    // Readers' connections come and go; none is left by each run.
    expect(after.connections).toBeLessThan(before.connections + 4);
    expect(timers()).toBeLessThan(timersBefore + 4);
  } finally {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
});
