import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Algorithm, Digester, type Digests } from './checksums.ts';

/** Bytes that have arrived whole and wait to be given a name. */
export interface Received {
  path: string;
  size: number;
  digests: Digests;
}

/** A file name for a bucket, key or the like. It never derives from their text, only from their hash. */
export function hashName(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function randomName(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The directory where files are made before they are renamed into place. What a killed server left there is
 * removed at the next start.
 */
export class Incoming {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<Incoming> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Incoming(directory);
  }

  path(): string {
    return join(this.#directory, randomName());
  }

  /** Streams bytes into a file of their own and computes their digests. Leaves nothing behind when it fails. */
  async receive(data: AsyncIterable<Buffer>, algorithms: Iterable<Algorithm>): Promise<Received> {
    const path = this.path();
    const digester = new Digester(algorithms);
    let size = 0;
    async function* measured(): AsyncGenerator<Buffer> {
      for await (const piece of data) {
        size += piece.length;
        digester.update(piece);
        yield piece;
      }
    }
    try {
      await pipeline(measured(), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return { path, size, digests: digester.digests() };
  }

  /** Writes a JSON file that is there whole or not at all. */
  async writeJson(path: string, value: unknown): Promise<void> {
    const temporary = this.path();
    await writeFile(temporary, JSON.stringify(value), { mode: 0o600 });
    await rename(temporary, path);
  }

  /** Removes a directory so that no crash leaves half of it under its name. */
  async removeDirectory(path: string): Promise<void> {
    const temporary = this.path();
    await rename(path, temporary);
    await rm(temporary, { recursive: true, force: true });
  }
}

export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

/** The entries of a directory; none when it is not there. */
export async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
