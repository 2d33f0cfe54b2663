import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checksum } from './checksums.ts';
import { S3Error } from './errors.ts';
import { entries, hashName, type Incoming, isMissing, type Received, randomName, readJson } from './files.ts';
import { compareKeys } from './list.ts';

/** What is known of an object, as kept in its JSON file. */
export interface ObjectRecord {
  key: string;
  /** The name of the file that holds its bytes. */
  data: string;
  size: number;
  /** Without quotes: MD5 in hexadecimal, for a multipart object that of its parts' and '-PARTS'. */
  etag: string;
  /** Epoch milliseconds, whole seconds: HTTP and S3 know no finer ones. */
  modified: number;
  /** Content-Type, Content-Encoding, x-amz-meta-* and the like, by lower-case name. */
  headers: Readonly<Record<string, string>>;
  checksums: readonly Checksum[];
}

export interface BucketRecord {
  name: string;
  created: number;
}

/** A put's condition on what is there before it; throws an S3Error when it does not hold. */
export type Precondition = (present: ObjectRecord | undefined) => void;

/**
 * One bucket: a directory with a JSON file per object and a data file per put. An object changes in one rename of
 * its JSON file, so a reader or a restarted server finds the old object or the new one. Records are held in memory.
 */
export class Bucket {
  readonly record: BucketRecord;
  readonly directory: string;
  readonly #incoming: Incoming;
  readonly #objects = new Map<string, ObjectRecord>();
  #sorted: ObjectRecord[] | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #deleted = false;

  private constructor(record: BucketRecord, directory: string, incoming: Incoming) {
    this.record = record;
    this.directory = directory;
    this.#incoming = incoming;
  }

  /** A bucket from its directory; data files that no object names (a put was cut off) are removed. */
  static async load(directory: string, incoming: Incoming): Promise<Bucket> {
    const record = await readJson<BucketRecord>(join(directory, 'bucket.json'));
    const bucket = new Bucket(record, directory, incoming);
    const used = new Set<string>();
    for (const file of await entries(bucket.#records())) {
      const object = await readJson<ObjectRecord>(join(bucket.#records(), file));
      bucket.#objects.set(object.key, object);
      used.add(object.data);
    }
    for (const file of await entries(join(directory, 'data'))) {
      if (!used.has(file)) await rm(bucket.#dataPath(file), { force: true });
    }
    return bucket;
  }

  /** Makes the directory of a new bucket, in one rename. */
  static async create(record: BucketRecord, directory: string, incoming: Incoming): Promise<Bucket> {
    const making = incoming.path();
    await mkdir(join(making, 'objects'), { recursive: true, mode: 0o700 });
    await mkdir(join(making, 'data'), { mode: 0o700 });
    await incoming.writeJson(join(making, 'bucket.json'), record);
    await rename(making, directory);
    return new Bucket(record, directory, incoming);
  }

  find(key: string): ObjectRecord | undefined {
    return this.#objects.get(key);
  }

  /** All objects in the order of their keys' UTF-8 bytes. */
  sorted(): readonly ObjectRecord[] {
    this.#sorted ??= [...this.#objects.values()].sort((a, b) => compareKeys(a.key, b.key));
    return this.#sorted;
  }

  /** Opens an object's bytes: they stay readable through the handle when the object is replaced or deleted. */
  async open(key: string): Promise<{ record: ObjectRecord; file: FileHandle }> {
    for (;;) {
      const record = this.find(key);
      if (record === undefined) throw new S3Error('NoSuchKey', { details: { Key: key } });
      try {
        return { record, file: await open(this.#dataPath(record.data)) };
      } catch (error) {
        // Replaced between the look and the opening: the new record names another file.
        if (isMissing(error) && this.find(key) !== record) continue;
        throw error;
      }
    }
  }

  /** Makes received bytes an object, in place of the one under that key. */
  put(
    received: Received,
    described: Omit<ObjectRecord, 'data' | 'size' | 'modified'>,
    precondition: Precondition,
  ): Promise<ObjectRecord> {
    return this.#exclusively(async () => {
      if (this.#deleted) throw new S3Error('NoSuchBucket', { details: { BucketName: this.record.name } });
      const before = this.find(described.key);
      precondition(before);
      const modified = Math.floor(Date.now() / 1000) * 1000;
      const record = { ...described, data: randomName(), size: received.size, modified };
      await rename(received.path, this.#dataPath(record.data));
      await this.#incoming.writeJson(this.#recordPath(record.key), record);
      this.#objects.set(record.key, record);
      this.#sorted = undefined;
      if (before) await rm(this.#dataPath(before.data), { force: true });
      return record;
    });
  }

  /** Deletes an object; nothing happens when there is none. */
  delete(key: string, precondition: Precondition): Promise<void> {
    return this.#exclusively(async () => {
      const record = this.find(key);
      precondition(record);
      if (record === undefined) return;
      await rm(this.#recordPath(key));
      this.#objects.delete(key);
      this.#sorted = undefined;
      await rm(this.#dataPath(record.data), { force: true });
    });
  }

  /** Removes the bucket itself. Fails with BucketNotEmpty. */
  destroy(): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#objects.size > 0) {
        throw new S3Error('BucketNotEmpty', { details: { BucketName: this.record.name } });
      }
      this.#deleted = true;
      await this.#incoming.removeDirectory(this.directory);
    });
  }

  /** One change after the other: a precondition must hold until its put is done. */
  #exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(change);
    this.#writing = result.catch(() => undefined);
    return result;
  }

  #records(): string {
    return join(this.directory, 'objects');
  }

  #recordPath(key: string): string {
    return join(this.#records(), `${hashName(key)}.json`);
  }

  #dataPath(name: string): string {
    return join(this.directory, 'data', name);
  }
}
