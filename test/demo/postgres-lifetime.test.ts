import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serverAccount, systemAccounts } from '../../src/demo/postgres/account.ts';
import { startEmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { asAccount } from '../../src/demo/postgres/processes.ts';
import { until } from '../support/until.ts';
import {
  dayboard,
  nothingRuns,
  postmasterPid,
  QUICK,
  query,
  scratch,
  serverProcesses,
  watchdogPid,
} from './postgres-harness.ts';

const env = process.env;

/** A cluster with one committed row, made by a dayboard that has left. */
async function clusterWithRow(): Promise<string> {
  const directory = await scratch();
  await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
  await query(server.connectionString('postgres'), "create table kept as select 'here' as what");
  return directory;
}

async function kept(url: string): Promise<unknown> {
  return (await query(url, 'select what from kept'))[0]?.['what'];
}

/** Kills processes that are ours to kill: those of one test directory. */
function killAll(ids: number[]): void {
  for (const id of ids) process.kill(id, 'SIGKILL');
}

describe('when dayboard ends', () => {
  const endings = {
    'by stop()': (child) => child.stop().then(() => child.exit()),
    'without stop()': (child) => child.exit(),
    'by Ctrl-C': (child) => child.kill('SIGINT'),
    'by SIGTERM': (child) => child.kill('SIGTERM'),
    'with its terminal': (child) => child.kill('SIGHUP'),
    'by kill -9': (child) => child.kill('SIGKILL'),
  } satisfies Record<string, (child: ReturnType<typeof dayboard>) => Promise<void>>;

  it.each(Object.entries(endings))(
    '%s, no process is left, and the next start has what was committed',
    async (_, end) => {
      const directory = await clusterWithRow();
      const first = dayboard({ directory });
      const { url } = await first.ready;
      const open = new pg.Client({ connectionString: url });
      let lost = false;
      open.on('error', () => {
        lost = true;
      });
      open.on('end', () => {
        lost = true;
      });
      await open.connect();
      await open.query("begin; insert into kept values ('uncommitted')");

      await end(first);
      await nothingRuns(directory);
      await until(() => lost);
      expect(await readdir(join(directory, 'cluster', 'waiting'))).toEqual([]);
      expect(await readFile(join(directory, 'cluster', 'postgres.log'), 'utf8')).not.toContain('recovery');

      const second = dayboard({ directory });
      const again = await second.ready;
      expect(again.reused).toBe(false);
      expect(await query(again.url, 'select what from kept')).toEqual([{ what: 'here' }]);
      await second.stop();
    },
  );

  it('by kill -9 while the server starts, no process is left either', async () => {
    const directory = await clusterWithRow();
    const child = dayboard({ directory });
    child.ready.catch(() => undefined);
    await until(async () => (await serverProcesses(directory)).length > 0);
    await child.kill('SIGKILL');
    await nothingRuns(directory);
    expect(await serverProcesses(directory)).toEqual([]);
  });

  it('by kill -9 while it makes the cluster, the next start makes it anew and clears up', async () => {
    const directory = await scratch();
    const child = dayboard({ directory });
    child.ready.catch(() => undefined);
    await until(async () => (await readdir(directory)).some((name) => name.startsWith('cluster-')));
    await child.kill('SIGKILL');
    const server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    expect(await readdir(directory)).toEqual(['cluster']);
    await server.stop();
    await nothingRuns(directory);
  });
});

describe('after a crash', () => {
  it('a server that lost its watchdog with its dayboard is stopped, and a new one takes over', async () => {
    const directory = await clusterWithRow();
    const first = dayboard({ directory });
    await first.ready;
    const orphan = await postmasterPid(directory);
    const shells = await watchdogs(directory);
    expect(shells).toContain(await watchdogPid(directory));
    killAll(shells);
    await first.kill('SIGKILL');
    expect(await serverProcesses(directory)).toContain(orphan);

    const second = dayboard({ directory });
    const ready = await second.ready;
    expect(ready.reused).toBe(false);
    expect(second.logged).toContainEqual(expect.stringContaining(`left behind (process ${orphan})`));
    expect(await postmasterPid(directory)).not.toBe(orphan);
    expect(await kept(ready.url)).toBe('here');
    await second.stop();
    await nothingRuns(directory);
  });

  it('a server whose every process was killed recovers what was committed', async () => {
    const directory = await clusterWithRow();
    const first = dayboard({ directory });
    const { url } = await first.ready;
    await query(url, "insert into kept select 'more' from generate_series(1, 1000)");
    const everything = await serverProcesses(directory);
    killAll(everything);
    await first.kill('SIGKILL');
    await nothingRuns(directory);

    await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    const counted = await query(server.connectionString('postgres'), 'select count(*)::int as n from kept');
    expect(counted).toEqual([{ n: 1001 }]);
    expect(await readFile(server.log, 'utf8')).toContain('automatic recovery in progress');
  });

  it('a server that was killed under a living dayboard is started anew by the next', async () => {
    const directory = await clusterWithRow();
    const first = dayboard({ directory });
    await first.ready;
    process.kill(await postmasterPid(directory), 'SIGKILL');
    await nothingRuns(directory);
    const second = dayboard({ directory });
    const ready = await second.ready;
    expect(ready.reused).toBe(false);
    expect(await kept(ready.url)).toBe('here');
    await second.stop();
    await first.stop();
    await nothingRuns(directory);
  });
});

describe('a stale postmaster.pid', () => {
  it.each([
    'of a process that is gone',
    'whose process id belongs to another process by now',
    'that is empty',
  ])('%s does not stop the start', async (kind) => {
    const directory = await clusterWithRow();
    const data = join(directory, 'cluster', 'data');
    const file = join(data, 'postmaster.pid');
    const other = await bystander(directory, kind.includes('another'));
    const text = `${other.pid}\n${data}\n1700000000\n5433\n\n127.0.0.1\n  1234567     12345\nready   \n`;
    await writeFile(file, kind.includes('empty') ? '' : text, { mode: 0o600 });
    const { uid, gid } = await stat(data);
    await chown(file, uid, gid);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(file, longAgo, longAgo);

    await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    expect(server.reused).toBe(false);
    expect(await kept(server.connectionString('postgres'))).toBe('here');
    expect(other.signalCode).toBeNull();
  });

  /** A process of the server's user, which PostgreSQL itself would take for the server; or one that has ended. */
  async function bystander(directory: string, lives: boolean): Promise<ChildProcess> {
    const account = await serverAccount(process.getuid?.(), systemAccounts(env));
    const child = spawn('sleep', [lives ? '600' : '0'], { ...asAccount(account, env), stdio: 'ignore' });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await nothingRuns(directory);
    });
    await once(child, lives ? 'spawn' : 'exit');
    return child;
  }
});

