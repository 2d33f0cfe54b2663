import type { ClientBase } from 'pg';
import { databaseError } from '../ledger/errors.ts';
import { setForDataset } from '../ledger/transaction.ts';
import { monthsOf, MOST_COUNTED, NAMES_DAY } from '../plan/finding.ts';
import type { ErrorValue } from '../project/errors.ts';
import type { Check, Day } from '../project/model.ts';

export interface CheckResult {
  /** 'unknown' when the check itself could not be made. */
  verdict: 'pass' | 'warn' | 'fail' | 'unknown';
  /** The first rows that the check returned, as JSON has them: dates are '2024-11-14'. */
  findings: Array<Record<string, unknown>>;
  /** How many there are beyond those that `findings` holds, counted up to MOST_COUNTED in all. */
  more: number;
  error?: ErrorValue;
}

export interface CheckOptions {
  /** The project's: what its days, and times with an offset, are told in. */
  timeZone: string;
  /** Days that somebody asks about: findings about them come first, so that none of them is lost among others. */
  days?: readonly Day[] | undefined;
}

/** More findings than this tell nothing more. */
const MOST_FINDINGS = 20;

/**
 * Runs a check in a read-only transaction with its own time limit: each row that it returns is a finding. The verdict
 * is that of everything it found, whatever days are asked about.
 */
export async function runCheck(
  client: ClientBase,
  check: Check,
  { timeZone, days }: CheckOptions,
): Promise<CheckResult> {
  await client.query('BEGIN READ ONLY');
  try {
    await setForDataset(client, { timeZone });
    await client.query(`SET LOCAL statement_timeout = ${Math.round(check.timeoutSeconds * 1000)}`);
    const found = await client.query<{ finding: Record<string, unknown>; total: number }>(
      `WITH counted AS MATERIALIZED (
         SELECT finding FROM (SELECT to_jsonb(findings.*) AS finding, row_number() OVER () AS place FROM (${check.sql}\n) AS findings) AS found
         ${days === undefined ? '' : ABOUT_FIRST} LIMIT ${MOST_COUNTED + 1})
       SELECT finding, (SELECT count(*)::int FROM counted) AS total FROM counted LIMIT ${MOST_FINDINGS}`,
      days === undefined ? [] : [NAMES_DAY, days, monthsOf(days)],
    );
    if (found.rows.length === 0) return { verdict: 'pass', findings: [], more: 0 };
    return {
      verdict: check.severity === 'error' ? 'fail' : 'warn',
      findings: found.rows.map((row) => row.finding),
      more: (found.rows[0]?.total ?? 0) - found.rows.length,
    };
  } catch (thrown) {
    const error = databaseError(thrown, { check: check.name }).toJSON();
    return { verdict: 'unknown', findings: [], more: 0, error };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

/** `isAbout` of src/plan/finding.ts in SQL: what is about the days $2, in the months $3, before what is not; else as the check has them. */
const ABOUT_FIRST = `
  ORDER BY coalesce((
    SELECT bool_or(left(value, 10) = ANY ($2::text[])
                   OR ((length(value) = 7 OR substr(value, 8, 3) = '-01') AND left(value, 7) = ANY ($3::text[])))
      FROM jsonb_each(finding) AS e (name, told), LATERAL (SELECT told #>> '{}') AS v (value)
     WHERE jsonb_typeof(told) = 'string' AND value ~ $1), true) DESC, place`;
