import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { databaseError, errorCode } from './errors.ts';
import { literal } from './sql.ts';
import type { Dataset } from '../project/model.ts';

/** Runs `work` in a transaction: committed when it resolves, rolled back when it rejects. */
export async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    // A lost connection rolls back by itself; the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

/**
 * Makes what the values of a dataset or rollup mean independent of the session, until the transaction ends: times without an offset
 * are in its time zone, dates are read as year, month, day. A role's statement timeout is for queries, not for loads
 * that take as long as their file is large; work_mem lets a delivery be sorted in memory.
 */
export async function setForDataset(
  client: ClientBase,
  { timeZone }: Pick<Dataset, 'timeZone'>,
): Promise<void> {
  await client.query(
    `SET LOCAL TimeZone = ${literal(timeZone)}; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'`,
  );
}

/** How long a change waits for somebody else's lock before it makes way for readers and tries again. */
const LOCK_TIMEOUT_MILLISECONDS = 3_000;
const TRIES = 5;

/** Limits how long the transaction waits for a lock: whoever waits for one keeps every later reader waiting too. */
export async function setLockTimeout(client: ClientBase): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS}`);
}

/**
 * Tries again after lock timeouts, deadlocks and serialization failures, a little later each time. `work` must leave
 * nothing behind when it fails. Every other failure, and the last, is a DayboardError 'database.…'.
 */
export async function withRetries<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (attempt === TRIES || !['55P03', '40P01', '40001'].includes(errorCode(thrown) ?? ''))
        throw databaseError(thrown);
      const options = signal === undefined ? {} : { signal };
      await delay(2 ** attempt * 100 * (0.5 + Math.random()), undefined, options);
    }
  }
}
