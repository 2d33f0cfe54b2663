import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type EmbeddedPostgres,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
  startPostgres,
} from '../../src/demo/postgres/embedded.ts';
import { serverAccount, systemAccounts } from '../../src/demo/postgres/account.ts';
import { freePort } from '../../src/demo/postgres/watchdog.ts';
import { DayboardError } from '../../src/project/errors.ts';
import {
  nothingRuns,
  postmasterPid,
  QUICK,
  query,
  scratch,
  serverProcesses,
  watchdogPid,
} from './postgres-harness.ts';

const env = process.env;

async function failure(work: Promise<unknown>): Promise<DayboardError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DayboardError);
  return error as DayboardError;
}

describe('the embedded PostgreSQL', () => {
  let directory = '';
  let server: EmbeddedPostgres;

  beforeAll(async () => {
    directory = await scratch();
    server = await startEmbeddedPostgres({ directory, env });
  });
  afterAll(() => server.stop());

  it('is PostgreSQL 18 in UTF-8 and UTC, durable and with checksums', async () => {
    const [row] = await query(
      server.connectionString('postgres'),
      `select current_setting('server_version_num')::int / 10000 as version, current_user as user,
              pg_encoding_to_char(encoding) as encoding, datlocprovider as provider, datlocale as locale,
              current_setting('data_checksums') as checksums, current_setting('fsync') as fsync,
              current_setting('timezone') as timezone
         from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      version: 18,
      user: 'dayboard',
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      checksums: 'on',
      fsync: 'on',
      timezone: 'UTC',
    });
    expect(server).toMatchObject({ host: '127.0.0.1', user: 'dayboard', reused: false, directory });
  });

  it('lets nobody in without the password', async () => {
    const wrong = new URL(server.connectionString('postgres'));
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    const stored = await query(
      server.connectionString('postgres'),
      "select left(rolpassword, 13) as method from pg_authid where rolname = 'dayboard'",
    );
    expect(stored).toEqual([{ method: 'SCRAM-SHA-256' }]);
  });

  it('is reached through 127.0.0.1 and through nothing else', async () => {
    for (const host of ['127.0.0.2', '[::1]']) {
      const elsewhere = server.connectionString('postgres').replace('127.0.0.1', host);
      await expect(query(elsewhere, 'select 1')).rejects.toMatchObject({
        code: expect.stringMatching(/^(ECONNREFUSED|EADDRNOTAVAIL)$/),
      });
    }
    const [row] = await query(
      server.connectionString('postgres'),
      "select current_setting('unix_socket_directories') as sockets",
    );
    expect(row).toEqual({ sockets: '' });
  });

  it('keeps its password in one file that only its owner reads, and nowhere else', async () => {
    const cluster = join(directory, 'cluster');
    const file = join(cluster, 'password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(`${server.password}\n`);
    expect(server.password).toMatch(/^[\w-]{32}$/);

    await query(server.connectionString('nothing_there'), 'select 1').catch(() => undefined);
    for (const path of [join(cluster, 'postgres.log'), join(cluster, 'data', 'postgresql.auto.conf')]) {
      expect(await readFile(path, 'utf8')).not.toContain(server.password);
    }
    expect(await readdir(cluster)).not.toContain('initdb-password');
    const ids = await serverProcesses(directory);
    // A worker that has ended meanwhile tells nothing.
    const read = (id: number, what: string) => readFile(`/proc/${id}/${what}`, 'utf8').catch(() => undefined);
    const told = await Promise.all(
      ids.map(async (id) => [await read(id, 'cmdline'), await read(id, 'environ')]),
    );
    const whole = told.filter((each) => !each.includes(undefined));
    expect(whole.length).toBeGreaterThan(3);
    expect(whole.flat().join('\n')).not.toContain(server.password);
  });

  it('hands none of our environment to the server', async () => {
    for (const id of [await postmasterPid(directory), await watchdogPid(directory)]) {
      const environment = await readFile(`/proc/${id}/environ`, 'utf8');
      const names = environment.split('\0').map((pair) => pair.split('=')[0]);
      expect(names).toEqual(expect.arrayContaining(['PATH', 'LC_ALL']));
      expect(names.filter((name) => !['PATH', 'LC_ALL', 'PWD', ''].includes(name!))).toEqual([]);
    }
  });

  it('is joined by a second start on the same directory, and outlives the first who leaves', async () => {
    const second = await startEmbeddedPostgres({ directory, env });
    expect(second).toMatchObject({ port: server.port, password: server.password, reused: true });
    await second.stop();
    await second.stop();
    expect(await query(server.connectionString('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is not removed while it is used', async () => {
    const error = await failure(removeEmbeddedPostgres({ directory, env }));
    expect(error).toMatchObject({ code: 'demo.postgres-in-use', kind: 'refused' });
    expect(await query(server.connectionString('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('an embedded cluster', () => {
  it('keeps data and password from one start to the next, and leaves nothing running in between', async () => {
    const directory = await scratch();
    const lines: string[] = [];
    const start = () =>
      startEmbeddedPostgres({ directory, env, settings: QUICK, onLog: (line) => lines.push(line) });
    const first = await start();
    await query(first.connectionString('postgres'), "create table kept as select 'here' as what");
    await first.stop();
    expect(await readdir(join(directory, 'cluster', 'data'))).not.toContain('postmaster.pid');
    await nothingRuns(directory);
    const second = await start();
    expect(second).toMatchObject({ password: first.password, reused: false });
    const kept = await query(second.connectionString('postgres'), 'select what from kept');
    expect(kept).toEqual([{ what: 'here' }]);
    await second.stop();
    await nothingRuns(directory);
    expect(lines).toEqual([
      expect.stringContaining('making a PostgreSQL 18.'),
      expect.stringContaining(`on 127.0.0.1:${first.port}`),
      expect.stringContaining(`on 127.0.0.1:${second.port}`),
    ]);
    expect(lines.join()).not.toContain(first.password);
  });

  it('is found whatever the PG* variables of the environment say', async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const [name, value] of Object.entries({
      PGSSLMODE: 'require',
      PGPORT: '1',
      PGHOST: '127.0.0.9',
      PGUSER: 'someone',
      PGDATA: '/nowhere',
      PGDATABASE: 'elsewhere',
    })) {
      vi.stubEnv(name, value);
    }
    const directory = await scratch();
    await using server = await startEmbeddedPostgres({ directory, env: process.env, settings: QUICK });
    const [row] = await query(server.connectionString('postgres'), 'select current_user as user');
    expect(row).toEqual({ user: 'dayboard' });
  });

  it('takes a password and settings of the caller', async () => {
    const directory = await scratch();
    const password = 'päss w%rd/@:?"\'';
    const settings = { ...QUICK, work_mem: '7MB', 'dayboard.demo': true };
    await using server = await startEmbeddedPostgres({ directory, env, password, settings });
    expect(server.password).toBe(password);
    const [row] = await query(
      server.connectionString('postgres'),
      "select current_setting('work_mem') as memory, current_setting('dayboard.demo') as demo, current_setting('fsync') as fsync",
    );
    expect(row).toEqual({ memory: '7MB', demo: 'on', fsync: 'off' });
  });

  it('refuses settings that would open it to others or hide its log', async () => {
    const directory = await scratch();
    for (const name of [
      'listen_addresses',
      'PORT',
      'unix_socket_directories',
      'not a name',
      'logging_collector',
    ]) {
      const error = await failure(
        startEmbeddedPostgres({ directory, env, settings: { ...QUICK, [name]: '*' } }),
      );
      expect(error).toMatchObject({ code: 'demo.postgres-setting', facts: { setting: name } });
    }
    await nothingRuns(directory);
  });

  it('says what the server said when it does not start, and starts once that is mended', async () => {
    const directory = await scratch();
    const error = await failure(
      startEmbeddedPostgres({ directory, env, settings: { ...QUICK, shared_buffers: 'plenty' } }),
    );
    expect(error.code).toBe('demo.postgres-start');
    expect(error.facts['said']).toContain('invalid value for parameter "shared_buffers": "plenty"');
    expect(error.next).toBeTruthy();
    await nothingRuns(directory);
    await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    expect(JSON.stringify(error)).not.toContain(server.password);
  });

  it('takes another port when the one it was to have is taken', async () => {
    const directory = await scratch();
    const occupant = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void occupant.close());
    await once(occupant, 'listening');
    const taken = (occupant.address() as AddressInfo).port;
    const ports = [taken, await freePort()];
    const choosePort = async () => ports.shift()!;
    await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK, choosePort });
    expect(server.port).not.toBe(taken);
    expect(ports).toEqual([]);
  });

  it('is refused, untouched, when another major version made it', async () => {
    const directory = await scratch();
    await (await startEmbeddedPostgres({ directory, env, settings: QUICK })).stop();
    await writeFile(join(directory, 'cluster', 'data', 'PG_VERSION'), '15\n');
    const error = await failure(startEmbeddedPostgres({ directory, env, settings: QUICK }));
    expect(error).toMatchObject({ code: 'demo.postgres-version', facts: { cluster: '15' } });
    expect(error.next).toContain('--reset');
  });

  it('is refused, untouched, when the directory holds something else', async () => {
    const directory = await scratch();
    await mkdir(join(directory, 'cluster'));
    await writeFile(join(directory, 'cluster', 'diary.txt'), 'mine');
    const error = await failure(startEmbeddedPostgres({ directory, env, settings: QUICK }));
    expect(error.code).toBe('demo.postgres-damaged');
    expect(await readFile(join(directory, 'cluster', 'diary.txt'), 'utf8')).toBe('mine');
  });

  it('says so when its kept password is wrong, and stops the server it started for that', async () => {
    const directory = await scratch();
    await (await startEmbeddedPostgres({ directory, env, settings: QUICK })).stop();
    await writeFile(join(directory, 'cluster', 'password'), 'forgotten\n');
    const error = await failure(startEmbeddedPostgres({ directory, env, settings: QUICK }));
    expect(error).toMatchObject({ code: 'demo.postgres-password', facts: { sqlstate: '28P01' } });
    expect(JSON.stringify(error)).not.toContain('forgotten');
    await nothingRuns(directory);
  });

  it('leaves nothing behind when it cannot be made', async () => {
    const directory = await scratch();
    const bin = join(await scratch(), 'bin');
    await mkdir(bin, { mode: 0o755 });
    await writeFile(join(bin, 'initdb'), '#!/bin/sh\necho "no room \u001b[31mleft" >&2; exit 1\n');
    await chmod(join(bin, 'initdb'), 0o755);
    const account = await serverAccount(process.getuid?.(), systemAccounts(env));
    const runtime = { bin, version: '18.4', major: 18 };
    const error = await failure(startPostgres({ directory, env }, account, async () => runtime));
    expect(error).toMatchObject({
      code: 'demo.postgres-initdb',
      facts: { exit: 1, said: 'no room  [31mleft' },
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('is gone after it was removed, and a new one has another password', async () => {
    const directory = await scratch();
    const first = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    await first.stop();
    expect(await removeEmbeddedPostgres({ directory, env })).toBe(true);
    expect(await removeEmbeddedPostgres({ directory, env })).toBe(false);
    await using second = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    expect(second.password).not.toBe(first.password);
  });
});
