import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { processExists } from './processes.ts';

/** Our hold on a running server: while one exists anywhere, the watchdog keeps the server. */
export interface Lease {
  /** Lets go. The kernel does the same when this process ends in whatever way. */
  release(): Promise<void>;
}

/** Holds the server `pid`, or answers undefined when no watchdog waits for us: it stops, or was killed. */
export async function takeLease(cluster: Cluster, pid: number): Promise<Lease | undefined> {
  const descriptor = holdPipe(join(cluster.waiting, `alive.${pid}`));
  if (descriptor === undefined) return undefined;
  const mark = join(cluster.users, `${process.pid}.${randomBytes(4).toString('hex')}`);
  await writeFile(mark, '', { mode: 0o600 });
  return {
    release: async () => {
      await rm(mark, { force: true });
      closeSync(descriptor);
    },
  };
}

/** Whether a live process has said that it uses the server. Only tells whether to wait for the server's end. */
export async function hasUsers(cluster: Pick<Cluster, 'users'>): Promise<boolean> {
  for (const name of await readdir(cluster.users)) {
    if (processExists(Number.parseInt(name, 10))) return true;
    await rm(join(cluster.users, name), { force: true });
  }
  return false;
}

/** The watchdog's protocol: open, write a line, and see that the pipe has not been moved away meanwhile. */
function holdPipe(path: string): number | undefined {
  let descriptor: number;
  try {
    // Not blocking: without a reader this fails (ENXIO) instead of waiting for one.
    descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const opened = fstatSync(descriptor);
    if (opened.isFIFO()) {
      writeSync(descriptor, `${process.pid}\n`);
      if (lstatSync(path).ino === opened.ino) return descriptor;
    }
  } catch {
    // The reader has gone: not held.
  }
  closeSync(descriptor);
  return undefined;
}
