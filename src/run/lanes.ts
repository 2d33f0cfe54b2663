import type pg from 'pg';
import type { Database } from '../ledger/connection.ts';
import { isConnectionLoss } from '../ledger/errors.ts';
import { backendOf } from '../ledger/pooler.ts';
import { sever } from '../ledger/sever.ts';

/** So many connections beyond one for each step are lent to the publishes of a run, to work on several rollups at once. */
const MOST_LENT = 3;

/** The connections that steps work on, handed on from step to step; publishes borrow a few more. */
export class Lanes {
  private readonly idle: pg.Client[] = [];
  private readonly busy = new Set<pg.Client>();
  private readonly lost = new WeakSet<pg.Client>();
  private lent = 0;
  private isClosed = false;
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
    return this.give(this.rested() ?? (await this.made()), work);
  }

  /**
   * Gives `work` a further connection where there is one to be had: at most three at once in the run, and none when the
   * server has none left. Otherwise it is not begun: whoever asked does it on the connection it has.
   */
  async lend(work: (client: pg.Client) => Promise<void>): Promise<void> {
    if (this.lent >= MOST_LENT || this.signal.aborted) return;
    this.lent += 1;
    try {
      const client = this.rested() ?? (await this.made().catch(() => undefined));
      if (client !== undefined) await this.give(client, work);
    } finally {
      this.lent -= 1;
    }
  }

  /** Gives `work` a new connection, which ends with it: those that are there may be lost, too, and not know it yet. */
  async afresh<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.database.connect('lane');
    try {
      return await work(client);
    } finally {
      client.end().catch(() => undefined);
    }
  }

  /** A connection that rests, if one does that is not lost. */
  private rested(): pg.Client | undefined {
    let client = this.idle.pop();
    while (client !== undefined && this.lost.has(client)) client = this.idle.pop();
    return client;
  }

  private async made(): Promise<pg.Client> {
    const client = await this.database.connect('lane');
    client.once('end', () => this.lost.add(client));
    return client;
  }

  private async give<T>(client: pg.Client, work: (client: pg.Client) => Promise<T>): Promise<T> {
    this.busy.add(client);
    try {
      // It may have been aborted while the connection was made.
      this.signal.throwIfAborted();
      const result = await work(client);
      await this.handBack(client);
      return result;
    } catch (thrown) {
      if (await isUsable(client, thrown)) await this.handBack(client);
      else await client.end().catch(() => undefined);
      throw thrown;
    } finally {
      this.busy.delete(client);
    }
  }

  private async handBack(client: pg.Client): Promise<void> {
    if (this.lost.has(client)) return;
    if (this.isClosed) await client.end().catch(() => undefined);
    else this.idle.push(client);
  }

  /** Backend ids of the connections at work, for pg_cancel_backend. */
  busyBackends(): number[] {
    return [...this.busy].map(backendOf).filter((id) => id > 0);
  }

  /** Ends the connections at work at once: their statements fail, whatever the server does. */
  sever(): void {
    for (const client of this.busy) sever(client);
  }

  /** Ends the connections; one that is still being made ends by itself. */
  async close(): Promise<void> {
    this.isClosed = true;
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
