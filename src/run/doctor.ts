import { statfs } from 'node:fs/promises';
import type pg from 'pg';
import type { Database } from '../ledger/connection.ts';
import type { DatabaseSettings } from '../ledger/database-settings.ts';
import { pendingMigrations } from '../ledger/migrate.ts';
import { toDayboardError } from '../project/errors.ts';
import type { Project } from '../project/model.ts';
import type { Cache } from '../source/cache.ts';
import type { Source } from '../source/source.ts';
import { examinePublications } from './doctor-publications.ts';
import { examineRelations } from './doctor-relations.ts';
import { examineSizes } from './doctor-sizes.ts';
import { examinePrivileges } from './doctor-privileges.ts';
import { examineSourcePrivileges } from './doctor-source-privileges.ts';
import type { DoctorFinding } from './workspace.ts';

export interface DoctorParts {
  project: Project;
  database: DatabaseSettings;
  connection: Database;
  sources: ReadonlyMap<string, Source>;
  cache: Cache;
  now: () => string;
  context: { readOnly: boolean };
}

/** The oldest PostgreSQL that every statement of dayboard runs on: UNIQUE NULLS NOT DISTINCT and MERGE came with 15. */
const OLDEST_SERVER = 150_000;

/** Clocks further apart than this make S3 refuse signatures (15 minutes there) and freshness lie. */
const CLOCK_WARN_SECONDS = 60;

/** Less room than this in the cache is worth a warning, in bytes. */
const CACHE_WARN_BYTES = 2 * 1024 ** 3;

/** Looks at connections, permissions, versions and clocks, one finding after the other; never throws. */
export async function* examine(parts: DoctorParts): AsyncIterable<DoctorFinding> {
  yield* examineDatabase(parts);
  for (const [name, source] of parts.sources) {
    const finding = await examineSource(name, source);
    yield finding;
    if (source.database !== undefined && finding.verdict === 'pass')
      yield* examineSourcePrivileges(parts.project, name, source.database, parts.context.readOnly);
  }
  yield await examineCache(parts.cache);
}

async function* examineDatabase(parts: DoctorParts): AsyncIterable<DoctorFinding> {
  let client: pg.Client;
  try {
    client = await parts.connection.connect('doctor');
  } catch (thrown) {
    yield failed('PostgreSQL', thrown);
    return;
  }
  try {
    yield await examineServer(client, parts.database);
    yield examineTls(parts.database);
    yield await examineClock(client, parts.now());
    // Before the ledger: without them it cannot be read.
    yield* examinePrivileges(client, parts.project, parts.context.readOnly);
    yield await examineLedger(client);
    const hasLedger = (await pendingMigrations(client)).length === 0;
    if (hasLedger) yield* examineRelations(client, parts.project);
    yield* examinePublications(client, parts.project);
    if (hasLedger) yield* examineSizes(client, parts.project);
  } catch (thrown) {
    yield failed('PostgreSQL', thrown);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function failed(subject: string, thrown: unknown): DoctorFinding {
  const error = toDayboardError(thrown);
  return {
    verdict: 'fail',
    subject,
    message: error.message,
    ...(error.next === undefined ? {} : { next: error.next }),
  };
}

async function examineServer(client: pg.Client, settings: DatabaseSettings): Promise<DoctorFinding> {
  const found = await client.query<{ number: string; version: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
  );
  const { number, version } = found.rows[0] as { number: string; version: string };
  if (Number(number) < OLDEST_SERVER) {
    return {
      verdict: 'fail',
      subject: 'PostgreSQL',
      message: `The server is version ${version}.`,
      next: 'dayboard needs PostgreSQL 15 or newer.',
    };
  }
  return {
    verdict: 'pass',
    subject: 'PostgreSQL',
    message: `${settings.display} answers, version ${version}.`,
  };
}

function examineTls(settings: DatabaseSettings): DoctorFinding {
  const subject = 'PostgreSQL TLS';
  if (settings.sslMode === 'verify-full')
    return { verdict: 'pass', subject, message: 'Encrypted, certificate and name verified.' };
  if (settings.sslMode === 'verify-ca')
    return { verdict: 'pass', subject, message: 'Encrypted, certificate verified.' };
  if (settings.sslModeDefaulted)
    return { verdict: 'pass', subject, message: 'Not used: the server is on this machine.' };
  return {
    verdict: 'warn',
    subject,
    message: `sslmode=${settings.sslMode}: whoever sits between could read or change what is sent.`,
    next: "Use sslmode=verify-full, with sslrootcert=FILE when the server's certificate is of a private CA.",
  };
}

async function examineClock(client: pg.Client, now: string): Promise<DoctorFinding> {
  const found = await client.query<{ epoch: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 AS epoch',
  );
  const apart = Math.round(Math.abs((found.rows[0] as { epoch: number }).epoch - Date.parse(now) / 1000));
  if (apart <= CLOCK_WARN_SECONDS)
    return { verdict: 'pass', subject: 'Clock', message: "This clock and the database's agree." };
  return {
    verdict: 'warn',
    subject: 'Clock',
    message: `This clock and the database's are ${apart} seconds apart.`,
    next: 'Set both by NTP.',
  };
}

async function examineLedger(client: pg.Client): Promise<DoctorFinding> {
  const pending = await pendingMigrations(client);
  if (pending.length === 0)
    return { verdict: 'pass', subject: 'Ledger', message: 'The schema dayboard is there and up to date.' };
  return {
    verdict: 'warn',
    subject: 'Ledger',
    message: `${pending.length} migration${pending.length === 1 ? ' is' : 's are'} to be applied.`,
    next: 'The next command in a context that may write does it.',
  };
}

async function examineSource(name: string, source: Source): Promise<DoctorFinding> {
  try {
    await source.probe();
    return { verdict: 'pass', subject: `Source ${name}`, message: `${source.place} can be listed.` };
  } catch (thrown) {
    return failed(`Source ${name}`, thrown);
  }
}

async function examineCache(cache: Cache): Promise<DoctorFinding> {
  const subject = 'Cache';
  try {
    const { bavail, bsize } = await statfs(cache.directory);
    const free = bavail * bsize;
    const message = `${cache.directory} has ${(free / 1024 ** 3).toFixed(1)} GiB free.`;
    if (free >= CACHE_WARN_BYTES) return { verdict: 'pass', subject, message };
    return {
      verdict: 'warn',
      subject,
      message,
      next: 'Free space there, or set DAYBOARD_CACHE_DIR to another disk.',
    };
  } catch (thrown) {
    return failed(subject, thrown);
  }
}
