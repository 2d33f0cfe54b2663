import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { asAccount, processExists } from './processes.ts';
import { type Settings, serverArguments } from './settings.ts';

/**
 * The parent of the server: a shell in a session of its own, which no Ctrl-C and no closing terminal reaches.
 * It waits on a named pipe, `waiting/alive.<server's process id>`, that every dayboard that uses the server
 * holds open. The kernel closes it for a dayboard that ends in whatever way, kill -9 included; when the last
 * one has gone, the shell reads end-of-file and stops the server (SIGINT: a fast shutdown), again until it has gone: a
 * server that was only just started ignores the first, as everything that a shell starts in the background does.
 *
 * Before it stops, it moves the pipe away and looks once more. Who opened the pipe in between has written a
 * line, which is then read, and all goes on; who comes later finds no pipe. Nobody can come unseen.
 *
 * Its standard input is the pipe of the dayboard that starts it, for the time until that one holds the
 * named pipe too.
 */
const WATCHDOG = `
waiting=$1
shift
trap '' HUP INT TERM
"$@" </dev/null >&2 &
server=$!
exec 5<&0 </dev/null
alive=$waiting/alive.$server
if ! mkfifo -m 600 "$alive"; then
  kill -INT "$server"
  wait "$server"
  exit 1
fi
(
  exec 4<>"$alive" 3<"$alive"
  read -r line <&5
  exec 4>&- 5<&-
  while :; do
    while read -r line <&3; do :; done
    mv "$alive" "$alive.closing"
    read -r line <&3 || break
    mv "$alive.closing" "$alive"
  done
  while kill -INT "$server" 2>/dev/null; do sleep 1; done
) &
watcher=$!
exec 5<&-
wait "$server"
status=$?
kill -KILL "$watcher" 2>/dev/null
rm -f "$alive" "$alive.closing"
exit "$status"
`;

/** A server that was started and may not be ready yet. */
export interface Launched {
  port: number;
  /** The watchdog's exit code (or the signal, or why it could not be started), once it has ended. */
  ended(): number | string | undefined;
  /** What the server has logged since it was started. */
  said(): Promise<string>;
  /** Says that the named pipe is held now. */
  handOver(): void;
}

/** Starts the server on `port` under its watchdog. It outlives us until the watchdog sees that we have gone. */
export async function launch(cluster: Cluster, port: number, settings: Settings): Promise<Launched> {
  const args = serverArguments(cluster.data, port, settings);
  await rotateLog(cluster.log);
  await removeOldPipes(cluster.waiting);
  const log = openSync(cluster.log, LOG_FLAGS, 0o600);
  const start = statSync(cluster.log).size;
  let watchdog: ChildProcess;
  try {
    const command = ['-c', WATCHDOG, 'dayboard-postgres', cluster.waiting];
    watchdog = spawn('/bin/sh', [...command, join(cluster.runtime.bin, 'postgres'), ...args], {
      ...asAccount(cluster.account, cluster.env),
      detached: true,
      stdio: ['pipe', log, log],
    });
  } finally {
    closeSync(log);
  }
  let failure: string | undefined;
  watchdog.on('error', (error) => {
    failure = error.message;
  });
  watchdog.stdin?.on('error', () => undefined); // It may end before us: `ended` tells.
  watchdog.unref();
  return {
    port,
    ended: () => watchdog.exitCode ?? failure ?? watchdog.signalCode ?? undefined,
    said: async () => failure ?? (await readFrom(cluster.log, start)),
    handOver: () => watchdog.stdin?.end(),
  };
}

/** A port of 127.0.0.1 that is free now; another process may still take it before the server does. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Never through a link: root may write where the server's user, too, has a say. */
const LOG_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** One older log is kept. */
const LOG_LIMIT = 16 * 1024 * 1024;

async function rotateLog(log: string): Promise<void> {
  const found = await stat(log).catch(() => undefined);
  if (found !== undefined && found.size > LOG_LIMIT) await rename(log, `${log}.1`);
}

/** Pipes of watchdogs that were killed. */
async function removeOldPipes(waiting: string): Promise<void> {
  for (const name of await readdir(waiting)) {
    const pid = Number(/^alive\.(\d+)/.exec(name)?.[1]);
    if (pid > 0 && !processExists(pid)) await rm(join(waiting, name), { force: true });
  }
}

/** At most the last 64 KiB after `start`. */
async function readFrom(file: string, start: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(start, size - 65_536);
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(Math.max(0, size - from)),
      0,
      size - from,
      from,
    );
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
