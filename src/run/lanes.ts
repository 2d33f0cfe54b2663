import type pg from 'pg';
import type { Database } from '../ledger/connection.ts';
import { isConnectionLoss } from '../ledger/errors.ts';

/** The connections that steps work on, handed on from step to step; a publish borrows a second one. */
export class Lanes {
  private readonly idle: pg.Client[] = [];
  private readonly busy = new Set<pg.Client>();
  private readonly database: Database;
  private readonly signal: AbortSignal;

  /** @param signal once it is aborted, nothing new begins */
  constructor(database: Database, signal: AbortSignal) {
    this.database = database;
    this.signal = signal;
  }

  /** Gives `work` a connection of its own. A lost one is not handed on. Rejects with the signal's reason once it is aborted. */
  async use<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const client = this.idle.pop() ?? (await this.database.connect('lane'));
    this.busy.add(client);
    try {
      // It may have been aborted while the connection was made.
      this.signal.throwIfAborted();
      const result = await work(client);
      this.idle.push(client);
      return result;
    } catch (thrown) {
      if (await isUsable(client, thrown)) this.idle.push(client);
      else await client.end().catch(() => undefined);
      throw thrown;
    } finally {
      this.busy.delete(client);
    }
  }

  /** Backend ids of the connections at work, for pg_cancel_backend. */
  busyBackends(): number[] {
    return [...this.busy]
      .map((client) => (client as pg.Client & { processID?: number }).processID ?? 0)
      .filter((id) => id > 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((client) => client.end().catch(() => undefined)));
  }
}

async function isUsable(client: pg.Client, thrown: unknown): Promise<boolean> {
  if (isConnectionLoss(thrown)) return false;
  try {
    // Ends a transaction that the failed step may have left open, and frees the session's advisory locks.
    await client.query('ROLLBACK');
    await client.query('SELECT pg_advisory_unlock_all()');
    return true;
  } catch {
    return false;
  }
}
