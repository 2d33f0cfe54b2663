import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverAccount, systemAccounts } from '../../src/demo/postgres/account.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { Database } from '../../src/ledger/connection.ts';
import { databaseSettings } from '../../src/ledger/database-settings.ts';
import type { DayboardError } from '../../src/project/errors.ts';
import { Authority, type Certificate } from '../support/certificates.ts';
import { FAST } from '../support/postgres-settings.ts';
import { until } from '../support/until.ts';

const authority = new Authority();
const directory = mkdtempSync(join(tmpdir(), 'dayboard-test-tls-'));
let server: EmbeddedPostgres;

beforeAll(async () => {
  server = await startEmbeddedPostgres({
    directory,
    env: process.env,
    settings: { ...FAST, ssl_cert_file: 'tls.crt', ssl_key_file: 'tls.key', ssl_ca_file: 'ca.crt' },
  });
});

afterAll(async () => {
  await server.stop();
  for (const each of [server.directory, directory]) rmSync(each, { recursive: true, force: true });
  authority[Symbol.dispose]();
});

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: server.connectionString('postgres') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

/** Lets the server show this certificate, or have no TLS at all, from now on. */
async function show(certificate: Certificate | undefined): Promise<void> {
  await asAdmin(async (admin) => {
    if (certificate !== undefined) {
      const data = (await admin.query<{ data_directory: string }>('SHOW data_directory')).rows[0]!
        .data_directory;
      const account = await serverAccount(process.getuid?.(), systemAccounts(process.env));
      for (const [name, text] of [
        ['tls.key', certificate.key],
        ['tls.crt', certificate.cert],
        ['ca.crt', readFileSync(authority.file, 'utf8')],
      ] as const) {
        rmSync(join(data, name), { force: true });
        writeFileSync(join(data, name), text, { mode: 0o600 });
        if (account !== undefined) chownSync(join(data, name), account.uid, account.gid);
      }
    }
    await admin.query(`ALTER SYSTEM SET ssl = ${certificate === undefined ? 'off' : 'on'}`);
    const loaded = 'SELECT pg_conf_load_time()::text AS at';
    const before = (await admin.query<{ at: string }>(loaded)).rows[0]?.at;
    await admin.query('SELECT pg_reload_conf()');
    await until(async () => (await admin.query<{ at: string }>(loaded)).rows[0]?.at !== before);
  });
}

/** The server's URL at a host name, with what the query says; 'on' a pg_stat_ssl of the session. */
async function connected(
  host: string,
  query: Record<string, string>,
  env = {},
): Promise<{ tls: boolean; pooled: boolean }> {
  const url = new URL(server.connectionString('postgres'));
  url.hostname = host;
  url.search = '';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const database = new Database(databaseSettings({ DATABASE_URL: url.href, ...env }), false);
  const asked = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  const client = await database.connect('test');
  const pool = database.pool(1);
  try {
    const tls = await client.query<{ ssl: boolean }>(asked);
    const pooled = await pool.query<{ ssl: boolean }>(asked);
    return { tls: tls.rows[0]!.ssl, pooled: pooled.rows[0]!.ssl };
  } finally {
    await Promise.all([client.end(), pool.end()]);
  }
}

async function refusal(host: string, query: Record<string, string>): Promise<DayboardError> {
  const error: unknown = await connected(host, query).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'database.tls' });
  return error as DayboardError;
}

const VERIFY = { sslmode: 'verify-full', sslrootcert: authority.file };

describe('a PostgreSQL with a certificate of a private authority', () => {
  beforeAll(() => show(authority.issue('DNS:localhost')));

  it('is talked to over TLS when its authority is named', async () => {
    expect(await connected('localhost', VERIFY)).toEqual({ tls: true, pooled: true });
    expect(
      await connected('localhost', { sslmode: 'verify-full' }, { PGSSLROOTCERT: authority.file }),
    ).toEqual({
      tls: true,
      pooled: true,
    });
  });

  it('is refused when its authority is not named, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const error = await refusal('localhost', { sslmode: 'verify-full' }).finally(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    expect(error.message).toContain('signed by an authority that this machine does not know');
    expect(error.next).toContain('sslrootcert=FILE');
  });

  it('is refused under another name than the certificate has, unless only the authority is verified', async () => {
    const error = await refusal('127.0.0.1', VERIFY);
    expect(error.message).toContain('it is for another host name');
    expect(error.next).toContain('sslmode=verify-ca');
    expect(await connected('127.0.0.1', { ...VERIFY, sslmode: 'verify-ca' })).toMatchObject({ tls: true });
  });

  it('is trusted unverified only where the URL says so', async () => {
    expect(await connected('127.0.0.1', { sslmode: 'require' })).toEqual({ tls: true, pooled: true });
  });

  it('is not trusted with the authorities of the operating system', async () => {
    await refusal('localhost', { sslrootcert: 'system' });
    expect(() =>
      databaseSettings({ DATABASE_URL: 'postgres://a@b/c?sslmode=require&sslrootcert=system' }),
    ).toThrow(expect.objectContaining({ code: 'config.sslmode', kind: 'usage' }));
  });
});

