import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import pg from 'pg';
import { parse } from 'pg-connection-string';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import { databaseError, errorCode } from './errors.ts';
import { backendOf, noteBackend, refusesOptions, requireOwnSession } from './pooler.ts';
import { prepareSession } from './session.ts';

export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** Where the database is and how it is reached. `config` holds the password; `display` never does. */
export interface DatabaseSettings {
  config: pg.ClientConfig;
  /** 'user@host:port/database'. */
  display: string;
  sslMode: SslMode;
  /** True when nobody named an sslmode and it was chosen by the host. */
  sslModeDefaulted: boolean;
  /** The file with the certificates that the server's is verified with, when one is named. */
  sslRootCert?: string;
}

/** A rest on a connection after which its other end is asked for: the system's own is two hours. */
const KEEPALIVE_MILLISECONDS = 30_000;

/**
 * The target database from DATABASE_URL, else from the libpq variables and service file (passwords also from .pgpass,
 * which pg reads itself). An sslmode in the URL or PGSSLMODE means what libpq says it means; without one, a server on
 * another host must show a verified certificate. `variable` names another than DATABASE_URL; its URL is all there is
 * then: a second database never takes the first one's host, user or password.
 */
export function databaseSettings(env: Environment, variable = 'DATABASE_URL'): DatabaseSettings {
  const url = env[variable];
  const given = url ? fromUrl(url, variable) : fromVariables(env, variable);
  const host = given.host ?? 'localhost';
  const isOnly = variable === 'DATABASE_URL';
  const user = given.user ?? (isOnly ? env['PGUSER'] : undefined) ?? env['USER'] ?? 'postgres';
  const database = given.database ?? user;
  const port = Number(given.port ?? 5432);
  const named = given.sslmode ?? env['PGSSLMODE'];
  const ca = given.sslrootcert ?? env['PGSSLROOTCERT'];
  const sslMode = chooseSslMode(named, host, ca);
  return {
    config: {
      host,
      port,
      user,
      database,
      ...passwordOf(given, isOnly),
      ssl: tls(sslMode, host, ca),
      connectionTimeoutMillis: Number(env['PGCONNECT_TIMEOUT'] ?? 10) * 1000,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_MILLISECONDS,
    },
    display: `${user}@${host}:${port}/${database}`,
    sslMode,
    sslModeDefaulted: named === undefined,
    ...(ca === undefined ? {} : { sslRootCert: ca }),
  };
}

/** The same settings as libpq's variables, for its programs. They hold the password: for a child's environment alone. */
export function libpqVariables({ config, sslMode, sslRootCert }: DatabaseSettings): Record<string, string> {
  return {
    PGHOST: config.host ?? '',
    PGPORT: String(config.port ?? 5432),
    PGUSER: config.user ?? '',
    PGDATABASE: config.database ?? '',
    PGSSLMODE: sslMode,
    PGAPPNAME: 'dayboard copy',
    ...(typeof config.password === 'string' ? { PGPASSWORD: config.password } : {}),
    ...(sslRootCert === undefined ? {} : { PGSSLROOTCERT: sslRootCert }),
  };
}

/** pg asks PGPASSWORD and .pgpass when there is none: those of the first database are not for a second one's server. */
function passwordOf({ password }: Given, isOnly: boolean): Pick<pg.ClientConfig, 'password'> {
  if (password !== undefined) return { password };
  return isOnly ? {} : { password: () => '' };
}

interface Given {
  host?: string | undefined;
  port?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
  database?: string | undefined;
  sslmode?: string | undefined;
  sslrootcert?: string | undefined;
}

function fromUrl(url: string, variable: string): Given {
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new Error('not a postgres URL');
    const query = new URL(url).searchParams;
    const bare = new URL(url);
    bare.search = '';
    const parsed = parse(bare.toString());
    return {
      host: parsed.host || query.get('host') || undefined,
      port: parsed.port ?? undefined,
      user: parsed.user,
      password: parsed.password,
      database: parsed.database ?? undefined,
      sslmode: query.get('sslmode') ?? undefined,
      sslrootcert: query.get('sslrootcert') ?? undefined,
    };
  } catch {
    // The URL may hold a password: neither it nor the parser's message is shown.
    throw new DayboardError({
      code: 'config.database-url',
      kind: 'usage',
      message: `${variable} is not a PostgreSQL URL.`,
      next: 'Write it as postgres://user:password@host:5432/database, with special characters percent-encoded.',
    });
  }
}

