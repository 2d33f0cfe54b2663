import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DoctorFinding } from '../../src/run/workspace.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

it('the doctor tells what tables and indexes take, names an index that was never used, and waits for no lock', async () => {
  await using database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'dayboard-test-sizes-'));
  const client = await database.connect();
  await client.query(
    `CREATE TABLE public.visits (id text, day date) PARTITION BY RANGE (day);
     CREATE TABLE public.visits_2024 PARTITION OF public.visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
     INSERT INTO public.visits SELECT 'visitor ' || n, '2024-11-14' FROM generate_series(1, 400000) n;
     CREATE INDEX nobody_asks ON public.visits (id);
     CREATE UNIQUE INDEX the_key ON public.visits (id, day);
     ANALYZE public.visits`,
  );
  await using board = await openTestWorkspace({
    project: aProject({
      sources: { files: { kind: 'directory', path: folder } },
      datasets: [aDataset()],
    }),
    env: { DATABASE_URL: database.url },
    cacheDirectory: folder,
  });
  await board.workspace.runs(1);
  await client.query('BEGIN; LOCK TABLE public.visits IN ACCESS EXCLUSIVE MODE');
  const findings: DoctorFinding[] = [];
  for await (const finding of board.workspace.doctor())
    if (finding.subject === 'Sizes' || finding.subject === 'Unused indexes') findings.push(finding);
  await client.query('ROLLBACK');
  await client.end();
  expect(findings).toEqual([
    {
      verdict: 'pass',
      subject: 'Sizes',
      message: expect.stringMatching(
        /^1 relation takes \d+ MB, \d+ MB of it indexes, .* The biggest: public\.visits \d+ MB\.$/u,
      ),
    },
    {
      verdict: 'warn',
      subject: 'Unused indexes',
      message: expect.stringMatching(
        /^1 index was never used.* and takes \d+ MB: nobody_asks \d+ MB\.$/u,
      ) as unknown,
      next: expect.stringContaining('DROP INDEX CONCURRENTLY') as unknown,
    },
  ]);
  await rm(folder, { recursive: true, force: true });
});
