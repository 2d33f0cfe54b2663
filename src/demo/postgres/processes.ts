import { spawn } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A user of this machine that the server runs as. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Environment variables as Node has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Finished {
  /** Exit code; null when a signal ended it, 'not-started' when it could not be started at all. */
  code: number | null | 'not-started';
  stdout: string;
  /** What it said, or why it could not be started. */
  stderr: string;
}

/**
 * The environment of the server and its helpers: no PG* variable that would change what they do, no
 * secret of the caller's, messages in English because the supervisor reads them.
 */
export function serverEnvironment(env: Environment): Record<string, string> {
  return { PATH: env['PATH'] ?? '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
}

/** The spawn options that make a child run as `account` (no account: as ourselves), from a neutral place. */
export function asAccount(
  account: Account | undefined,
  env: Environment,
): { uid?: number; gid?: number; cwd: string; env: Record<string, string> } {
  const common = { cwd: '/', env: serverEnvironment(env) };
  return account === undefined ? common : { ...common, uid: account.uid, gid: account.gid };
}

/** Runs a command to its end and never throws: not being able to start is a result too. */
export function run(
  account: Account | undefined,
  env: Environment,
  command: string,
  args: readonly string[],
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...asAccount(account, env), stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => resolve({ code: 'not-started', stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Whether a process of this id exists, whoever owns it. A zombie counts. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Whether process `pid` is a PostgreSQL server that works in `data`. Ids are used again, quickly so in
 * containers, so that a live process of the recorded id proves nothing; a server's working directory is
 * its data directory. Zombies are no servers.
 */
export async function servesData(pid: number, data: string, env: Environment): Promise<boolean> {
  if (!processExists(pid)) return false;
  if (process.platform === 'linux') {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    return cwd === data;
  }
  const listed = await run(undefined, env, 'ps', ['-o', 'command=', '-p', String(pid)]);
  return listed.stdout.includes(data);
}

/** Asks again every few milliseconds until the answer is not undefined, or `milliseconds` have passed. */
export async function poll<T>(
  milliseconds: number,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() > end) return answer;
    await delay(15);
  }
}

/** The `code` of a system error ('ENOENT', …), or undefined for anything else. */
export function errno(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}
