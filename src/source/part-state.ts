import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfCancelled } from './errors.ts';

/** Whose file: the entry's hash in its directory, and how large it will be. */
export interface PartPlace {
  directory: string;
  /** Hexadecimal; names everything that belongs to the entry. */
  hash: string;
  size: number;
  partSize: number;
}

/** What of a file has arrived; kept beside it as JSON. */
export interface State {
  version: 1;
  size: number;
  partSize: number;
  /** Bytes that have arrived and are on disk, per part, from the part's beginning. */
  done: number[];
  /** The MD5 of the whole, when the source has said it. */
  md5?: string;
  /** Nobody works on it. */
  released: boolean;
}

/** A file that nobody has touched for so long has no owner. */
const DEAD_MS = 3000;
const POLL_MS = 100;
const MAX_PARTS = 1000;
const NAME = /^([0-9a-f]{64})\.([0-9a-f]{16})\.part$/;

export function partPath({ directory, hash }: PartPlace, token: string): string {
  return join(directory, `${hash}.${token}.part`);
}

export function statePath({ directory, hash }: PartPlace, token: string): string {
  return join(directory, `${hash}.${token}.state`);
}

/** Tokens of the entry's files, in an order that all processes share. */
export async function tokens({ directory, hash }: PartPlace): Promise<string[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => (name.startsWith(hash) ? (NAME.exec(name)?.[2] ?? []) : [])).sort();
}

export function newState({ size, partSize }: PartPlace): State {
  const length = Math.max(partSize, Math.ceil(size / MAX_PARTS));
  const count = Math.max(1, Math.ceil(size / length));
  return {
    version: 1,
    size,
    partSize: length,
    done: Array.from({ length: count }, () => 0),
    released: false,
  };
}

/** What is written beside a file; undefined when there is nothing, or nothing that can be trusted. */
export async function readState(place: PartPlace, token: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(statePath(place, token), 'utf8')) as State;
    const isOurs =
      state.version === 1 &&
      state.size === place.size &&
      state.partSize > 0 &&
      state.done.length === Math.max(1, Math.ceil(state.size / state.partSize)) &&
      state.done.every((bytes) => Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= state.partSize);
    return isOurs ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Watches a file for a while: true when nobody touches it. No clock but this process's own is asked. */
export async function isDead(
  place: PartPlace,
  token: string,
  onWait: () => void,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const first = await marks(place, token);
  onWait();
  for (let waited = 0; waited < DEAD_MS; waited += POLL_MS) {
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() =>
      throwIfCancelled(signal),
    );
    if ((await marks(place, token)) !== first) return false;
  }
  return true;
}

/** Changes whenever the owner writes or leaves. */
async function marks(place: PartPlace, token: string): Promise<string> {
  const times = [partPath(place, token), statePath(place, token)].map(async (path) => {
    const found = await lstat(path, { bigint: true }).catch(() => undefined);
    return `${found?.mtimeNs}/${found?.ino}`;
  });
  return (await Promise.all(times)).join(' ');
}
