import type pg from 'pg';
import type { Database } from '../ledger/connection.ts';
import { backendOf } from '../ledger/pooler.ts';

/** Time between two tries: a statement may begin just after the server was told. */
const AGAIN_MILLISECONDS = 1_000;

/**
 * Cancels at the server what a connection is at, from the moment that the signal aborts until the returned function is
 * called.
 */
export function cancelWhenAborted(
  database: Pick<Database, 'connect'>,
  client: pg.Client,
  signal: AbortSignal | undefined,
): () => void {
  let again: NodeJS.Timeout | undefined;
  const cancel = async (): Promise<void> => {
    const other = await database.connect('cancel');
    await other.query('SELECT pg_cancel_backend($1)', [backendOf(client)]).catch(() => undefined);
    await other.end().catch(() => undefined);
  };
  const begin = (): void => {
    const once = () => void cancel().catch(() => undefined);
    once();
    again = setInterval(once, AGAIN_MILLISECONDS).unref();
  };
  if (signal?.aborted === true) begin();
  else signal?.addEventListener('abort', begin, { once: true });
  return () => {
    signal?.removeEventListener('abort', begin);
    clearInterval(again);
  };
}