function fromVariables(env: Environment, variable: string): Given {
  if (variable !== 'DATABASE_URL') {
    throw new DayboardError({
      code: 'config.database-missing',
      kind: 'usage',
      message: `${variable} is not set: the definition has the URL of a database there.`,
      facts: { variable },
      next: `Set ${variable} to postgres://user:password@host:5432/database.`,
    });
  }
  const service = env['PGSERVICE'] ? readService(env['PGSERVICE'], env) : {};
  if (!env['PGHOST'] && !env['PGSERVICE'] && !env['PGDATABASE']) {
    throw new DayboardError({
      code: 'config.database-missing',
      kind: 'usage',
      message: 'No database is named.',
      next: 'Set DATABASE_URL (or PGHOST, PGUSER, PGDATABASE), or try `dayboard demo`, which brings its own.',
    });
  }
  return {
    host: env['PGHOST'] ?? service['host'],
    port: env['PGPORT'] ?? service['port'],
    user: env['PGUSER'] ?? service['user'],
    password: env['PGPASSWORD'] ?? service['password'],
    database: env['PGDATABASE'] ?? service['dbname'],
    sslmode: env['PGSSLMODE'] ?? service['sslmode'],
    sslrootcert: env['PGSSLROOTCERT'] ?? service['sslrootcert'],
  };
}

function readService(name: string, env: Environment): Record<string, string> {
  const file = env['PGSERVICEFILE'] ?? join(env['HOME'] ?? '/', '.pg_service.conf');
  const found: Record<string, string> = {};
  let inside = false;
  let seen = false;
  for (const line of readLines(file)) {
    const section = /^\[(.+)\]$/.exec(line);
    if (section) inside = section[1] === name;
    seen ||= inside;
    const pair = /^([a-z_]+)\s*=\s*(.*)$/.exec(line);
    if (inside && pair) found[pair[1] as string] = pair[2] as string;
  }
  if (!seen) {
    throw new DayboardError({
      code: 'config.database-service',
      kind: 'usage',
      message: `There is no service "${name}" in ${file}.`,
      facts: { service: name, file },
      next: 'Add it to the service file, or set DATABASE_URL.',
    });
  }
  return found;
}

function readLines(file: string): string[] {
  try {
    statSync(file);
    return readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .map((line) => line.trim());
  } catch {
    return [];
  }
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1' || host.startsWith('/');
}

/** libpq: anybody can have a certificate of an authority that every system knows, so with those the name must fit. */
function chooseSslMode(named: string | undefined, host: string, ca: string | undefined): SslMode {
  if (named === undefined) return isLocal(host) && ca !== 'system' ? 'disable' : 'verify-full';
  const mode = readSslMode(named);
  if (ca !== 'system' || mode === 'verify-full') return mode;
  throw new DayboardError({
    code: 'config.sslmode',
    kind: 'usage',
    message: `sslmode "${mode}" verifies no host name, which sslrootcert=system needs.`,
    facts: { sslmode: mode },
    next: 'Use sslmode=verify-full, or leave it out.',
  });
}

function readSslMode(mode: string): SslMode {
  if (mode === 'allow') return 'prefer';
  if (['disable', 'prefer', 'require', 'verify-ca', 'verify-full'].includes(mode)) return mode as SslMode;
  throw new DayboardError({
    code: 'config.sslmode',
    kind: 'usage',
    message: `sslmode "${mode}" is unknown.`,
    facts: { sslmode: mode },
    next: 'Use disable, prefer, require, verify-ca or verify-full.',
  });
}

function tls(mode: SslMode, host: string, caFile: string | undefined): pg.ClientConfig['ssl'] {
  if (mode === 'disable' || host.startsWith('/')) return false;
  const ca = caFile === undefined ? {} : { ca: readAuthorities(caFile) };
  if (mode === 'verify-full') return { ...ca, rejectUnauthorized: true };
  if (mode === 'verify-ca') return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  // libpq: `require` verifies the chain when a root certificate is given, else it only encrypts.
  return caFile !== undefined && mode === 'require'
    ? { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    : { rejectUnauthorized: false };
}

/** Certificates of authorities from a file; 'system', as in libpq, means those of the operating system. */
function readAuthorities(file: string): string | string[] {
  if (file === 'system') return getCACertificates('system');
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new DayboardError({
      code: 'config.sslrootcert',
      kind: 'usage',
      message: `The file of sslrootcert cannot be read: ${file} (${errorCode(cause) ?? 'unknown reason'}).`,
      facts: { sslrootcert: file },
      next: "Name a file with the certificate of the authority that signed the server's, or sslrootcert=system.",
      cause,
    });
  }
}

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
