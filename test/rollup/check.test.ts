import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { isAbout } from '../../src/plan/finding.ts';
import type { Check } from '../../src/project/model.ts';
import { runCheck } from '../../src/rollup/check.ts';
import { createLedgerDatabase } from '../support/ledger.ts';

let client: pg.Client;
beforeAll(async () => {
  client = await (await createLedgerDatabase()).connect();
});

const UTC = { timeZone: 'UTC' };

function check(sql: string, changes: Partial<Check> = {}): Check {
  return { name: 'c', description: '', of: [], sql, severity: 'error', timeoutSeconds: 30, ...changes };
}

describe('a check', () => {
  it('passes when it finds nothing', async () => {
    expect(await runCheck(client, check('SELECT 1 WHERE false'), UTC)).toEqual({
      verdict: 'pass',
      findings: [],
      more: 0,
    });
  });

  it('fails or warns with what it found, as it was declared', async () => {
    const sql = `SELECT '2024-11' AS month, 3 AS difference`;
    const findings = [{ month: '2024-11', difference: 3 }];
    expect(await runCheck(client, check(sql), UTC)).toEqual({ verdict: 'fail', findings, more: 0 });
    expect(await runCheck(client, check(sql, { severity: 'warn' }), UTC)).toMatchObject({
      verdict: 'warn',
      findings,
    });
  });

  it('shows the first findings only, says how many there are, and may end in a comment', async () => {
    const found = await runCheck(client, check('SELECT n FROM generate_series(1, 100) n -- all'), UTC);
    expect(found.findings).toEqual(Array.from({ length: 20 }, (_, index) => ({ n: index + 1 })));
    expect(found.more).toBe(80);
    expect(await runCheck(client, check('SELECT n FROM generate_series(1, 20) n'), UTC)).toMatchObject({
      more: 0,
    });
    expect(await runCheck(client, check('SELECT n FROM generate_series(1, 30000) n'), UTC)).toMatchObject({
      more: 9981,
    });
  });

  it('tells dates as they are, and times in the time zone of the project, wherever it runs', async () => {
    await client.query(`SET TimeZone = 'America/New_York'; SET DateStyle = 'German'`);
    try {
      const sql = `SELECT date '2024-11-01' AS findings, timestamptz '2024-10-31 23:00Z' AS at, date '2024-11-02' = '2024-11-02' AS same`;
      expect((await runCheck(client, check(sql), { timeZone: 'Europe/Paris' })).findings).toEqual([
        { findings: '2024-11-01', at: '2024-11-01T00:00:00+01:00', same: true },
      ]);
    } finally {
      await client.query('RESET TimeZone; RESET DateStyle');
    }
  });

  it('of some days finds them behind any number of other days', async () => {
    const sql = `SELECT d::date AS day FROM generate_series(timestamp '2024-01-01', '2024-12-31', '1 day') d`;
    const days = ['2024-11-14', '2024-11-15'];
    const { findings, verdict } = await runCheck(client, check(sql), { ...UTC, days });
    expect(verdict).toBe('fail');
    // November begins with its first day: a finding of it may be about the month.
    expect(findings.slice(0, 3)).toEqual([
      { day: '2024-11-01' },
      { day: '2024-11-14' },
      { day: '2024-11-15' },
    ]);
    expect(findings).toHaveLength(20);
    expect(findings.slice(3).some((finding) => isAbout(finding, new Set(days)))).toBe(false);
  });

  it.each([
    [{ day: '2024-11-14' }, true],
    [{ day: '2024-11-13' }, false],
    [{ month: '2024-11' }, true],
    [{ month: '2024-01' }, false],
    [{ at: '2024-11-14T12:00:00' }, true],
    [{ at: '2024-11-01T00:00:00+01:00' }, true],
    [{ at: '2024-11-02T00:00:00' }, false],
    [{ said: '2024-11-13 was bad' }, true],
    [{ count: 20_241_113 }, true],
    [{ day: null }, true],
    [{ from: '2024-11-13', to: '2024-11-14' }, true],
    [{}, true],
  ])('the server and the reader agree on what is about a day: %j', async (finding, about) => {
    const days = ['2024-11-14'];
    expect(isAbout(finding, new Set(days))).toBe(about);
    const fields = Object.entries(finding).map(
      ([name, value]) =>
        `${typeof value === 'number' ? value : value === null ? 'NULL' : `'${value}'::text`} AS "${name}"`,
    );
    const other = Object.entries(finding).map(([, value]) =>
      typeof value === 'number' ? '7' : `'1999-01-02'`,
    );
    const sql = `SELECT ${[...other, `'1999-01-02' AS d`].join(', ')} FROM generate_series(1, 30)`;
    const wanted = `SELECT ${[...fields, 'NULL AS d'].join(', ')}`;
    const { findings } = await runCheck(
      client,
      check(`${wanted} WHERE false UNION ALL ${sql} UNION ALL ${wanted}`),
      {
        ...UTC,
        days,
      },
    );
    expect(findings.some((each) => each['d'] === null)).toBe(about);
  });

  it('that cannot be made is unknown, not failed, and says why', async () => {
    expect(await runCheck(client, check('SELECT nothing FROM nowhere'), UTC)).toMatchObject({
      verdict: 'unknown',
      findings: [],
      error: { message: expect.stringContaining('nowhere'), facts: { check: 'c', sqlstate: '42P01' } },
    });
  });

  it('that takes longer than it may is unknown', async () => {
    const slow = check('SELECT pg_sleep(30)', { timeoutSeconds: 0.05 });
    expect(await runCheck(client, slow, UTC)).toMatchObject({
      verdict: 'unknown',
      error: { facts: { sqlstate: '57014' } },
    });
  });

  it('cannot write, and leaves the connection as it was', async () => {
    await client.query('CREATE TABLE public.kept (n int)');
    const writing = check('WITH gone AS (INSERT INTO public.kept VALUES (1) RETURNING 1) SELECT * FROM gone');
    expect(await runCheck(client, writing, UTC)).toMatchObject({ verdict: 'unknown' });
    await client.query('INSERT INTO public.kept VALUES (2)');
    expect((await client.query('SELECT n FROM public.kept')).rows).toEqual([{ n: 2 }]);
    expect((await client.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
  });
});
