import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../src/project/model.ts';
import { runCheck } from '../../src/rollup/check.ts';
import { createLedgerDatabase } from '../support/ledger.ts';

let client: pg.Client;
beforeAll(async () => {
  client = await (await createLedgerDatabase()).connect();
});

function check(sql: string, changes: Partial<Check> = {}): Check {
  return { name: 'c', description: '', of: [], sql, severity: 'error', timeoutSeconds: 30, ...changes };
}

describe('a check', () => {
  it('passes when it finds nothing', async () => {
    expect(await runCheck(client, check('SELECT 1 WHERE false'))).toEqual({ verdict: 'pass', findings: [] });
  });

  it('fails or warns with what it found, as it was declared', async () => {
    const sql = `SELECT '2024-11' AS month, 3 AS difference`;
    const findings = [{ month: '2024-11', difference: 3 }];
    expect(await runCheck(client, check(sql))).toEqual({ verdict: 'fail', findings });
    expect(await runCheck(client, check(sql, { severity: 'warn' }))).toEqual({ verdict: 'warn', findings });
  });

  it('shows the first findings only, and may end in a comment', async () => {
    const { findings } = await runCheck(client, check('SELECT n FROM generate_series(1, 100) n -- all'));
    expect(findings).toHaveLength(20);
  });

  it('that cannot be made is unknown, not failed, and says why', async () => {
    expect(await runCheck(client, check('SELECT nothing FROM nowhere'))).toMatchObject({
      verdict: 'unknown',
      findings: [],
      error: { message: expect.stringContaining('nowhere'), facts: { check: 'c', sqlstate: '42P01' } },
    });
  });

  it('that takes longer than it may is unknown', async () => {
    const slow = check('SELECT pg_sleep(30)', { timeoutSeconds: 0.05 });
    expect(await runCheck(client, slow)).toMatchObject({
      verdict: 'unknown',
      error: { facts: { sqlstate: '57014' } },
    });
  });

  it('cannot write, and leaves the connection as it was', async () => {
    await client.query('CREATE TABLE public.kept (n int)');
    const writing = check('WITH gone AS (INSERT INTO public.kept VALUES (1) RETURNING 1) SELECT * FROM gone');
    expect(await runCheck(client, writing)).toMatchObject({ verdict: 'unknown' });
    await client.query('INSERT INTO public.kept VALUES (2)');
    expect((await client.query('SELECT n FROM public.kept')).rows).toEqual([{ n: 2 }]);
    expect((await client.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
  });
});
