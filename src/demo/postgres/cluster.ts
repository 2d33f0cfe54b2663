import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DayboardError } from '../../project/errors.ts';
import { canEnter } from './home.ts';
import { type Account, type Environment, errno, processExists, run } from './processes.ts';
import type { Runtime } from './runtime.ts';
import { lastLines } from './text.ts';

/** The superuser of every cluster made here. */
export const SUPERUSER = 'dayboard';

/** A database cluster on disk. Everything but `data` and `waiting` belongs to whom dayboard runs as. */
export interface Cluster {
  directory: string;
  /** PostgreSQL's data directory, of the server's user alone. */
  data: string;
  /** Of the server's user: the pipes that the watchdogs wait on. */
  waiting: string;
  /** One file per dayboard that uses the server. */
  users: string;
  log: string;
  passwordFile: string;
  account: Account | undefined;
  runtime: Runtime;
  env: Environment;
}

export interface ClusterRequest {
  home: string;
  runtime: Runtime;
  account: Account | undefined;
  env: Environment;
  /** For a new cluster; an existing one keeps its own. */
  password: string | undefined;
  /** Whether a crash of the machine may cost the new cluster. */
  durable: boolean;
  onLog: (line: string) => void;
}

/** Where the parts of the cluster in `home` are. */
export function clusterPaths(
  home: string,
): Pick<Cluster, 'directory' | 'data' | 'waiting' | 'users' | 'log' | 'passwordFile'> {
  return partsOf(join(home, 'cluster'));
}

function partsOf(directory: string): ReturnType<typeof clusterPaths> {
  return {
    directory,
    data: join(directory, 'data'),
    waiting: join(directory, 'waiting'),
    users: join(directory, 'users'),
    log: join(directory, 'postgres.log'),
    passwordFile: join(directory, 'password'),
  };
}

/**
 * The user that owns the data in `home`, when root finds a cluster that another user's dayboard made, or
 * that was made before the preferred user existed; otherwise `account`.
 */
export async function ownerOfData(home: string, account: Account | undefined): Promise<Account | undefined> {
  if (account === undefined) return undefined;
  const found = await stat(clusterPaths(home).data).catch(() => undefined);
  if (found === undefined || found.uid === account.uid || found.uid === 0) return account;
  return { name: `uid ${found.uid}`, uid: found.uid, gid: found.gid };
}

/**
 * The cluster in `home`, made when there is none. A new one is built beside and renamed into place: it is
 * there whole, with its password, or not at all, and of two dayboards that make one at the same time one wins.
 * Errors: demo.postgres-initdb, demo.postgres-damaged, demo.postgres-owner, demo.postgres-version.
 */
export async function openCluster(request: ClusterRequest): Promise<Cluster> {
  const { home, account, runtime, env } = request;
  await removeLeftovers(home);
  const cluster: Cluster = { ...clusterPaths(home), account, runtime, env };
  const exists = await stat(cluster.directory).catch(() => undefined);
  if (exists === undefined) await createCluster(request);
  await checkCluster(cluster);
  return cluster;
}

async function createCluster(request: ClusterRequest): Promise<void> {
  const { home, account, runtime, env } = request;
  const name = `cluster-${process.pid}-${randomBytes(4).toString('hex')}`;
  const building = partsOf(join(home, name));
  request.onLog(`making a PostgreSQL ${runtime.version} cluster in ${home}`);
  try {
    await mkdir(building.directory);
    await chmod(building.directory, account === undefined ? 0o700 : 0o711);
    await mkdir(building.users, { mode: 0o700 });
    for (const directory of [building.data, building.waiting]) {
      await mkdir(directory, { mode: 0o700 });
      if (account !== undefined) await chown(directory, account.uid, account.gid);
    }
    const password = request.password ?? randomBytes(24).toString('base64url');
    await writeFile(building.passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    const lent = await lendPassword(building.directory, password, account);
    const made = await run(
      account,
      env,
      join(runtime.bin, 'initdb'),
      initdbArguments(building.data, lent, request),
    );
    await rm(lent);
    if (made.code !== 0) throw initdbError(made, home);
    await rename(building.directory, clusterPaths(home).directory).catch((error: unknown) => {
      if (errno(error) !== 'ENOTEMPTY' && errno(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(building.directory, { recursive: true, force: true });
  }
}

/** initdb reads the password from a file of its own user's; it is removed right after. */
async function lendPassword(
  directory: string,
  password: string,
  account: Account | undefined,
): Promise<string> {
  const file = join(directory, 'initdb-password');
  await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
  if (account !== undefined) await chown(file, account.uid, account.gid);
  return file;
}

function initdbArguments(data: string, passwordFile: string, request: ClusterRequest): string[] {
  // The built-in provider sorts by code point wherever the data goes; older servers have only the system's.
  const locale =
    request.runtime.major >= 17
      ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
      : ['--locale=C.UTF-8'];
  return [
    `--pgdata=${data}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    ...locale,
    '--data-checksums',
    ...(request.durable ? [] : ['--no-sync']),
  ];
}

function initdbError(made: { code: number | string | null; stderr: string }, home: string): DayboardError {
  return new DayboardError({
    code: 'demo.postgres-initdb',
    message: `The embedded PostgreSQL's cluster could not be made in ${home}. What was begun is removed again.`,
    facts: { directory: home, exit: made.code, said: lastLines(made.stderr, 6) },
    next: 'See what initdb said: most often there is no room on the disk, or the directory cannot be written.',
  });
}

/** An existing cluster is used only when this PostgreSQL can and this user may. */
async function checkCluster(cluster: Cluster): Promise<void> {
  const startOver = 'Start over with --reset, or name another directory with --dir.';
  const facts = { directory: cluster.directory };
  let version: string;
  try {
    version = (await readFile(join(cluster.data, 'PG_VERSION'), 'utf8')).trim();
    await readFile(cluster.passwordFile);
  } catch (cause) {
    const forbidden = errno(cause) === 'EACCES';
    throw new DayboardError({
      code: forbidden ? 'demo.postgres-owner' : 'demo.postgres-damaged',
      message: forbidden
        ? `The PostgreSQL cluster in ${cluster.directory} belongs to another user. It was not touched.`
        : `${cluster.directory} is there but is no whole PostgreSQL cluster of dayboard's. It was not touched.`,
      facts,
      next: forbidden ? 'Run dayboard as that user, or name another directory with --dir.' : startOver,
      cause,
    });
  }
  if (Number(version) !== cluster.runtime.major) {
    throw new DayboardError({
      code: 'demo.postgres-version',
      message:
        `The cluster in ${cluster.directory} was made by PostgreSQL ${version}; ` +
        `this dayboard brings ${cluster.runtime.version}. It was not touched.`,
      facts: { ...facts, cluster: version, programs: cluster.runtime.version },
      next: startOver,
    });
  }
  if (cluster.account !== undefined && !(await canEnter(cluster.account, cluster.env, cluster.data))) {
    throw new DayboardError({
      code: 'demo.postgres-owner',
      message: `The user ${cluster.account.name} owns the data in ${cluster.directory} but may not enter it.`,
      facts,
      next: 'Let that user pass through the directories above it, or name another directory with --dir.',
    });
  }
}

/** What a dayboard left that was killed while it made a cluster. */
async function removeLeftovers(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const maker = /^(?:cluster-|runtime-.*\.)(\d+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (maker === undefined || processExists(Number(maker))) continue;
    await rm(join(home, name), { recursive: true, force: true });
  }
}
