import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DayboardError } from '../../project/errors.ts';
import { type Account, type Environment, run } from './processes.ts';

/** Where root keeps servers whose wanted directory the server's user cannot reach (/root/… is root's alone). */
export const SHARED_ROOT = '/var/lib/dayboard';

export interface HomeRequest {
  /** The directory that the caller wants. */
  directory: string;
  /** The user that the server runs as; undefined is ourselves. */
  account: Account | undefined;
  env: Environment;
  sharedRoot: string;
}

/** Where a server's files are. `moved` says that it is not the wanted directory, and why. */
export interface Home {
  directory: string;
  moved: string | undefined;
}

/**
 * Makes the directory and returns where the server's files go: the wanted directory, or for root, when the
 * server's user cannot enter that (a parent is root's alone), a directory of a stable name under
 * `sharedRoot`. Errors: demo.postgres-directory.
 */
export async function openHome(request: HomeRequest): Promise<Home> {
  const { account, env } = request;
  const directory = await makeDirectory(request.directory, account !== undefined);
  if (account === undefined || (await canEnter(account, env, directory)))
    return { directory, moved: undefined };
  const shared = await makeDirectory(sharedHome(request), true);
  await checkOwnership(request.sharedRoot);
  if (await canEnter(account, env, shared)) {
    return {
      directory: shared,
      moved: `the user ${account.name} may not enter ${directory}, so PostgreSQL's files are in ${shared}`,
    };
  }
  throw new DayboardError({
    code: 'demo.postgres-directory',
    message:
      `PostgreSQL has to run as the user ${account.name} (it refuses root), and that user may enter neither ` +
      `${directory} nor ${shared}. Nothing was started.`,
    facts: { directory, account: account.name },
    next: 'Name a directory that this user can reach, for example: dayboard demo --dir /var/tmp/dayboard-demo',
  });
}

/** Every place where `openHome` may have put the files of this directory. */
export function possibleHomes(directory: string, sharedRoot: string): string[] {
  return [resolve(directory), sharedHome({ directory, sharedRoot })];
}

/** A name that is the same for the same directory at every start. */
function sharedHome(request: { directory: string; sharedRoot: string }): string {
  const wanted = resolve(request.directory);
  const digest = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  return join(resolve(request.sharedRoot), `${basename(wanted)}-${digest}`);
}

/** Makes the directory when it is missing, and lets others pass through (not look into) one that root owns. */
async function makeDirectory(directory: string, passable: boolean): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: passable ? 0o711 : 0o700 });
    const { mode, uid } = await stat(directory);
    if (passable && uid === process.getuid?.() && (mode & 0o011) !== 0o011)
      await chmod(directory, mode | 0o011);
    return await realpath(directory);
  } catch (cause) {
    throw new DayboardError({
      code: 'demo.postgres-directory',
      message: `The directory ${directory} for the embedded PostgreSQL cannot be made or used: ${(cause as Error).message}`,
      facts: { directory },
      next: 'Name a directory that you may write to: dayboard demo --dir DIR',
      cause,
    });
  }
}

/** Asked by doing it, as that user: modes alone do not tell (ACLs, mounts, security modules). */
export async function canEnter(account: Account, env: Environment, directory: string): Promise<boolean> {
  const answer = await run(account, env, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory]);
  if (answer.code !== 'not-started') return answer.code === 0;
  throw new DayboardError({
    code: 'demo.postgres-account',
    message:
      `PostgreSQL refuses to run as root, and this root may not start a process as the user ${account.name} ` +
      `(${answer.stderr}). Nothing was started.`,
    facts: { account: account.name, uid: account.uid },
    next: 'Run dayboard as a normal user. In a container: give it the capabilities SETUID, SETGID and CHOWN, or a USER.',
  });
}

/** Root must not work in a directory that someone else prepared. */
async function checkOwnership(directory: string): Promise<void> {
  const found = await lstat(directory);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return;
  throw new DayboardError({
    code: 'demo.postgres-directory',
    message: `${directory} is not a directory of ours that only we may write to. Nothing was started.`,
    facts: { directory, owner: found.uid, mode: (found.mode & 0o7777).toString(8) },
    next: 'Look who made it, then remove it or correct its owner and mode (0711).',
  });
}
