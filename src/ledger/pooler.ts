import type { Client } from 'pg';
import { DayboardError } from '../project/errors.ts';
import { errorCode } from './errors.ts';

/** How long a question may take while another connection has a transaction open, in milliseconds. */
const PATIENCE_MILLISECONDS = 3_000;

/**
 * Refuses a pooler that hands each transaction (or statement) to another session of the server: locks, settings and
 * notifications live in a session. A pooler that keeps one session for a connection is as good as the server.
 *
 * While one connection has a transaction open, the other's next one goes to another process if processes are shared:
 * both of the pool's orders, the last one back first and round robin, then show it. Nothing is set and nothing locked.
 *
 * Errors: 'database.pooler'.
 *
 * @param process of the server, that answered `client` just now
 */
export async function requireOwnSession(
  client: Client,
  process: number,
  open: () => Promise<Client>,
  display: string,
): Promise<void> {
  const other = await open();
  try {
    await other.query('BEGIN');
    const there = await processOf(other);
    const here = await processOf(client);
    if (there === process || here !== process) throw sharedSession(display);
  } catch (thrown) {
    // Pools of statements refuse the transaction; a pool of one process has none left for the question.
    throw errorCode(thrown) === '08P01' || thrown instanceof Unanswered ? sharedSession(display) : thrown;
  } finally {
    await other.end().catch(() => undefined);
  }
}

class Unanswered extends Error {}

async function processOf(client: Client): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unanswered()), PATIENCE_MILLISECONDS);
  });
  try {
    const asked = client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    asked.catch(() => undefined);
    return (await Promise.race([asked, late])).rows[0]?.pid ?? 0;
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
