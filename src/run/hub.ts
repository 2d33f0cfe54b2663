import type pg from 'pg';
import type { Database } from '../ledger/connection.ts';
import { notified } from '../ledger/notified.ts';
import { CHANNEL } from '../ledger/runs.ts';
import { toDayboardError } from '../project/errors.ts';
import type { LedgerChange } from './workspace.ts';

/** Seconds between tries to come back after the connection was lost; the last one is kept to. */
const RETRY_SECONDS = [1, 2, 5, 10, 30] as const;

/** Without a notification the ledger is looked at again after this long: a NOTIFY can be lost with its connection. */
const POLL_MILLISECONDS = 5_000;

/** Listens to the ledger's NOTIFY on one connection for all who watch; reconnects with back-off. */
export class LedgerHub {
  private readonly listeners = new Set<(change: LedgerChange) => void>();
  private readonly database: Database;
  private readonly project: string;
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private poll: NodeJS.Timeout | undefined;
  private failures = 0;
  private closed = false;
  private opening = false;

  constructor(database: Database, project: string) {
    this.database = database;
    this.project = project;
  }

  watch(listener: (change: LedgerChange) => void): () => void {
    this.listeners.add(listener);
    if (this.client === undefined && this.timer === undefined) void this.open();
    this.poll ??= setInterval(() => this.tell({ kind: 'changed' }), POLL_MILLISECONDS).unref();
    return () => this.listeners.delete(listener);
  }

  private async open(): Promise<void> {
    if (this.closed || this.opening) return;
    this.opening = true;
    this.timer = undefined;
    try {
      const client = await this.database.connect('watch');
      client.on('notification', (message) => this.hear(message.payload));
      client.on('end', () => this.lose(new Error('The connection to PostgreSQL was lost.')));
      await client.query(`LISTEN ${CHANNEL}`);
      this.client = client;
      if (this.failures > 0) this.tell({ kind: 'back' });
      this.failures = 0;
      if (this.closed) await this.close();
    } catch (thrown) {
      this.lose(thrown);
    } finally {
      this.opening = false;
    }
  }

  private lose(thrown: unknown): void {
    this.client = undefined;
    if (this.closed || this.timer !== undefined) return;
    const retryInSeconds = RETRY_SECONDS[Math.min(this.failures, RETRY_SECONDS.length - 1)] as number;
    this.failures += 1;
    this.tell({ kind: 'lost', error: toDayboardError(thrown).toJSON(), retryInSeconds });
    this.timer = setTimeout(() => void this.open(), retryInSeconds * 1000);
    this.timer.unref();
  }

  private hear(text: string | undefined): void {
    const payload = notified(text);
    if (payload?.project !== this.project) return;
    const { run, event } = payload;
    const changed: LedgerChange = { kind: 'changed', ...(run === undefined ? {} : { run }) };
    try {
      this.tell(event === undefined ? changed : { kind: 'event', event });
    } catch (thrown) {
      if (event === undefined) throw thrown;
      // Another version's, or forged: the ledger has what is true.
      this.tell(changed);
    }
  }

  private tell(change: LedgerChange): void {
    for (const listener of this.listeners) listener(change);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.poll);
    const client = this.client;
    this.client = undefined;
    client?.removeAllListeners('end');
    await client?.end().catch(() => undefined);
  }
}
