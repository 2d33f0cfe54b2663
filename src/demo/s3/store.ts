import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Bucket } from './bucket.ts';
import { S3Error } from './errors.ts';
import { entries, hashName, Incoming } from './files.ts';
import { compareKeys } from './list.ts';
import { Uploads } from './uploads.ts';

/**
 * Buckets and objects under one directory, for one server at a time. Writes survive a killed process (each becomes
 * visible by a rename); they are not forced to the disk, so a power cut may lose the last ones.
 */
export class Store {
  readonly incoming: Incoming;
  readonly uploads: Uploads;
  readonly #directory: string;
  readonly #buckets = new Map<string, Bucket>();
  readonly #creating = new Set<string>();

  private constructor(directory: string, incoming: Incoming) {
    this.#directory = directory;
    this.incoming = incoming;
    this.uploads = new Uploads(join(directory, 'uploads'), incoming);
  }

  static async open(directory: string): Promise<Store> {
    const buckets = join(directory, 'buckets');
    await mkdir(buckets, { recursive: true, mode: 0o700 });
    const incoming = await Incoming.open(join(directory, 'incoming'));
    const store = new Store(directory, incoming);
    for (const name of await entries(buckets)) {
      const bucket = await Bucket.load(join(buckets, name), incoming);
      store.#buckets.set(bucket.record.name, bucket);
    }
    return store;
  }

  /** All buckets by name. */
  buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => compareKeys(a.record.name, b.record.name));
  }

  /** Fails with NoSuchBucket. */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', { details: { BucketName: name } });
    return bucket;
  }

  /** Fails with InvalidBucketName or BucketAlreadyOwnedByYou. */
  async createBucket(name: string): Promise<Bucket> {
    if (!isBucketName(name)) throw new S3Error('InvalidBucketName', { details: { BucketName: name } });
    if (this.#buckets.has(name) || this.#creating.has(name)) {
      throw new S3Error('BucketAlreadyOwnedByYou', { details: { BucketName: name } });
    }
    const directory = join(this.#directory, 'buckets', hashName(name));
    this.#creating.add(name);
    try {
      const bucket = await Bucket.create({ name, created: Date.now() }, directory, this.incoming);
      this.#buckets.set(name, bucket);
      return bucket;
    } finally {
      this.#creating.delete(name);
    }
  }

  /** Fails with NoSuchBucket or BucketNotEmpty. */
  async deleteBucket(name: string): Promise<void> {
    await this.bucket(name).destroy();
    this.#buckets.delete(name);
  }
}

/** S3's rules: 3 to 63 lower-case letters, digits, dots and hyphens, and no IP address. */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  );
}
