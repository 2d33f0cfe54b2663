import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeliveryDiff } from '../../src/plan/diff.ts';
import type { RunEvent } from '../../src/plan/events.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-masking-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const diffOf = (events: readonly RunEvent[]) =>
  events.flatMap((event) =>
    event.type === 'step.done' && event.step.kind === 'diff' ? [event.detail?.['diff'] as DeliveryDiff] : [],
  )[0];

it('ids of people are masked in diffs, findings and errors, and whole only for whoever asks and nowhere written', async () => {
  await using database = await createTestDatabase();
  const visits = aDataset();
  const columns = visits.table.columns.map((column) =>
    column.name === 'id' ? { ...column, personal: true as const } : column,
  );
  await using board = await openTestWorkspace({
    project: aProject({
      sources: { files: { kind: 'directory', path: folder } },
      datasets: [{ ...visits, table: { ...visits.table, columns } }],
      checks: [
        {
          name: 'nobody',
          description: 'Nobody visits',
          of: ['visits'],
          sql: 'SELECT id, day FROM visits',
          severity: 'warn',
          timeoutSeconds: 20,
        },
      ],
    }),
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-11-15T07:40:00.000Z',
  });
  const deliver = (rows: string) => writeFile(join(folder, 'visits_2024-11-14.csv'), `id,day\n${rows}`);
  const cells = [{ dataset: 'visits', periods: ['2024-11-14'] }];
  await deliver('alice-of-lyon,2024-11-14\n');
  await board.run({ cells });
  expect((await board.workspace.checks())[0]?.findings).toEqual([{ id: 'al…', day: '2024-11-14' }]);

  await deliver('robert-of-metz,2024-11-14\n');
  const diff = { command: 'diff' as const, cells, reprocess: ['all' as const], force: ['rows'] };
  const masked = diffOf((await board.run(diff)).events);
  expect(masked?.samples.added).toEqual([{ id: 'ro…', day: '2024-11-14' }]);
  const { plan, events } = await board.run({ ...diff, showIds: true });
  expect(diffOf(events)?.samples.added).toEqual([{ id: 'robert-of-metz', day: '2024-11-14' }]);
  expect(plan.cli).toContain('diff 2024-11-14 visits --show-ids');

  await deliver('alice-of-lyon,2024-11-14\nrobert-of-metz,2024-11-14,something\n');
  const failed = await board.run({ cells, reprocess: ['all'] });
  const error = failed.events.find((event) => event.type === 'step.failed')?.error;
  expect(error).toMatchObject({ code: 'load.malformed-row', facts: { line: 3, value: 'ro…,20…,so…' } });
  expect(error?.message).not.toContain('robert');

  const client = await database.connect();
  const kept = await client.query<{ all: string }>(
    `SELECT string_agg(t::text, ' ') AS all FROM (
       SELECT row_to_json(e) AS t FROM dayboard.event e UNION ALL SELECT row_to_json(s) FROM dayboard.step s
       UNION ALL SELECT row_to_json(c) FROM dayboard.check_result c) t`,
  );
  await client.end();
  expect(kept.rows[0]?.all).not.toMatch(/robert-of|alice-of/u);
});
