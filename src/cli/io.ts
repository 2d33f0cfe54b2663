import { hostname, userInfo } from 'node:os';
import type { Environment } from '../project/environment.ts';
import type { Composition } from '../run/compose.ts';

/** What a command knows of the process that it runs in; tests give their own. */
export interface Io {
  env: Environment;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  cwd: string;
  /** RFC 3339, UTC. */
  now: () => string;
  actor: Composition['actor'];
  /** Calls back on each SIGINT, SIGTERM and SIGHUP; returns the function that ends it. */
  onSignal(listener: (signal: NodeJS.Signals) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Aborts when whoever read stdout has gone: the other end of a pipe, or the terminal itself. */
  readerGone: AbortSignal;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The real process. From here on a reader of stdout or stderr that goes away does not end it with a stack trace. */
export function processIo(): Io {
  const gone = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Nobody reads any more: of a pipe, and of a terminal that hung up. Of a file it would be its disk's.
      const isGone = error.code === 'EPIPE' || (error.code === 'EIO' && stream.isTTY);
      if (!isGone) throw error;
      if (stream === process.stdout) gone.abort();
    });
  }
  // A terminal that hung up cannot be read either; whoever reads a file or a pipe tells its errors.
  if (process.stdin.isTTY) {
    process.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EIO') throw error;
      gone.abort();
    });
  }
  return {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    cwd: process.cwd(),
    now: () => new Date().toISOString(),
    actor: { user: userName(process.env), host: hostname(), pid: process.pid },
    onSignal,
    exit: (code) => process.exit(code),
    readerGone: gone.signal,
  };
}

function onSignal(listener: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Who sits there. Containers often have a user id that no name belongs to. */
function userName(env: Environment): string {
  try {
    return userInfo().username;
  } catch {
    return env.USER ?? env.LOGNAME ?? `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Whether somebody can be asked: input and the stream of messages are a terminal. */
export function canAsk(io: Io): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}
