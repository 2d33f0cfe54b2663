import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { poll, processExists, servesData } from './processes.ts';

/** What is needed to look for a server. */
type Watched = Pick<Cluster, 'data' | 'env'>;

/** What is known of the server of a cluster, from its postmaster.pid and the process table. */
export type ServerState =
  | { kind: 'none' }
  /** It starts, recovers or stops. `pid` is undefined while its file is being written. */
  | { kind: 'busy'; pid: number | undefined }
  | { kind: 'ready'; pid: number; port: number };

/** PostgreSQL writes the file right after making it; one that stays empty is what a full disk left. */
const EMPTY_FOR = 5_000;

/**
 * Looks for a live server of this cluster. A postmaster.pid of a dead process is left to PostgreSQL, which
 * recovers; one whose process id belongs to some other process by now, and one that stayed empty, would make
 * it refuse to start, so they are removed here. (PostgreSQL still refuses, rightly, while processes of the
 * crashed server hold its shared memory.)
 */
export async function serverState(cluster: Watched): Promise<ServerState> {
  const file = join(cluster.data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return { kind: 'none' };
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) {
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs < EMPTY_FOR)
      return { kind: 'busy', pid: undefined };
    await removeStale(file, text);
    return { kind: 'none' };
  }
  if (!(await servesData(pid, cluster.data, cluster.env))) {
    if (processExists(pid)) await removeStale(file, text);
    return { kind: 'none' };
  }
  const port = Number(lines[3]);
  return lines[7] === 'ready' && port > 0 ? { kind: 'ready', pid, port } : { kind: 'busy', pid };
}

/** Removes the file only while it says `stale`: a server that another dayboard starts now writes it anew. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch {
    return; // Another dayboard was faster.
  }
  if ((await readFile(aside, 'utf8')) === stale) await rm(aside);
  else await rename(aside, file);
}

/** Waits until process `pid` serves this cluster no longer; false when it still does after the time. */
export async function waitUntilGone(cluster: Watched, pid: number, milliseconds: number): Promise<boolean> {
  const gone = await poll(milliseconds, async () =>
    (await servesData(pid, cluster.data, cluster.env)) ? undefined : true,
  );
  return gone ?? false;
}
