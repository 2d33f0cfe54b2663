import type { ClientBase } from 'pg';
import { databaseError } from '../ledger/errors.ts';
import type { ErrorValue } from '../project/errors.ts';
import type { Check } from '../project/model.ts';

export interface CheckResult {
  /** 'unknown' when the check itself could not be made. */
  verdict: 'pass' | 'warn' | 'fail' | 'unknown';
  /** The first rows that the check returned. */
  findings: Array<Record<string, unknown>>;
  error?: ErrorValue;
}

/** More findings than this tell nothing more. */
const MOST_FINDINGS = 20;

/** Runs a check in a read-only transaction with its own time limit: each row that it returns is a finding. */
export async function runCheck(client: ClientBase, check: Check): Promise<CheckResult> {
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`SET LOCAL statement_timeout = ${Math.round(check.timeoutSeconds * 1000)}`);
    const found = await client.query<Record<string, unknown>>(
      `SELECT * FROM (${check.sql}\n) AS findings LIMIT ${MOST_FINDINGS}`,
    );
    if (found.rows.length === 0) return { verdict: 'pass', findings: [] };
    return { verdict: check.severity === 'error' ? 'fail' : 'warn', findings: found.rows };
  } catch (thrown) {
    return { verdict: 'unknown', findings: [], error: databaseError(thrown, { check: check.name }).toJSON() };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}
