import type { BigIntStats } from 'node:fs';
import { constants, type FileHandle, open, opendir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Period, SourceObject } from '../project/model.ts';
import { sourceBody } from './body.ts';
import {
  interrupted,
  objectChanged,
  objectFacts,
  objectMissing,
  printable,
  systemCode,
  throwIfCancelled,
  UNCHANGED,
} from './errors.ts';
import { Deliveries, type KeyPattern, keyPattern } from './keys.ts';
import type { ListedObject, OpenOptions, Source, SourceBody } from './source.ts';

/** Files that are looked at side by side. */
const BATCH = 64;

/**
 * Files of one directory and its subdirectories; their keys are their paths in it, with '/'. What a link or a key
 * leads to outside the directory is never read. A file's ETag follows from its size, time and inode.
 */
export function directorySource(directory: string): Source {
  return new DirectorySource(resolve(directory));
}

class DirectorySource implements Source {
  readonly place: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.place = printable(directory);
  }

  async *list(
    datasets: readonly Dataset[],
    signal?: AbortSignal,
    only?: Period,
  ): AsyncGenerator<ListedObject> {
    const root = await this.#root();
    const deliveries = new Deliveries();
    for (const { base, depth, patterns } of walks(datasets, only)) {
      const wanted = (key: string): boolean => patterns.some((pattern) => pattern.match(key) !== undefined);
      for await (const keys of batches(this.#keys(root, base, depth, wanted), BATCH)) {
        throwIfCancelled(signal);
        const objects = await Promise.all(keys.map((key) => this.#look(root, key)));
        for (const object of objects) if (object !== undefined) collect(deliveries, patterns, object);
      }
    }
    yield* deliveries.values();
  }

  /** The wanted keys in one directory and, `depth` levels deep, in those below it. */
  async *#keys(
    root: string,
    base: string,
    depth: number,
    wanted: (key: string) => boolean,
  ): AsyncGenerator<string> {
    const path = await inside(root, base).catch(() => undefined);
    if (path === undefined) return;
    try {
      for await (const entry of await opendir(path, { bufferSize: 512 })) {
        const key = base + entry.name;
        if (depth === 0) {
          if (wanted(key)) yield key;
        } else if (entry.isDirectory() || (entry.isSymbolicLink() && (await this.#isDirectory(root, key)))) {
          yield* this.#keys(root, `${key}/`, depth - 1, wanted);
        }
      }
    } catch (thrown) {
      if (!isMissing(thrown)) throw this.#error(thrown);
    }
  }

  async #isDirectory(root: string, key: string): Promise<boolean> {
    const path = await inside(root, key).catch(() => undefined);
    return path !== undefined && (await stat(path)).isDirectory();
  }

  /** The object of a key, undefined when it is no file, or none that may be read. */
  async #look(root: string, key: string): Promise<SourceObject | undefined> {
    try {
      const path = await inside(root, key);
      const found = path === undefined ? undefined : await stat(path, { bigint: true });
      if (!found?.isFile()) return undefined;
      const modified = new Date(Number(found.mtimeMs)).toISOString();
      return { key, size: Number(found.size), etag: etagOf(found), modified };
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw this.#error(thrown, { key });
    }
  }

  async open(object: SourceObject, options: OpenOptions = {}): Promise<SourceBody> {
    const { from = 0, to = object.size - 1, signal } = options;
    throwIfCancelled(signal);
    const root = await this.#root();
    let handle: FileHandle | undefined;
    try {
      const path = await inside(root, object.key);
      if (path === undefined) throw this.#outside(object);
      // Not waiting for a writer, should it be a pipe by now.
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const unchanged = async (found: Promise<BigIntStats>): Promise<void> => {
        if (etagOf(await found) !== object.etag) throw objectChanged(this.place, object);
      };
      await unchanged(handle.stat({ bigint: true }));
      return sourceBody({
        // An empty range has no last byte that could be named.
        from: handle.createReadStream({ start: from, end: Math.max(from, to), highWaterMark: 256 * 1024 }),
        length: to - from + 1,
        signal,
        failure: (thrown) => this.#error(thrown, object),
        interruption: (reason) => interrupted(this.place, object, reason),
        atEnd: () => unchanged(stat(path, { bigint: true })),
      });
    } catch (thrown) {
      await handle?.close();
      throw this.#error(thrown, object);
    }
  }

  async probe(): Promise<void> {
    const root = await this.#root();
    try {
      await (await opendir(root)).close();
    } catch (thrown) {
      throw this.#error(thrown);
    }
  }

  close(): void {
    // Nothing stays open between calls.
  }

  /** The directory without links. */
  async #root(): Promise<string> {
    try {
      const root = await realpath(this.#directory);
      if ((await stat(root)).isDirectory()) return root;
    } catch (thrown) {
      if (!isMissing(thrown)) throw this.#error(thrown);
    }
    throw new DayboardError({
      code: 'source.directory-missing',
      message: `There is no directory ${this.place}.`,
      facts: { place: this.place },
      next: `Check the source's path in the definition, and whether the disk is mounted. ${UNCHANGED}`,
    });
  }

  #outside(object: SourceObject): DayboardError {
    return new DayboardError({
      code: 'source.outside',
      message: `${printable(object.key)} is no file inside ${this.place}.`,
      facts: objectFacts(this.place, object),
      next: `Nothing was read. Put the file itself into the directory, not a link to another place. ${UNCHANGED}`,
    });
  }

  #error(thrown: unknown, object?: Pick<SourceObject, 'key'>): DayboardError {
    if (thrown instanceof DayboardError) return thrown;
    if (object !== undefined && isMissing(thrown)) return objectMissing(this.place, object, thrown);
    const code = systemCode(thrown) ?? 'unknown';
    const what = object === undefined ? this.place : `${printable(object.key)} in ${this.place}`;
    const facts = object === undefined ? { place: this.place } : objectFacts(this.place, object);
    const isRefused = code === 'EACCES' || code === 'EPERM';
    return new DayboardError({
      code: isRefused ? 'source.permission' : 'source.failed',
      message: isRefused ? `This user may not read ${what}.` : `${what} cannot be read (${code}).`,
      facts: { ...facts, reason: code },
      next: isRefused ? `Give this user the right to read it. ${UNCHANGED}` : `Check the disk. ${UNCHANGED}`,
      cause: thrown,
    });
  }
}

