import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, inject } from 'vitest';
import { serverAccount, systemAccounts } from '../../src/demo/postgres/account.ts';
import { startPostgres } from '../../src/demo/postgres/embedded.ts';
import { type Account, run } from '../../src/demo/postgres/processes.ts';
import { probe, type Runtime } from '../../src/demo/postgres/runtime.ts';
import { ident, literal } from '../../src/ledger/sql.ts';
import { FAST } from './postgres-settings.ts';
import { until } from './until.ts';

/** A PostgreSQL server that test databases are made on. */
export interface TestServer {
  /** The superuser's connection string for a database of it. */
  connectionString: (database: string) => string;
}

export interface TestDatabase extends AsyncDisposable {
  name: string;
  url: string;
  /** A connected client of its own; closed by `drop` if the test has not. */
  connect(): Promise<pg.Client>;
  /** Fails when connections are left that `connect` did not make; the database is gone in any case. */
  drop(): Promise<void>;
}

/** What the tests of this file have not dropped themselves. */
const undropped = new Set<TestDatabase>();

// A file's first import registers the last hook to run: after the file's own.
afterAll(async () => {
  const results = await Promise.allSettled([...undropped].map((database) => database.drop()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
});

/** The PostgreSQL of this vitest run (test/support/postgres-global.ts). */
export function runServer(): TestServer {
  const url = inject('postgres');
  return {
    connectionString: (database) => {
      const changed = new URL(url);
      changed.pathname = `/${encodeURIComponent(database)}`;
      return changed.href;
    },
  };
}

/**
 * A database of the test's own, empty or a copy of a template (see `templateDatabase`), made in milliseconds.
 * It is dropped after the file at the latest, where connections that were left open fail the file.
 */
export async function createTestDatabase(
  options: { template?: string; server?: TestServer; tablespace?: string } = {},
): Promise<TestDatabase> {
  const { template = 'template0', server = runServer(), tablespace = 'pg_default' } = options;
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(server, (admin) =>
    admin.query(`create database ${ident(name)} template ${ident(template)} tablespace ${ident(tablespace)}`),
  );
  const clients: pg.Client[] = [];
  const url = server.connectionString(name);
  let dropping: Promise<void> | undefined;
  const drop = (): Promise<void> => {
    dropping ??= dropChecked(server, name, clients).finally(() => undropped.delete(database));
    return dropping;
  };
  const database: TestDatabase = {
    name,
    url,
    connect: async () => {
      const client = new pg.Client({ connectionString: url, application_name: 'test' });
      clients.push(client);
      await client.connect();
      return client;
    },
    drop,
    [Symbol.asyncDispose]: drop,
  };
  undropped.add(database);
  return database;
}

/**
 * The name of a database that `build` has filled, to be given to `createTestDatabase`. Built once per run
 * whatever number of files ask for it at the same time; `build` must close its connections.
 */
export async function templateDatabase(
  name: string,
  build: (url: string) => Promise<void>,
  server: TestServer = runServer(),
): Promise<string> {
  const template = `template_${name}`;
  await asSuperuser(server, async (admin) => {
    // Held by the session: another file waits here until the template is whole, or builds it if this one fails.
    await admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [template]);
    const found = await admin.query('select from pg_database where datname = $1', [template]);
    if (found.rowCount !== 0) return;
    const building = `${template}_building`;
    await admin.query(`drop database if exists ${ident(building)} with (force)`);
    await admin.query(`create database ${ident(building)} template template0`);
    await build(server.connectionString(building));
    await noConnections(admin, building);
    await admin.query(`alter database ${ident(building)} rename to ${ident(template)}`);
    await admin.query(`alter database ${ident(template)} with allow_connections false`);
  });
  return template;
}

/**
 * A throw-away cluster of the newest PostgreSQL that the machine itself has (Debian's 15, say), or undefined
 * when it has none: for suites that also have to hold on an older server. `stop` removes it.
 */
export async function systemPostgres(): Promise<
  (TestServer & { major: number; stop(): Promise<void> }) | undefined
> {
  const account = await serverAccount(process.getuid?.(), systemAccounts(process.env));
  const runtime = await systemRuntime(account);
  if (runtime === undefined) return undefined;
  const directory = await mkdtemp(join(tmpdir(), `dayboard-test-postgres-${process.pid}-`));
  const options = { directory, env: process.env, settings: FAST };
  const server = await startPostgres(options, account, async () => runtime);
  return {
    connectionString: server.connectionString,
    major: runtime.major,
    stop: async () => {
      await server.stop();
      await rm(server.directory, { recursive: true, force: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function systemRuntime(account: Account | undefined): Promise<Runtime | undefined> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const newest = versions.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
  const configured = await run(undefined, process.env, 'pg_config', ['--bindir']);
  for (const bin of [...newest.map((version) => join(debian, version, 'bin')), configured.stdout.trim()]) {
    const found = await probe(bin, account, process.env);
    if (typeof found !== 'string') return found;
  }
  return undefined;
}

async function dropChecked(server: TestServer, name: string, clients: pg.Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  await asSuperuser(server, async (admin) => {
    try {
      await noConnections(admin, name);
    } finally {
      await admin.query(`drop database if exists ${ident(name)} with (force)`);
    }
  });
}

/** A connection that was closed takes a moment to leave the server; one that was forgotten stays. */
async function noConnections(admin: pg.Client, database: string): Promise<void> {
  let left: string[] = [];
  const gone = async (): Promise<boolean> => {
    const found = await admin.query<{ what: string }>(
      `select format('%s (%s): %s', nullif(application_name, ''), state, left(query, 120)) as what
         from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [database],
    );
    left = found.rows.map((row) => row.what);
    return left.length === 0;
  };
  await until(gone, { seconds: 3 }).catch(() => {
    throw new Error(`connections to ${literal(database)} were left open:\n${left.join('\n')}`);
  });
}

async function asSuperuser<T>(server: TestServer, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: server.connectionString('postgres') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
