import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, rm, statfs, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { SourceObject } from '../project/model.ts';
import { cacheError, cacheRefused, diskFull } from './cache-errors.ts';
import { evict, type Evicted, type EvictRule } from './cache-evict.ts';
import { download, verify } from './download.ts';
import { throwIfCancelled } from './errors.ts';
import { PartFile } from './part-file.ts';
import type { Retry } from './retry.ts';
import type { Source } from './source.ts';

/** Whose object it is: the same key in two buckets is two things. */
type Origin = Pick<Source, 'place'>;

/** Verified copies of objects on this machine, each under a hash of its place, key and ETag. */
export interface Cache {
  /** Where they are: a directory of this user alone. */
  readonly directory: string;
  /** Whether this version of the object is here, whole. */
  has(origin: Origin, object: SourceObject): Promise<boolean>;
  /** The file of this version of the object, be it here or not. */
  path(origin: Origin, object: SourceObject): string;
  /** Makes the directory and makes sure of it. Fails with 'source.cache'. */
  prepare(): Promise<void>;
  /** Removes what has not been used for long, oldest first; never what was used within the last hour. */
  evict(rule: EvictRule): Promise<Evicted>;
}

export interface CachedFile {
  path: string;
  bytes: number;
  /** It was here already, or another process brought it. */
  reused: boolean;
}

export interface FetchRequest {
  source: Source;
  cache: Cache;
  object: SourceObject;
  signal?: AbortSignal | undefined;
  /** Called with every mebibyte; `bytes` may begin above 0 when an earlier try left something. */
  onProgress?: ((progress: { bytes: number; totalBytes: number }) => void) | undefined;
  /** Called for each try that failed and will be followed by another. */
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Called once when another process is at the same object and is waited for. */
  onWait?: (() => void) | undefined;
  /** Objects of more than four parts are loaded in parts of this many bytes, default 16 MiB. */
  partSize?: number | undefined;
  /** Parts side by side, default 4. */
  parallel?: number | undefined;
  /** The pause before a failed part is tried again, in milliseconds. */
  retryDelayMs?: number | undefined;
}

const PART_BYTES = 16 * 1024 * 1024;
const PARALLEL = 4;

/** After these, what has arrived is of no use. */
const OBSOLETE = new Set(['source.object-changed', 'source.object-missing', 'source.checksum']);

/**
 * The cache in a directory, which is made when it is not there. A directory that cannot be used makes the first
 * fetch fail, not this: the board can be read without a cache. `now`: epoch milliseconds.
 */
export async function openCache(directory: string, now: () => number = Date.now): Promise<Cache> {
  const cache = new DirectoryCache(join(resolve(directory), 'objects'), now);
  await cache.prepare().catch(() => undefined);
  return cache;
}

/**
 * Brings exactly this version of an object into the cache: resumable, verified in length and (where the source
 * vouches for it) MD5, and visible under its name only when whole. Fails with 'source.…'; what has arrived by then
 * is kept for the next try, unless it is of no use.
 */
export async function fetchToCache(request: FetchRequest): Promise<CachedFile> {
  const { source, cache, object, signal, onWait, partSize = PART_BYTES } = request;
  throwIfCancelled(signal);
  await cache.prepare();
  const path = cache.path(source, object);
  const place = {
    directory: cache.directory,
    hash: hashOf(source, object),
    size: object.size,
    partSize: object.size > 4 * partSize ? partSize : Math.max(1, object.size),
  };
  try {
    for (;;) {
      const file = await PartFile.claim(place, () => cache.has(source, object), { signal, onWait });
      if (file === undefined) return { path, bytes: object.size, reused: true };
      if (await bring(request, file, path)) return { path, bytes: object.size, reused: false };
    }
  } catch (thrown) {
    throw cacheError(thrown, cache.directory);
  }
}

/** Loads, verifies and publishes; false when another process took the file over meanwhile. */
async function bring(request: FetchRequest, file: PartFile, path: string): Promise<boolean> {
  const { source, cache, object, signal, onProgress, onRetry, parallel = PARALLEL, retryDelayMs } = request;
  const retry = { signal, onRetry, ...(retryDelayMs === undefined ? {} : { delayMs: retryDelayMs }) };
  try {
    await requireRoom(cache.directory, object.size - file.bytes);
    await download({ source, object, file, parallel, retry, onProgress });
    await verify(source, object, file, signal);
  } catch (thrown) {
    const error = cacheError(thrown, cache.directory);
    // The failure itself is what has to be told, not one of putting things away after it.
    await (OBSOLETE.has(error.code) ? file.discard() : file.release()).catch(() => undefined);
    throw error;
  }
  return file.publish(path);
}

async function requireRoom(directory: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes) throw diskFull(directory, { neededBytes, freeBytes });
}

function hashOf({ place }: Origin, { key, etag }: SourceObject): string {
  return createHash('sha256')
    .update(JSON.stringify([place, key, etag]))
    .digest('hex');
}

class DirectoryCache implements Cache {
  readonly directory: string;
  readonly #now: () => number;

  constructor(directory: string, now: () => number) {
    this.directory = directory;
    this.#now = now;
  }

  path(origin: Origin, object: SourceObject): string {
    return join(this.directory, hashOf(origin, object));
  }

  async has(origin: Origin, object: SourceObject): Promise<boolean> {
    const path = this.path(origin, object);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== object.size) return false;
    // Marks it as used; who may only read can use it all the same.
    const now = new Date(this.#now());
    await utimes(path, now, now).catch(() => undefined);
    return true;
  }

  async prepare(): Promise<void> {
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      const found = await lstat(this.directory);
      if (!found.isDirectory()) throw cacheRefused(this.directory, 'it is a link or a file');
      if (found.uid !== (await this.#ownUser()))
        throw cacheRefused(this.directory, 'it belongs to another user');
      if ((found.mode & 0o077) !== 0) await chmod(this.directory, 0o700);
    } catch (thrown) {
      throw cacheError(thrown, this.directory);
    }
  }

  /** The user that files made here belong to. */
  async #ownUser(): Promise<number> {
    const path = join(this.directory, `probe.${randomBytes(8).toString('hex')}`);
    const handle = await open(path, 'wx', 0o600);
    try {
      return (await handle.stat()).uid;
    } finally {
      await handle.close();
      await rm(path, { force: true });
    }
  }

  evict(rule: EvictRule): Promise<Evicted> {
    return evict(this.directory, rule, this.#now());
  }
}
