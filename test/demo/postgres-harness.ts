import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll } from 'vitest';
import type { EmbeddedPostgresOptions } from '../../src/demo/postgres/embedded.ts';
import type { ErrorValue } from '../../src/project/errors.ts';
import { until } from '../support/until.ts';

export type ChildOptions = Omit<EmbeddedPostgresOptions, 'env' | 'onLog'> & {
  /** Programs other than the installed ones. */
  native?: string;
};

export interface Ready {
  port: number;
  reused: boolean;
  directory: string;
  log: string;
  url: string;
}

/** A dayboard in a process of its own: see postgres-child.ts. */
export interface Child {
  pid: number;
  /** What it told while it started. */
  logged: string[];
  ready: Promise<Ready>;
  /** The error with which it ended instead of getting ready. */
  failed: Promise<ErrorValue>;
  /** Calls the server's stop(). */
  stop(): Promise<void>;
  /** Ends without stop(). */
  exit(): Promise<void>;
  /** To the whole process group, as a terminal does. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export const isRoot = process.getuid?.() === 0;

/** Quick to make, and nobody misses the data. */
export const QUICK = { fsync: false, max_connections: 20, shared_buffers: '16MB' };

const SCRIPT = fileURLToPath(new URL('./postgres-child.ts', import.meta.url));

const children: ChildProcessWithoutNullStreams[] = [];
const directories: string[] = [];

afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  for (const directory of directories) {
    await nothingRuns(directory);
    await rm(directory, { recursive: true, force: true });
  }
});

/** A new directory that every user may pass through. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-supervisor-'));
  await chmod(directory, 0o711);
  directories.push(directory);
  return directory;
}

export function dayboard(options: ChildOptions, as: { uid?: number; gid?: number } = {}): Child {
  const child = spawn(process.execPath, [SCRIPT], {
    ...as,
    detached: true,
    env: { PATH: process.env['PATH'], CHILD_OPTIONS: JSON.stringify({ settings: QUICK, ...options }) },
  });
  children.push(child);
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const lines = createInterface({ input: child.stdout });
  const logged: string[] = [];
  const said = new Map<string, unknown>();
  lines.on('line', (line) => {
    for (const [key, value] of Object.entries(JSON.parse(line) as object)) {
      if (key === 'log') logged.push(value as string);
      else said.set(key, value);
    }
  });
  const closed = once(child, 'close');
  const answer = async <T>(key: string): Promise<T> => {
    let ended = false;
    void closed.then(() => {
      ended = true;
    });
    await until(() => said.has(key) || ended, { what: `the child says "${key}"`, seconds: 50 });
    if (!said.has(key)) throw new Error(`the child said ${JSON.stringify([...said])} and ended: ${stderr}`);
    return said.get(key) as T;
  };
  return {
    pid: child.pid!,
    logged,
    get ready() {
      return answer<Ready>('ready');
    },
    get failed() {
      return answer<ErrorValue>('error');
    },
    stop: async () => {
      child.stdin.write('stop\n');
      await answer('stopped');
    },
    exit: async () => {
      child.stdin.write('exit\n');
      await closed;
    },
    kill: async (signal) => {
      process.kill(-child.pid!, signal);
      await closed;
    },
  };
}

/** Ids of the processes that belong to a server below this directory: watchdog, postmaster, backends. */
export async function serverProcesses(directory: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const cwd = await readlink(`/proc/${id}/cwd`).catch(() => '');
      const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      return cwd.startsWith(`${directory}/`) || command.includes(`${directory}/`) ? Number(id) : undefined;
    }),
  );
  return found.filter((id) => id !== undefined);
}

/** Waits until no process of a server below this directory is left. */
export async function nothingRuns(directory: string): Promise<void> {
  await until(async () => (await serverProcesses(directory)).length === 0, {
    what: `no process of the server in ${directory} is left`,
  });
}

/** The first line of postmaster.pid. */
export async function postmasterPid(home: string): Promise<number> {
  const text = await readFile(join(home, 'cluster', 'data', 'postmaster.pid'), 'utf8');
  return Number.parseInt(text, 10);
}

/** The server's parent. */
export async function watchdogPid(home: string): Promise<number> {
  const status = await readFile(`/proc/${await postmasterPid(home)}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

/** The rows of one query on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
