import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (database: TestDatabase, user: string) =>
  openTestWorkspace({
    project: aProject({
      sources: { files: { kind: 'directory', path: folder } },
      datasets: [aDataset()],
    }),
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-11-15T07:40:00.000Z',
    user,
  });

it('the audit tells who imported, forced, took back and cancelled what, the newest first', async () => {
  await using database = await createTestDatabase();
  const cells = [{ dataset: 'visits', periods: ['2024-11-14'] }];
  await writeFile(join(folder, 'visits_2024-11-14.csv'), 'id,day\na,2024-11-14\n');
  await using ann = await open(database, 'ann');
  await ann.run({ cells });
  await using ben = await open(database, 'ben');
  await ben.run({ cells, reprocess: ['all'], force: ['rows'] });
  await ben.run({ command: 'undo', cells, reprocess: [] });
  await ann.run({ command: 'diff', cells, reprocess: ['all'], force: ['rows'] });
  await writeFile(join(folder, 'long.sql'), 'SELECT pg_sleep(60);');
  const request = {
    script: 'long.sql',
    directory: folder,
    variables: [],
    singleTransaction: false,
    onError: 'stop',
  } as const;
  const quiet = { stdin: async function* () {}, stdout: () => undefined, stderr: () => undefined };
  const script = await ann.workspace.startScript(await ann.workspace.planScript(request), request, quiet);
  await ben.workspace.cancel(script.id, 'now');
  await script.done;

  const entries = await ann.workspace.audit(50);
  expect(entries.map(({ did, by, run }) => `${by} ${did} ${run ?? ''}`)).toEqual([
    'ben cancelled 5',
    'ann script 5',
    'ann diff 4',
    'ben took back 3',
    'ben undo 3',
    'ben forced 2',
    'ben sync 2',
    'ann sync 1',
  ]);
  expect(entries.find(({ did }) => did === 'took back')).toMatchObject({
    what: 'version 2 of visits 2024-11-14, 1 rows',
    context: 'test',
    host: 'bastion',
    state: 'done',
  });
  expect(entries.find(({ did }) => did === 'forced')?.what).toBe('published past guards: rows');
  expect(entries.find(({ did }) => did === 'cancelled')?.what).toMatch(/^at once: .*script long\.sql$/u);
  expect((await ann.workspace.audit(2)).map(({ did }) => did)).toEqual(['cancelled', 'script']);
});
