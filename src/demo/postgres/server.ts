import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DayboardError } from '../../project/errors.ts';
import { type Cluster, SUPERUSER } from './cluster.ts';
import { hasUsers, type Lease, takeLease } from './lease.ts';
import { HOST, letsUsIn } from './login.ts';
import { type ServerState, serverState, waitUntilGone } from './postmaster.ts';
import { poll, servesData } from './processes.ts';
import type { Settings } from './settings.ts';
import { lastLines } from './text.ts';
import { type Launched, launch } from './watchdog.ts';

/** Enough for crash recovery and for a shutdown's checkpoint. */
const PATIENCE = 120_000;

/** How long a watchdog takes to make its pipe, or to change its mind, at the very most. */
const WATCHDOG_PATIENCE = 3_000;

/** A running server that we hold. */
export interface ClusterServer extends AsyncDisposable {
  host: '127.0.0.1';
  port: number;
  user: string;
  password: string;
  /** Holds the password: for drivers, never for a screen or a log. Says that TLS is not needed on the way to ourselves. */
  connectionString: (database: string) => string;
  /** True when another dayboard had started it. */
  reused: boolean;
  /** The server's log file. */
  log: string;
  /** Lets go of the server; when nobody else uses it, it is stopped, which this waits for. */
  stop(): Promise<void>;
}

export interface StartRequest {
  /** For a server that is started here; one that runs keeps its own. */
  settings: Settings;
  onLog: (line: string) => void;
  /** Asked again when the port turns out to be taken. */
  choosePort: () => Promise<number>;
}

type Held = { lease: Lease; pid: number; port: number; reused: boolean };

/**
 * Joins the live server of the cluster, or starts one. Several dayboards may do so at once: PostgreSQL's own
 * lock on the data directory decides which one starts it, the others join.
 */
export async function startCluster(cluster: Cluster, request: StartRequest): Promise<ClusterServer> {
  const { onLog } = request;
  const password = (await readFile(cluster.passwordFile, 'utf8')).trimEnd();
  const end = performance.now() + PATIENCE;
  let failures = 0;
  while (performance.now() < end) {
    const state = await serverState(cluster);
    let held: Held | undefined;
    if (state.kind === 'ready') held = await join(cluster, state, onLog);
    else if (state.kind === 'busy') await delay(15);
    else {
      held = await start(cluster, request, () => {
        failures += 1;
        return failures < 5;
      });
    }
    if (held === undefined) continue;
    if (await loggedIn(cluster, held, password)) {
      onLog(
        `${held.reused ? 'joined' : 'started'} PostgreSQL ${cluster.runtime.version} on ${HOST}:${held.port}`,
      );
      return asServer(cluster, held, password);
    }
    await delay(15);
  }
  throw new DayboardError({
    code: 'demo.postgres-start',
    message: `The embedded PostgreSQL in ${cluster.directory} was not ready after ${PATIENCE / 1000} seconds.`,
    facts: { directory: cluster.directory, log: cluster.log },
    next: `Look into ${cluster.log}. It may still be recovering from a crash: then start again.`,
  });
}

/** Holds a live server, or stops one that lost its watchdog: nothing would ever end it. */
async function join(
  cluster: Cluster,
  state: Extract<ServerState, { kind: 'ready' }>,
  onLog: (line: string) => void,
): Promise<Held | undefined> {
  const outcome = await poll(WATCHDOG_PATIENCE, async () => {
    const lease = await takeLease(cluster, state.pid);
    if (lease !== undefined) return lease;
    const now = await serverState(cluster);
    return now.kind === 'ready' && now.pid === state.pid ? undefined : ('changed' as const);
  });
  if (outcome === 'changed') return undefined;
  if (outcome !== undefined) return { lease: outcome, pid: state.pid, port: state.port, reused: true };
  onLog(`stopping a PostgreSQL that an earlier dayboard left behind (process ${state.pid})`);
  await stopServer(cluster, state.pid);
  return undefined;
}

