import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dayboard-test-listing-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const CELLS = ['sso', 'visits'].map((dataset) => ({ dataset, periods: ['2024-11-14'] }));

describe('a listing', () => {
  it('sees every source, also when one cannot be listed, whose known objects stay', async () => {
    await using database = await createTestDatabase();
    const [lost, files] = [join(root, 'lost'), join(root, 'files')];
    await mkdir(lost);
    await mkdir(files);
    const project = aProject({
      sources: { lost: { kind: 'directory', path: lost }, files: { kind: 'directory', path: files } },
      datasets: [aDataset({ name: 'sso', source: 'lost' }), aDataset()],
    });
    await writeFile(join(lost, 'sso_2024-11-14.csv'), 'id,day\na,2024-11-14\n');
    await using board = await openTestWorkspace({
      project,
      env: { DATABASE_URL: database.url },
      cacheDirectory: join(root, 'cache'),
      now: () => '2024-11-15T07:40:00.000Z',
    });
    expect(await board.workspace.list()).toEqual(new Map());
    await board.run({ command: 'fetch', cells: CELLS });
    await rm(lost, { recursive: true });
    await writeFile(join(files, 'visits_2024-11-14.csv'), 'id,day\nc,2024-11-14\n');
    const unlisted = await board.workspace.list();
    expect([...unlisted].map(([name, error]) => [name, error.code])).toEqual([
      ['lost', 'source.directory-missing'],
    ]);
    const shown = await board.workspace.board({ first: '2024-11-14', last: '2024-11-14' });
    expect(shown.rows.map(({ dataset, cells }) => [dataset, cells[0]?.state, cells[0]?.fetched])).toEqual([
      ['sso', 'fetched', true],
      ['visits', 'available', undefined],
    ]);
    expect(shown.listingError?.code).toBe('source.directory-missing');
    // What is verified in the cache needs no source.
    const run = await board.workspace.start(await board.workspace.plan(requestOf({ cells: CELLS })));
    expect(await run.done).toMatchObject({ state: 'done', deliveries: { published: 2 } });
  });
});
