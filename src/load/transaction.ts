import type { ClientBase } from 'pg';
import { literal } from '../ledger/sql.ts';
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
 * Makes what the dataset's values mean independent of the session, until the transaction ends: times without an offset
 * are in its time zone, dates are read as year, month, day. A role's statement timeout is for queries, not for loads
 * that take as long as their file is large; work_mem lets a delivery be sorted in memory.
 */
export async function setForDataset(client: ClientBase, dataset: Dataset): Promise<void> {
  await client.query(
    `SET LOCAL TimeZone = ${literal(dataset.timeZone)}; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'`,
  );
}
