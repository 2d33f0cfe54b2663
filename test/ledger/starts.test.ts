import { expect, it } from 'vitest';
import { insertRun } from '../../src/ledger/runs.ts';
import { readStarts } from '../../src/ledger/starts.ts';
import { aPlan } from '../cli/support.ts';
import { createLedgerDatabase } from '../support/ledger.ts';

const STEPS = [
  { kind: 'view', target: 'by_day' },
  { kind: 'view', target: 'never_made' },
];

it('tells when a step last began and last succeeded, and of one that never ran without reading the history', async () => {
  await using database = await createLedgerDatabase();
  const client = await database.connect();
  const run = await insertRun(client, aPlan(), { user: 'ann', host: 'bastion', pid: 11 });
  await client.query(
    `INSERT INTO dayboard.step (run, seq, project, kind, target, period, state, started_at, finished_at)
     SELECT $1, 100 + n, 'test', 'load', 'visits', '2024-11-14', 'done', now(), now() FROM generate_series(1, 3000) n`,
    [run],
  );
  await client.query(
    `INSERT INTO dayboard.step (run, seq, project, kind, target, state, started_at, finished_at)
     VALUES ($1, 4001, 'test', 'view', 'by_day', 'done', '2024-11-13 01:00Z', '2024-11-13 01:05Z'),
            ($1, 4002, 'test', 'view', 'by_day', 'done', '2024-11-14 01:00Z', '2024-11-14 01:05Z'),
            ($1, 4003, 'test', 'view', 'by_day', 'failed', '2024-11-15 01:00Z', '2024-11-15 01:05Z'),
            ($1, 4004, 'test', 'view', 'by_day', 'queued', NULL, NULL)`,
    [run],
  );
  await client.query('ANALYZE dayboard.step');
  await client.query('BEGIN');
  const starts = await readStarts(client, 'test', STEPS);
  const read = await client.query<{ rows: number }>(
    `SELECT (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables WHERE relid = 'dayboard.step'::regclass`,
  );
  await client.query('COMMIT');
  expect([...starts.started]).toEqual([['view by_day', '2024-11-15T01:00:00.000Z']]);
  expect([...starts.done]).toEqual([['view by_day', '2024-11-14T01:05:00.000Z']]);
  expect(read.rows[0]?.rows).toBeLessThan(20);
});
