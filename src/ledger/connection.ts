import pg from 'pg';
import type { DatabaseSettings } from './database-settings.ts';
import { databaseError } from './errors.ts';
import { backendOf, noteBackend, refusesOptions, requireOwnSession } from './pooler.ts';
import { prepareSession } from './session.ts';

/** Opens connections to the target database, all alike: read-only where the context is, named for pg_stat_activity. */
export class Database {
  readonly settings: DatabaseSettings;
  private readonly readOnly: boolean;
  /** With sslmode=prefer: the server has said that it has no TLS. */
  private plain = false;
  /** A pooler in between refuses startup options: the same is set by a statement. */
  private bare = false;
  /** A pooler in between was asked whether it keeps one session for a connection. */
  private pooler: Promise<void> | undefined;

  constructor(settings: DatabaseSettings, readOnly: boolean) {
    this.settings = settings;
    this.readOnly = readOnly;
  }

  /** Connection settings for one purpose, shown as 'dayboard <purpose>' in pg_stat_activity. */
  private config(purpose: string): pg.ClientConfig {
    return {
      ...this.settings.config,
      ...(this.plain ? { ssl: false } : {}),
      application_name: `dayboard ${purpose}`.slice(0, 63),
      ...(this.readOnly && !this.bare ? { options: '-c default_transaction_read_only=on' } : {}),
    };
  }

  /** A connected client; a failure is a DayboardError 'database.…'. A later loss of the connection never throws. */
  async connect(purpose: string): Promise<pg.Client> {
    const { plain, bare } = this;
    try {
      return await this.open(purpose);
    } catch (thrown) {
      // What can be done without is done without from then on.
      if (!plain && this.settings.sslMode === 'prefer' && isTlsRefusal(thrown)) this.plain = true;
      else if (!bare && refusesOptions(thrown)) this.bare = true;
      else throw databaseError(thrown, { database: this.settings.display });
      return this.connect(purpose);
    }
  }

  /** Connections that readers share, at most `max`. */
  pool(max: number): pg.Pool {
    const config = (): pg.ClientConfig => this.config('read');
    const pool = new pg.Pool({
      ...config(),
      // Made anew for each: whether there is TLS may have become known since.
      Client: class extends pg.Client {
        constructor() {
          super(config());
        }
      },
      max,
      idleTimeoutMillis: 60_000,
      // The pool waits for it, which its types do not say.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client) => this.prepare(client as pg.Client, 'read'),
    });
    pool.on('error', () => undefined);
    // The pool hears only its idle clients: one that is lost while it is used must not end the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }

  private async open(purpose: string): Promise<pg.Client> {
    const client = await this.dial(purpose);
    try {
      await this.prepare(client, purpose);
    } catch (thrown) {
      // Not waited for: on a connection that ended while it was made, it may never answer.
      client.end().catch(() => undefined);
      throw thrown;
    }
    return client;
  }

  private async dial(purpose: string): Promise<pg.Client> {
    const client = new pg.Client(this.config(purpose));
    // Without a listener a lost idle connection would end the process; whoever queries next gets the error.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (thrown) {
      client.end().catch(() => undefined);
      throw thrown;
    }
    return client;
  }

  /** The server names its process when a connection is made; a pooler names none of the server's. */
  private async prepare(client: pg.Client, purpose: string): Promise<void> {
    const told = backendOf(client);
    const there = await prepareSession(client, purpose, this.readOnly, told);
    if (there === told) return;
    noteBackend(client, there);
    this.pooler ??= requireOwnSession(client, there, () => this.dial(purpose), this.settings.display);
    // Another time it may be one that does.
    this.pooler.catch(() => (this.pooler = undefined));
    await this.pooler;
    await prepareSession(client, purpose, this.readOnly, undefined);
  }
}

function isTlsRefusal(thrown: unknown): boolean {
  return thrown instanceof Error && /does not support SSL/.test(thrown.message);
}
