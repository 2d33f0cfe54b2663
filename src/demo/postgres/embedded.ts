import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { DayboardError } from '../../project/errors.ts';
import { serverAccount, systemAccounts } from './account.ts';
import { clusterPaths, openCluster, ownerOfData } from './cluster.ts';
import { openHome, possibleHomes, SHARED_ROOT } from './home.ts';
import { hasUsers } from './lease.ts';
import { serverState } from './postmaster.ts';
import { type Environment, errno } from './processes.ts';
import { embeddedRuntime, packagedPostgres, type Runtime } from './runtime.ts';
import { type ClusterServer, startCluster, stopServer } from './server.ts';
import type { Settings } from './settings.ts';
import { freePort } from './watchdog.ts';

export interface EmbeddedPostgresOptions {
  /** Where the server keeps its files: a directory of its own. Made when missing. */
  directory: string;
  /** The superuser's password for a new cluster (default: generated). An existing cluster keeps its own. */
  password?: string;
  /** Only PATH is taken from it; nothing else reaches the server. */
  env: Environment;
  /** Over the defaults of settings.ts; a server that runs already keeps those it was started with. */
  settings?: Settings;
  /** Told in a line each: what is made, started, reused, recovered. */
  onLog?: (line: string) => void;
  /** Where root keeps the files when the server's user cannot reach `directory`. Default /var/lib/dayboard. */
  sharedRoot?: string;
  /** Names a port to listen on. Default: one that the system says is free. */
  choosePort?: () => Promise<number>;
}

/** A PostgreSQL of our own on this machine, reachable from this machine only. */
export interface EmbeddedPostgres extends ClusterServer {
  /** Where its files are: the wanted directory, or for root the one that had to be taken instead. */
  directory: string;
}

/**
 * Starts the PostgreSQL that comes with npm on `directory`, or joins the one that already runs there.
 *
 * As root it runs as the user postgres, else nobody. It ends when the last process that uses it ends,
 * however that happens: see watchdog.ts. Errors have codes that begin with `demo.postgres-`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const preferred = await serverAccount(process.getuid?.(), systemAccounts(options.env));
  const onRuntime = (home: string, account: typeof preferred): Promise<Runtime> =>
    embeddedRuntime({ native: packagedPostgres(), home, account, env: options.env });
  return startPostgres(options, preferred, onRuntime);
}

/** As `startEmbeddedPostgres`, for the programs that `findRuntime` names. */
export async function startPostgres(
  options: EmbeddedPostgresOptions,
  preferred: Awaited<ReturnType<typeof serverAccount>>,
  findRuntime: (home: string, account: typeof preferred) => Promise<Runtime>,
): Promise<EmbeddedPostgres> {
  const { env, settings = {}, onLog = () => undefined } = options;
  const home = await openHome({
    directory: options.directory,
    account: await ownerOfData(options.directory, preferred),
    env,
    sharedRoot: options.sharedRoot ?? SHARED_ROOT,
  });
  if (home.moved !== undefined) onLog(home.moved);
  const account = await ownerOfData(home.directory, preferred);
  const runtime = await findRuntime(home.directory, account);
  const durable = settings['fsync'] !== false && settings['fsync'] !== 'off';
  const cluster = await openCluster({
    home: home.directory,
    runtime,
    account,
    env,
    password: options.password,
    durable,
    onLog,
  });
  const server = await startCluster(cluster, { settings, onLog, choosePort: options.choosePort ?? freePort });
  return { ...server, directory: home.directory };
}

/**
 * Removes the cluster of `directory` wherever `startEmbeddedPostgres` put it (`--reset`). Refused while a
 * dayboard uses it; a server that was left behind is stopped. True when there was one.
 * Errors: demo.postgres-in-use, demo.postgres-stop, demo.postgres-owner.
 */
export async function removeEmbeddedPostgres(
  options: Pick<EmbeddedPostgresOptions, 'directory' | 'env' | 'sharedRoot'>,
): Promise<boolean> {
  let removed = false;
  for (const home of possibleHomes(options.directory, options.sharedRoot ?? SHARED_ROOT)) {
    const paths = clusterPaths(home);
    if ((await stat(paths.directory).catch(() => undefined)) === undefined) continue;
    try {
      await readdir(paths.users);
    } catch (cause) {
      if (errno(cause) === 'EACCES') throw notOurs(paths.directory, cause);
    }
    if (await hasUsers(paths)) throw inUse(paths.directory);
    const state = await serverState({ ...paths, env: options.env });
    if (state.kind !== 'none') await stopServer({ ...paths, env: options.env }, state.pid);
    await rm(paths.directory, { recursive: true, force: true });
    // The home itself goes when nothing else is in it.
    await rmdir(home).catch(() => undefined);
    removed = true;
  }
  return removed;
}

function inUse(directory: string): DayboardError {
  return new DayboardError({
    code: 'demo.postgres-in-use',
    message: `Another dayboard uses the PostgreSQL in ${directory}. It was left as it is.`,
    facts: { directory },
    next: 'Leave that dayboard first, or name another directory with --dir.',
    kind: 'refused',
  });
}

function notOurs(directory: string, cause: unknown): DayboardError {
  return new DayboardError({
    code: 'demo.postgres-owner',
    message: `The PostgreSQL cluster in ${directory} belongs to another user. It was left as it is.`,
    facts: { directory },
    next: 'Run dayboard as that user, or name another directory with --dir.',
    cause,
  });
}