describe('several dayboards on one directory', () => {
  it('that start at once on nothing share one server, until the last one leaves', async () => {
    const directory = await scratch();
    const all = [1, 2, 3].map(() => dayboard({ directory }));
    const ready = await Promise.all(all.map((child) => child.ready));
    expect(new Set(ready.map(({ port }) => port)).size).toBe(1);
    expect(ready.filter(({ reused }) => !reused)).toHaveLength(1);
    expect(await readdir(directory)).toEqual(['cluster']);

    const first = ready.findIndex(({ reused }) => !reused);
    await all[first]!.kill('SIGKILL');
    const rest = all.filter((_, index) => index !== first);
    const { url } = ready[first]!;
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await rest[0]!.stop();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await rest[1]!.exit();
    await nothingRuns(directory);
  });

  /** A PATH whose `mv` waits for a file `go` at the given moment: it stretches the watchdog's farewell. */
  async function slowFarewell(script: string): Promise<{ signs: string; slow: Record<string, string> }> {
    const signs = await scratch();
    await chmod(signs, 0o777);
    const wait = `touch ${signs}/here; while [ ! -e ${signs}/go ]; do sleep 0.01; done`;
    await writeFile(join(signs, 'mv'), `#!/bin/sh\n${script.replace('WAIT', wait)}\n`);
    await chmod(join(signs, 'mv'), 0o755);
    return { signs, slow: { PATH: `${signs}:${env['PATH']}` } };
  }

  it('one that comes just when the watchdog sees the last one leave keeps the server', async () => {
    const directory = await clusterWithRow();
    const { signs, slow } = await slowFarewell('WAIT; /bin/mv "$@"; echo "$2" >> "${0%mv}moves"');
    const first = await startEmbeddedPostgres({ directory, env: slow, settings: QUICK });
    const left = first.stop();
    await until(() => stat(join(signs, 'here')));
    const second = await startEmbeddedPostgres({ directory, env, settings: QUICK });
    expect(second).toMatchObject({ reused: true, port: first.port });
    await writeFile(join(signs, 'go'), '');
    await left;
    const pipe = join(directory, 'cluster', 'waiting', `alive.${await postmasterPid(directory)}`);
    await until(async () => (await readFile(join(signs, 'moves'), 'utf8')) === `${pipe}.closing\n${pipe}\n`);
    expect(await kept(second.connectionString('postgres'))).toBe('here');
    await second.stop();
    await nothingRuns(directory);
  });

  it('one that comes a moment too late waits for the end of the old server and starts a new one', async () => {
    const directory = await clusterWithRow();
    const { signs, slow } = await slowFarewell('/bin/mv "$@"; WAIT');
    const first = await startEmbeddedPostgres({ directory, env: slow, settings: QUICK });
    const left = first.stop();
    await until(() => stat(join(signs, 'here')));
    const starting = startEmbeddedPostgres({ directory, env, settings: QUICK });
    await writeFile(join(signs, 'go'), '');
    await left;
    await using second = await starting;
    expect(second.reused).toBe(false);
    expect(await kept(second.connectionString('postgres'))).toBe('here');
  });

  it('that come and go as the others leave always get a server that stays', async () => {
    const directory = await clusterWithRow();
    const visits = async (): Promise<void> => {
      for (let visit = 0; visit < 6; visit += 1) {
        await using server = await startEmbeddedPostgres({ directory, env, settings: QUICK });
        expect(await kept(server.connectionString('postgres'))).toBe('here');
      }
    };
    await Promise.all([visits(), visits(), visits()]);
    await nothingRuns(directory);
    expect(await readdir(join(directory, 'cluster', 'users'))).toEqual([]);
  });
});

/** The watchdog's shells: the server's parent and the one that reads the pipe. */
async function watchdogs(directory: string): Promise<number[]> {
  const ids = await serverProcesses(directory);
  const commands = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8')));
  return ids.filter((_, index) => commands[index]!.startsWith('/bin/sh'));
}
