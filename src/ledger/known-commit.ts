import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { DayboardError } from '../project/errors.ts';
import { isConnectionLoss } from './errors.ts';
import { inTransaction } from './transaction.ts';

/** Lends a new connection for one piece of work, when another was lost. */
export type Afresh = <T>(work: (client: ClientBase) => Promise<T>) => Promise<T>;

/**
 * For how long the outcome of a commit is asked for, and the pause between two questions, in milliseconds. A server
 * finds out after a minute that nobody is at the other end (src/ledger/session.ts), and rolls back what was not committed.
 */
const PATIENCE = 90_000;
const PAUSE = 250;

/**
 * Like inTransaction, but when the connection is lost while it commits, whether it did is asked on another, and not
 * guessed: committed is done, and rolled back is the loss.
 *
 * @param begin runs first in the transaction and gives its id
 * Errors: 'database.outcome-unknown' when nobody can be asked.
 */
export async function inKnownTransaction<T>(
  client: ClientBase,
  afresh: Afresh | undefined,
  begin: () => Promise<string>,
  work: () => Promise<T>,
): Promise<T> {
  let sent: { id: string; result: T } | undefined;
  try {
    return await inTransaction(client, async () => {
      const id = await begin();
      const result = await work();
      sent = { id, result };
      return result;
    });
  } catch (thrown) {
    if (sent === undefined || afresh === undefined || !isConnectionLoss(thrown)) throw thrown;
    if (await isCommitted(afresh, sent.id, thrown)) return sent.result;
    throw thrown;
  }
}

async function isCommitted(afresh: Afresh, id: string, lost: unknown): Promise<boolean> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    // The server may not be back yet, or not know yet that nobody is at the other end.
    const status = await afresh(async (client) => {
      const found = await client.query<{ status: string | null }>(
        'SELECT pg_xact_status($1::text::xid8) AS status',
        [id],
      );
      return found.rows[0]?.status;
    }).catch(() => undefined);
    if (status === 'committed') return true;
    if (status === 'aborted') return false;
    if (performance.now() > end) throw unknown(id, lost);
    await delay(PAUSE);
  }
}

function unknown(id: string, cause: unknown): DayboardError {
  return new DayboardError({
    code: 'database.outcome-unknown',
    message: `The connection to PostgreSQL was lost while transaction ${id} was committed, and nobody could be asked whether it was. All of it was done, or nothing.`,
    facts: { transaction: id },
    next: 'Run it again when the server is back: what was published is found in the ledger, and is not published twice.',
    cause,
  });
}