/** One walk through a directory: where it begins, how deep the files lie, and what to look for. */
interface Walk {
  /** Ends with '/', or is empty for the source's directory itself. */
  base: string;
  depth: number;
  patterns: KeyPattern[];
}

function walks(datasets: readonly Dataset[], only: Period | undefined): Iterable<Walk> {
  const found = new Map<string, Walk>();
  for (const dataset of datasets) {
    const pattern = keyPattern(dataset, only);
    const base = pattern.prefix.slice(0, pattern.prefix.lastIndexOf('/') + 1);
    const depth = levels(dataset.key) - levels(base);
    const name = `${depth} ${base}`;
    const walk = found.get(name) ?? { base, depth, patterns: [] };
    walk.patterns.push(pattern);
    found.set(name, walk);
  }
  return found.values();
}

function levels(key: string): number {
  return key.split('/').length - 1;
}

function collect(deliveries: Deliveries, patterns: readonly KeyPattern[], object: SourceObject): void {
  for (const pattern of patterns) {
    const period = pattern.match(object.key);
    if (period !== undefined) deliveries.add(pattern.dataset, period, object);
  }
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The path, without links, of a key; undefined when it is or leads outside. */
async function inside(root: string, key: string): Promise<string | undefined> {
  if (key.includes('\0') || isAbsolute(key) || key.split('/').includes('..')) return undefined;
  const path = await realpath(join(root, key));
  return path === root || path.startsWith(root === sep ? sep : root + sep) ? path : undefined;
}

function etagOf(found: BigIntStats): string {
  return [found.size, found.mtimeNs, found.ino].map((number) => number.toString(16)).join('-');
}

function isMissing(thrown: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(thrown) ?? '');
}
