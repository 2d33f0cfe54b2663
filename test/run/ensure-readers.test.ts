import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockKey } from '../../src/ledger/locks.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import type { Column, Dataset } from '../../src/project/model.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { whileRead } from '../support/reader.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-ensure-'));
  await writeFile(join(folder, 'visits_2024-11-13.csv'), 'id,day\na,2024-11-13\n');
  await writeFile(join(folder, 'visits_2024-11-14.csv'), 'id,day\nb,2024-11-14\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (database: TestDatabase, dataset: Dataset) =>
  openTestWorkspace({
    project: aProject({ sources: { files: { kind: 'directory', path: folder } }, datasets: [dataset] }),
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-11-15T07:40:00.000Z',
  });

describe('a table whose definition has a column more, while a dashboard reads it for minutes', () => {
  it('gets it when the dashboard has ended; nobody waits behind it, and the run says whom it waits for', async () => {
    await using database = await createTestDatabase();
    const before = aDataset();
    {
      await using board = await open(database, before);
      await board.run({ cells: [{ dataset: 'visits', periods: ['2024-11-13'] }] });
    }
    const page: Column = {
      name: 'page',
      type: 'text',
      nullable: true,
      value: { kind: 'sql', expression: `'home'` },
    };
    const columns = [...before.table.columns, page];
    await using board = await open(database, aDataset({ table: { ...before.table, columns } }));
    const dashboard = await database.connect();
    await dashboard.query(`SET application_name = 'metabase'; BEGIN; SELECT * FROM visits`);
    const events: RunEvent[] = [];
    const { states } = await whileRead(
      database,
      'SELECT count(*)::int AS rows, count(DISTINCT day)::int AS days FROM visits',
      async () => {
        await board.workspace.list();
        const request = requestOf({ cells: [{ dataset: 'visits', periods: ['2024-11-14'] }] });
        const handle = await board.workspace.start(await board.workspace.plan(request), (event) =>
          events.push(event),
        );
        await until(() => events.some((event) => event.type === 'step.note'), { what: 'a note' });
        await dashboard.query('COMMIT');
        await handle.done;
        expect(events.filter((event) => event.type === 'step.failed')).toEqual([]);
      },
    );
    expect(events.find((event) => event.type === 'step.note')).toMatchObject({
      step: { kind: 'load' },
      message: expect.stringMatching(/^waiting for a moment in which nobody uses .*metabase/) as unknown,
    });
    expect(states).toEqual(['[{"rows":1,"days":1}]', '[{"rows":2,"days":2}]']);
    const found = await dashboard.query('SELECT page FROM visits ORDER BY day');
    expect(found.rows).toEqual([{ page: null }, { page: 'home' }]);
  });
});

describe('a connection that is lost while a table is made sure of', () => {
  it('costs the delivery that waited for it another try, and those after it nothing', async () => {
    await using database = await createTestDatabase();
    await using board = await open(database, aDataset());
    await board.run({ cells: [] });
    const other = await database.connect();
    await other.query('SELECT pg_advisory_lock($1)', [lockKey('test', 'table visits').toString()]);
    await board.workspace.list();
    const cells = [{ dataset: 'visits', periods: ['2024-11-13', '2024-11-14'] }];
    const plan = await board.workspace.plan(requestOf({ cells, concurrency: 1 }));
    const notes: string[] = [];
    const handle = await board.workspace.start(plan, (event) => {
      if (event.type === 'step.note') notes.push(event.message);
    });
    await until(async () => {
      const ended = await other.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return ended.rows.length > 0;
    });
    await other.query('SELECT pg_advisory_unlock_all()');
    expect(await handle.done).toMatchObject({ state: 'done', deliveries: { published: 2, failed: 0 } });
    expect(notes).toEqual([expect.stringMatching(/^try 2 of 3 in [\d.]+ s, after: /u)]);
  });
});
