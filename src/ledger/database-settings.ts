import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import type pg from 'pg';
import { parse } from 'pg-connection-string';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import { errorCode } from './errors.ts';

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
  /** The files of the certificate that is shown to the server, and of its key. */
  sslCert?: string;
  sslKey?: string;
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
  const own = ownCertificate(given, isOnly ? env : {});
  const sslMode = chooseSslMode(named, host, ca);
  return {
    config: {
      host,
      port,
      user,
      database,
      ...passwordOf(given, isOnly),
      ssl: tls(sslMode, host, ca, own),
      connectionTimeoutMillis: Number(given.connect_timeout ?? env['PGCONNECT_TIMEOUT'] ?? 10) * 1000,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_MILLISECONDS,
    },
    display: `${user}@${host}:${port}/${database}`,
    sslMode,
    sslModeDefaulted: named === undefined,
    ...(ca === undefined ? {} : { sslRootCert: ca }),
    ...(own === undefined ? {} : { sslCert: own.cert, sslKey: own.key }),
  };
}

/** The same settings as libpq's variables, for its programs. They hold the password: for a child's environment alone. */
export function libpqVariables(settings: DatabaseSettings): Record<string, string> {
  const { config, sslMode, sslRootCert, sslCert, sslKey } = settings;
  return {
    PGHOST: config.host ?? '',
    PGPORT: String(config.port ?? 5432),
    PGUSER: config.user ?? '',
    PGDATABASE: config.database ?? '',
    PGSSLMODE: sslMode,
    PGAPPNAME: 'dayboard copy',
    ...(typeof config.password === 'string' ? { PGPASSWORD: config.password } : {}),
    ...(sslRootCert === undefined ? {} : { PGSSLROOTCERT: sslRootCert }),
    ...(sslCert === undefined || sslKey === undefined ? {} : { PGSSLCERT: sslCert, PGSSLKEY: sslKey }),
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
  sslcert?: string | undefined;
  sslkey?: string | undefined;
  connect_timeout?: string | undefined;
}

/** Parameters of a URL that mean something here. */
const KNOWN = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout'] as const;

/** Those of libpq and of other drivers that change nothing that dayboard relies on. */
const HARMLESS: ReadonlySet<string> = new Set([
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'gssencmode',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'sslcompression',
  'sslnegotiation',
]);

function fromUrl(url: string, variable: string): Given {
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new Error('not a postgres URL');
    const query = new URL(url).searchParams;
    requireKnown(query, variable);
    const bare = new URL(url);
    bare.search = '';
    const parsed = parse(bare.toString());
    return {
      host: parsed.host || query.get('host') || undefined,
      port: parsed.port ?? undefined,
      user: parsed.user,
      password: parsed.password,
      database: parsed.database ?? undefined,
      ...Object.fromEntries(KNOWN.slice(1).map((name) => [name, query.get(name) ?? undefined])),
    };
  } catch (thrown) {
    if (thrown instanceof DayboardError) throw thrown;
    // The URL may hold a password: neither it nor the parser's message is shown.
    throw new DayboardError({
      code: 'config.database-url',
      kind: 'usage',
      message: `${variable} is not a PostgreSQL URL.`,
      next: 'Write it as postgres://user:password@host:5432/database, with special characters percent-encoded.',
    });
  }
}

/** What is not obeyed must not look as if it was: libpq refuses parameters that it does not know, too. */
function requireKnown(query: URLSearchParams, variable: string): void {
  for (const name of query.keys()) {
    if ((KNOWN as readonly string[]).includes(name) || HARMLESS.has(name)) continue;
    throw new DayboardError({
      code: 'config.database-url',
      kind: 'usage',
      message: `${variable} has the parameter "${name}", which dayboard does not know and would not obey.`,
      facts: { variable, parameter: name },
      next: `Take it out. Known are ${KNOWN.join(', ')}; what else a session needs is set for the role or the database (ALTER ROLE … SET).`,
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
    sslcert: env['PGSSLCERT'] ?? service['sslcert'],
    sslkey: env['PGSSLKEY'] ?? service['sslkey'],
    connect_timeout: env['PGCONNECT_TIMEOUT'] ?? service['connect_timeout'],
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

interface OwnCertificate {
  /** Files. */
  cert: string;
  key: string;
}

/** The certificate that is shown to the server: never one without its key. */
function ownCertificate(given: Given, env: Environment): OwnCertificate | undefined {
  const cert = given.sslcert ?? env['PGSSLCERT'];
  const key = given.sslkey ?? env['PGSSLKEY'];
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  const [named, lacking] = cert === undefined ? ['sslkey', 'sslcert'] : ['sslcert', 'sslkey'];
  throw new DayboardError({
    code: 'config.sslcert',
    kind: 'usage',
    message: `${named} is given and ${lacking} is not.`,
    next: 'Name the files of both, the certificate and its key, or neither.',
  });
}

function tls(
  mode: SslMode,
  host: string,
  caFile: string | undefined,
  own: OwnCertificate | undefined,
): pg.ClientConfig['ssl'] {
  if (mode === 'disable' || host.startsWith('/')) return false;
  const files = {
    ...(caFile === undefined ? {} : { ca: readAuthorities(caFile) }),
    ...(own === undefined ? {} : { cert: readPem('sslcert', own.cert), key: readKey(own.key) }),
  };
  if (mode === 'verify-full') return { ...files, rejectUnauthorized: true };
  if (mode === 'verify-ca')
    return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  // libpq: `require` verifies the chain when a root certificate is given, else it only encrypts.
  return caFile !== undefined && mode === 'require'
    ? { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    : { ...files, rejectUnauthorized: false };
}

/** libpq's rule: a key that others of this machine can read is nobody's. Root's may be read by its group. */
function readKey(file: string): string {
  const text = readPem('sslkey', file);
  const { mode, uid } = statSync(file);
  const allowed = uid === 0 ? 0o640 : 0o600;
  if ((mode & 0o777 & ~allowed) === 0) return text;
  throw new DayboardError({
    code: 'config.sslkey',
    kind: 'usage',
    message: `The key ${file} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
    facts: { sslkey: file },
    next: `chmod 600 ${file}. Nothing was sent to the server.`,
  });
}

/** Certificates of authorities from a file; 'system', as in libpq, means those of the operating system. */
function readAuthorities(file: string): string | string[] {
  return file === 'system' ? getCACertificates('system') : readPem('sslrootcert', file);
}

const PEM_ADVICE = {
  sslrootcert:
    "Name a file with the certificate of the authority that signed the server's, or sslrootcert=system.",
  sslcert: 'Name the file of the certificate that the server knows this user by.',
  sslkey: 'Name the file of the key of the certificate.',
} as const;

function readPem(parameter: keyof typeof PEM_ADVICE, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new DayboardError({
      code: `config.${parameter}`,
      kind: 'usage',
      message: `The file of ${parameter} cannot be read: ${file} (${errorCode(cause) ?? 'unknown reason'}).`,
      facts: { [parameter]: file },
      next: PEM_ADVICE[parameter],
      cause,
    });
  }
}
