import type { Client } from 'pg';
import { DayboardError } from '../project/errors.ts';
import { errorCode } from './errors.ts';

/** How long a question may take while another connection has a transaction open, in milliseconds. */
const PATIENCE_MILLISECONDS = 3_000;

/** So often is asked, for clients of others that take and give back in between. */
const ROUNDS = 3;

/**
 * Refuses a pooler that hands each transaction (or statement) to another session of the server: locks, settings and
 * notifications live in a session. A pooler that keeps one session for a connection is as good as the server.
 *
 * Another connection takes a session for a transaction and gives it back. A pool that hands out the last one back first
 * gives it this connection's, or this connection that one afterwards, whatever else it has; one that goes round gives
 * this connection another each time. Nothing is set and nothing locked.
 *
 * Errors: 'database.pooler', and 'database.pooler-full' when the pool has no second session to give.
 *
 * @param process of the server, that answered `client` just now
 */
export async function requireOwnSession(
  client: Client,
  process: number,
  open: () => Promise<Client>,
  display: string,
): Promise<void> {
  const same = async (): Promise<boolean> => (await processOf(client)) === process;
  const other = await open();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (!(await same())) throw sharedSession(display);
      if ((await answered(other.query('BEGIN'))) === undefined) throw poolFull(display);
      if ((await processOf(other)) === process || !(await same())) throw sharedSession(display);
      await answered(other.query('COMMIT'));
      if (!(await same())) throw sharedSession(display);
    }
  } catch (thrown) {
    // Pools of statements refuse the transaction.
    throw errorCode(thrown) === '08P01' ? sharedSession(display) : thrown;
  } finally {
    // Not waited for: who waits in the queue of a pool may never get its turn.
    other.end().catch(() => undefined);
  }
}

/** The server's process; undefined when a pool of one process has none left for the question. */
async function processOf(client: Client): Promise<number | undefined> {
  const found = await answered(client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'));
  return found?.rows[0]?.pid;
}

/** What was asked, or undefined when nobody answers in time. */
async function answered<T>(asked: Promise<T>): Promise<T | undefined> {
  asked.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MILLISECONDS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

function sharedSession(display: string): DayboardError {
  return new DayboardError({
    code: 'database.pooler',
    kind: 'usage',
    message: `${display} is a connection pooler that gives each transaction to another session of the server (as PgBouncer does with pool_mode = transaction or statement). Locks, settings and notifications of dayboard live in a session, and would be lost or be another's.`,
    facts: { database: display },
    next: 'Name the PostgreSQL server itself, or a pool with pool_mode = session. Nothing was read or changed.',
  });
}

function poolFull(display: string): DayboardError {
  return new DayboardError({
    code: 'database.pooler-full',
    message: `${display} is a connection pooler, and it has no second session of the server to give: all of its pool are in use.`,
    facts: { database: display },
    next: 'Name the PostgreSQL server itself, or raise the size of the pool (default_pool_size): a run takes about six more than its --concurrency. Nothing was read or changed.',
  });
}

/** A pooler's word for startup options that it does not pass on (PgBouncer, SQLSTATE 08P01). */
export function refusesOptions(thrown: unknown): boolean {
  return errorCode(thrown) === '08P01' && thrown instanceof Error && /startup parameter/.test(thrown.message);
}

/** Processes of connections through a pooler, which names others than the server does. */
const BEHIND = new WeakMap<Client, number>();

export function noteBackend(client: Client, backend: number): void {
  BEHIND.set(client, backend);
}

/** The server's process at the other end of a connection, for pg_cancel_backend; 0 while there is none. */
export function backendOf(client: Client): number {
  return BEHIND.get(client) ?? (client as Client & { processID?: number | null }).processID ?? 0;
}