describe('a PostgreSQL with a certificate that is no good', () => {
  it('that has expired is refused, and renewal is advised', async () => {
    await show(authority.issue('DNS:localhost', -1));
    const error = await refusal('localhost', VERIFY);
    expect(error.message).toContain('it has expired');
    expect(error.next).toContain('renewed');
  });

  it('that it signed itself is refused, and what can be done is said', async () => {
    await show(authority.selfSigned('DNS:localhost'));
    const error = await refusal('localhost', { sslmode: 'verify-full' });
    expect(error.message).toContain('it is self-signed');
    expect(error.next).toContain('sslrootcert=FILE');
    await refusal('localhost', VERIFY);
  });
});

describe('a PostgreSQL without TLS', () => {
  beforeAll(() => show(undefined));

  it.each(['require', 'verify-ca', 'verify-full'])('is refused with sslmode=%s', async (sslmode) => {
    const error = await refusal('localhost', { sslmode });
    expect(error.message).toContain('speaks no TLS');
    expect(error.next).toContain('Switch TLS on');
  });

  it('is talked to, by readers too, where sslmode=prefer allows it', async () => {
    expect(await connected('localhost', { sslmode: 'prefer' })).toEqual({ tls: false, pooled: false });
  });
});

it('a file of authorities that is not there is named', () => {
  expect(() =>
    databaseSettings({ DATABASE_URL: 'postgres://a@b/c', PGSSLROOTCERT: '/nowhere/ca.crt' }),
  ).toThrow(
    expect.objectContaining({
      code: 'config.sslrootcert',
      kind: 'usage',
      facts: { sslrootcert: '/nowhere/ca.crt' },
    }),
  );
});

describe('a certificate of the user', () => {
  const write = (name: string, text: string) => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };

  it('is shown to the server, by every connection', async () => {
    await show(authority.issue('DNS:localhost'));
    const { cert, key } = authority.issue('DNS:ann');
    const url = new URL(server.connectionString('postgres'));
    url.hostname = 'localhost';
    url.search = String(
      new URLSearchParams({ ...VERIFY, sslcert: write('ann.crt', cert), sslkey: write('ann.key', key) }),
    );
    const database = new Database(databaseSettings({ DATABASE_URL: url.href }), false);
    const client = await database.connect('test');
    const pool = database.pool(1);
    try {
      const asked = 'SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
      expect((await client.query(asked)).rows).toEqual([{ client_dn: '/CN=server' }]);
      expect((await pool.query(asked)).rows).toEqual([{ client_dn: '/CN=server' }]);
    } finally {
      await Promise.all([client.end(), pool.end()]);
    }
  });

  it('is refused without its key, with one that others can read, and with files that are not there', () => {
    const { cert, key } = authority.issue('DNS:ann');
    const [sslcert, sslkey] = [write('b.crt', cert), write('b.key', key)];
    const settings = (query: Record<string, string>) =>
      databaseSettings({
        DATABASE_URL: `postgres://a@db.example/c?${String(new URLSearchParams({ sslmode: 'require', ...query }))}`,
      });
    expect(() => settings({ sslcert })).toThrow(expect.objectContaining({ code: 'config.sslcert' }));
    expect(() => settings({ sslcert: join(directory, 'none'), sslkey })).toThrow(
      /sslcert cannot be read.*ENOENT/u,
    );
    chmodSync(sslkey, 0o644);
    expect(() => settings({ sslcert, sslkey })).toThrow(
      expect.objectContaining({
        code: 'config.sslkey',
        next: expect.stringContaining('chmod 600') as unknown,
      }),
    );
    chmodSync(sslkey, 0o600);
    expect(settings({ sslcert, sslkey }).config.ssl).toMatchObject({ cert, key });
  });
});
