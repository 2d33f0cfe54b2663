import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unusedIndexes } from '../../src/plan/sizes.ts';
import { aProject } from '../support/definitions.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-sizes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('sizes sum partitions and their indexes, tell what undos need, and which index no query asked', async () => {
  await using database = await createTestDatabase();
  const dataset = hitsDataset({
    file: ['id', 'day', 'hits'].map((name) => ({ header: name, column: name })),
  });
  const project = aProject({
    sources: { files: { kind: 'directory', path: folder } },
    datasets: [
      { ...dataset, table: { ...dataset.table, indexes: [{ name: 'visits_hits_idx', columns: ['hits'] }] } },
    ],
    rollups: [hitsPerDay()],
  });
  const client = await database.connect();
  await using opened = await openTestWorkspace({
    project,
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-11-16T07:40:00.000Z',
  });
  const deliver = (day: string, lines: string) =>
    writeFile(join(folder, `visits_${day}.csv`), `id,day,hits\n${lines}`);
  await deliver('2024-11-14', 'a,2024-11-14,1\nb,2024-11-14,2\n');
  await deliver('2024-11-15', 'a,2024-11-15,3\n');
  const cells = [{ dataset: 'visits', periods: ['2024-11-14', '2024-11-15'] }];
  await opened.run({ cells });
  await deliver('2024-11-15', 'b,2024-11-15,4\n');
  await opened.run({ cells });

  await client.query('VACUUM ANALYZE');
  const { relations } = await opened.workspace.sizes();
  const visits = relations.find(({ relation }) => relation === 'stats.visits');
  expect(visits).toMatchObject({ kind: 'dataset', of: 'visits' });
  expect(visits?.parts.map(({ name }) => name)).toEqual(['visits_p20241114', 'visits_p20241115']);
  expect(visits?.indexes).toHaveLength(2);
  const total = await client.query<{ bytes: string }>(
    `SELECT sum(pg_relation_size(relid)) AS bytes FROM pg_partition_tree('stats.visits')`,
  );
  expect(visits?.tableBytes).toBe(Number(total.rows[0]?.bytes));
  expect(visits?.indexes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(visits?.indexBytes);
  expect(relations.map(({ kind, of }) => `${kind} ${of ?? ''}`)).toEqual(
    expect.arrayContaining(['rollup days', 'shadow visits', 'undo visits', 'ledger ']),
  );

  const unused = async () => {
    const found = (await opened.workspace.sizes()).relations.find(
      ({ of, kind }) => of === 'visits' && kind === 'dataset',
    );
    return found === undefined ? [] : unusedIndexes(found).map(({ definition }) => definition);
  };
  expect(await unused()).toEqual(['btree (hits)']);
  await client.query(
    'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SELECT id FROM stats.visits WHERE hits = 4; COMMIT; SELECT pg_stat_force_next_flush()',
  );
  await until(async () => (await unused()).length === 0);
});