/** Starts the server; undefined when it is worth looking again: another was faster, or its port was taken. */
async function start(
  cluster: Cluster,
  request: StartRequest,
  mayRetry: () => boolean,
): Promise<Held | undefined> {
  const launched = await launch(cluster, await request.choosePort(), request.settings);
  try {
    return await poll(PATIENCE, async () => {
      const state = await serverState(cluster);
      if (state.kind === 'ready') {
        const lease = await takeLease(cluster, state.pid);
        if (lease !== undefined) {
          return { lease, pid: state.pid, port: state.port, reused: state.port !== launched.port };
        }
      }
      if (launched.ended() === undefined) return undefined;
      throw await startError(cluster, launched);
    });
  } catch (error) {
    const live = (await serverState(cluster)).kind !== 'none';
    if ((live || isPassing(error)) && mayRetry()) return undefined;
    throw error;
  } finally {
    launched.handOver();
  }
}

/** Another server on the data or the port, or processes of a crashed server that have not ended yet. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof DayboardError)) return false;
  return /postmaster\.pid" already exists|Address already in use|still in use/.test(
    String(error.facts['said']),
  );
}

async function startError(cluster: Cluster, launched: Launched): Promise<DayboardError> {
  return new DayboardError({
    code: 'demo.postgres-start',
    message: `The embedded PostgreSQL in ${cluster.directory} ended while it started. Its data was left as it is.`,
    facts: {
      directory: cluster.directory,
      exit: launched.ended(),
      said: lastLines(await launched.said(), 8),
      log: cluster.log,
    },
    next: `See what the server said. If the data is damaged, start over with --reset.`,
  });
}

/** False, and no longer held, when the server is about to stop. */
async function loggedIn(cluster: Cluster, held: Held, password: string): Promise<boolean> {
  let welcome = false;
  try {
    welcome = await letsUsIn(cluster, held.port, password);
  } finally {
    if (!welcome) await held.lease.release();
  }
  return welcome;
}

function asServer(cluster: Cluster, held: Held, password: string): ClusterServer {
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= letGo(cluster, held);
    return stopping;
  };
  const secret = encodeURIComponent(password);
  return {
    host: HOST,
    port: held.port,
    user: SUPERUSER,
    password,
    connectionString: (database) =>
      `postgres://${SUPERUSER}:${secret}@${HOST}:${held.port}/${encodeURIComponent(database)}?sslmode=disable`,
    reused: held.reused,
    log: cluster.log,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The watchdog stops the server after the last release; others that use it are not waited for. */
async function letGo(cluster: Cluster, held: Held): Promise<void> {
  await held.lease.release();
  const outcome = await poll(PATIENCE, async () => {
    if (!(await servesData(held.pid, cluster.data, cluster.env))) return 'stopped';
    return (await hasUsers(cluster)) ? 'in use' : undefined;
  });
  if (outcome === undefined) throw stopError(cluster, held.pid);
}

/** Stops a server whose watchdog has gone (a fast shutdown) and waits for its end. */
export async function stopServer(
  cluster: Pick<Cluster, 'directory' | 'data' | 'env'>,
  pid: number | undefined,
): Promise<void> {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It has ended by itself: the wait below sees that.
  }
  if (!(await waitUntilGone(cluster, pid, PATIENCE))) throw stopError(cluster, pid);
}

function stopError(cluster: Pick<Cluster, 'directory'>, pid: number): DayboardError {
  return new DayboardError({
    code: 'demo.postgres-stop',
    message: `The embedded PostgreSQL in ${cluster.directory} (process ${pid}) did not stop in ${PATIENCE / 1000} seconds.`,
    facts: { directory: cluster.directory, pid },
    next: `Look what it is doing; as a last resort: kill -QUIT ${pid} (it recovers at the next start).`,
  });
}
