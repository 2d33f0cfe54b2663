import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { toDayboardError } from '../../src/project/errors.ts';
import { aProject } from '../support/definitions.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { diskObstacle, makeSmallDisk } from '../support/small-disk.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const ROWS = 60_000;
/** The disk grows by so many megabytes after each failure. */
const STEP = 1;

const file = (day: string, rows: number) =>
  `id,day,hits\n${Array.from({ length: rows }, (_, at) => `somebody-${at},${day},${at}\n`).join('')}`;

/** What a failure must leave: what was published, and nothing else. */
async function state(client: pg.Client): Promise<Record<string, unknown> | undefined> {
  const found = await client.query<Record<string, unknown>>(
    `SELECT (SELECT count(*)::int FROM stats.visits) AS rows, (SELECT sum(visits)::int FROM stats.days) AS counted,
            (SELECT array_agg(period || ' v' || version ORDER BY period) FROM dayboard.version WHERE current) AS current,
            (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'dayboard_staging' AND c.relkind = 'r') AS work,
            (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks`,
  );
  return found.rows[0];
}

describe.skipIf(diskObstacle() !== undefined)('a disk of the server that is full', () => {
  it('ends a run wherever it fills, names itself, leaves what was published, and is in nobody’s way once there is room', async () => {
    await using disk = await makeSmallDisk(64);
    await using database = await createTestDatabase({ tablespace: disk.tablespace });
    const folder = await mkdtemp(join(tmpdir(), 'dayboard-test-full-'));
    const client = await database.connect();
    const deliver = (day: string, rows: number) =>
      writeFile(join(folder, `visits_${day}.csv`), file(day, rows));
    const dataset = hitsDataset({
      file: ['id', 'day', 'hits'].map((name) => ({ header: name, column: name })),
    });
    // To publish must need more room than to load.
    const indexes = ['hits', 'id', 'id DESC'].map((column, at) => ({ name: `i${at}`, columns: [column] }));
    const visits = { ...dataset, table: { ...dataset.table, indexes } };
    await using opened = await openTestWorkspace({
      project: aProject({
        sources: { files: { kind: 'directory', path: folder } },
        datasets: [visits],
        rollups: [hitsPerDay()],
      }),
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(folder, 'cache'),
      now: () => '2024-11-16T07:40:00.000Z',
    });
    const cells = [{ dataset: 'visits', periods: ['2024-11-14', '2024-11-15'] }];
    await deliver('2024-11-14', 10);
    await opened.run({ cells });
    await deliver('2024-11-15', ROWS);
    const before = { rows: 10, counted: 10, current: ['2024-11-14 v1'] };
    const seen = new Set<string>();
    await client.query('CHECKPOINT');
    let size = disk.used() + 1;
    for (;;) {
      disk.resize(size);
      const failed = await opened.run({ cells }).then(
        ({ outcome, events }) =>
          outcome.state === 'done'
            ? undefined
            : events.flatMap((event) => (event.type === 'step.failed' ? [event.error] : [])),
        // Not even the ledger could be written.
        (thrown: unknown) => [toDayboardError(thrown).toJSON()],
      );
      if (failed === undefined) break;
      for (const error of failed) {
        seen.add(error.code);
        expect(error.message).toMatch(/disk is full/u);
      }
      expect(await state(client)).toMatchObject(before);
      size += STEP;
    }
    expect([...seen].sort()).toEqual(['database.disk-full', 'load.disk-full']);
    expect(await state(client)).toEqual({
      rows: ROWS + 10,
      counted: ROWS + 10,
      current: ['2024-11-14 v1', '2024-11-15 v1'],
      work: 0,
      locks: 0,
    });
    await client.end();
    await rm(folder, { recursive: true, force: true });
  });
});
