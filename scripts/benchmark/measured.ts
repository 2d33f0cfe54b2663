import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a program did, and what it took. */
export interface Measured {
  stdout: string;
  /** From its start to its end. */
  seconds: number;
  /** The most memory that it held; undefined where the system does not tell (there is no /proc). */
  maxRssMegabytes: number | undefined;
}

/** A high-water mark is read so often that the last look is near the end. */
const LOOK_MS = 20;

/** Runs a program to its end. Rejects when it fails, with what it wrote to stderr. */
export async function measured(command: string, args: readonly string[]): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  let most: number | undefined;
  const look = setInterval(() => {
    most = maxRss(child.pid) ?? most;
  }, LOOK_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${Buffer.concat(stderr).toString()}`);
    return {
      stdout: Buffer.concat(stdout).toString(),
      seconds: (performance.now() - started) / 1000,
      maxRssMegabytes: most,
    };
  } finally {
    clearInterval(look);
  }
}

function maxRss(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
