import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket, ObjectRecord, Precondition } from './bucket.ts';
import { type Algorithm, type Checksum, compositeChecksum, Digester, type Digests } from './checksums.ts';
import { S3Error } from './errors.ts';
import { hashName, type Incoming, isMissing, type Received, randomName, readJson } from './files.ts';

/** A multipart upload that was begun. */
export interface Upload {
  id: string;
  bucket: string;
  key: string;
  headers: Readonly<Record<string, string>>;
  algorithm: Algorithm | undefined;
  checksumType: Checksum['type'];
}

/** A part that the client names to complete an upload; its ETag without quotes. */
export interface NamedPart {
  number: number;
  etag: string;
}

interface Part {
  data: string;
  size: number;
  digests: Digests;
}

/** S3's least size of every part but the last. */
const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** Multipart uploads in progress, each a directory of parts, so they survive a restart as at S3. */
export class Uploads {
  readonly #directory: string;
  readonly #incoming: Incoming;

  constructor(directory: string, incoming: Incoming) {
    this.#directory = directory;
    this.#incoming = incoming;
  }

  async begin(upload: Omit<Upload, 'id'>): Promise<Upload> {
    const begun = { ...upload, id: randomName() };
    await mkdir(this.#path(begun.id), { recursive: true, mode: 0o700 });
    await this.#incoming.writeJson(join(this.#path(begun.id), 'upload.json'), begun);
    return begun;
  }

  /** Fails with NoSuchUpload, also when the upload is of another object. */
  async find(bucket: string, key: string, id: string): Promise<Upload> {
    const missing = new S3Error('NoSuchUpload', { details: { UploadId: id } });
    if (!/^[0-9a-f]{32}$/.test(id)) throw missing;
    try {
      const upload = await readJson<Upload>(join(this.#path(id), 'upload.json'));
      if (upload.bucket !== bucket || upload.key !== key) throw missing;
      return upload;
    } catch (error) {
      throw isMissing(error) ? missing : error;
    }
  }

  /** Keeps a part, in place of one of the same number. Returns its ETag. */
  async addPart(upload: Upload, number: number, received: Received): Promise<string> {
    const part: Part = { data: randomName(), size: received.size, digests: received.digests };
    try {
      await rename(received.path, join(this.#path(upload.id), part.data));
      await this.#incoming.writeJson(this.#partPath(upload, number), part);
    } catch (error) {
      // Aborted or completed meanwhile.
      throw isMissing(error) ? new S3Error('NoSuchUpload', { details: { UploadId: upload.id } }) : error;
    }
    return md5Hex(part);
  }

  /**
   * Joins the named parts into the object and forgets the upload. `expected` is the object's checksum as the client
   * knows it. Fails with InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest or what the precondition throws;
   * the upload then stays.
   */
  async complete(
    upload: Upload,
    named: readonly NamedPart[],
    bucket: Bucket,
    precondition: Precondition,
    expected: string | undefined,
  ): Promise<ObjectRecord> {
    const parts = await this.#choose(upload, named);
    const wholeAlgorithms =
      upload.algorithm !== undefined && upload.checksumType === 'FULL_OBJECT' ? [upload.algorithm] : [];
    const received = await this.#incoming.receive(this.#joined(upload, parts), wholeAlgorithms);
    try {
      const checksums = checksumsOf(upload, parts, received);
      if (expected !== undefined && checksums[0]?.value !== expected) throw new S3Error('BadDigest');
      const described = { key: upload.key, etag: multipartEtag(parts), headers: upload.headers, checksums };
      const record = await bucket.put(received, described, precondition);
      await this.abort(upload);
      return record;
    } finally {
      await rm(received.path, { force: true });
    }
  }

  async abort(upload: Upload): Promise<void> {
    await this.#incoming.removeDirectory(this.#path(upload.id));
  }

  async #choose(upload: Upload, named: readonly NamedPart[]): Promise<Part[]> {
    if (named.length === 0 || named.length > MAX_PARTS) throw new S3Error('MalformedXML');
    if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0))) {
      throw new S3Error('InvalidPartOrder');
    }
    const parts: Part[] = [];
    for (const [index, { number, etag }] of named.entries()) {
      const part = await this.#readPart(upload, number);
      if (part === undefined || md5Hex(part) !== etag) {
        throw new S3Error('InvalidPart', { details: { PartNumber: String(number), ETag: etag } });
      }
      if (part.size < MIN_PART_BYTES && index < named.length - 1) {
        throw new S3Error('EntityTooSmall', { details: { PartNumber: String(number) } });
      }
      parts.push(part);
    }
    return parts;
  }

  async #readPart(upload: Upload, number: number): Promise<Part | undefined> {
    try {
      return await readJson<Part>(this.#partPath(upload, number));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async *#joined(upload: Upload, parts: readonly Part[]): AsyncGenerator<Buffer> {
    for (const part of parts) yield* createReadStream(join(this.#path(upload.id), part.data));
  }

  #path(id: string): string {
    return join(this.#directory, hashName(id));
  }

  #partPath(upload: Upload, number: number): string {
    return join(this.#path(upload.id), `part-${number}.json`);
  }
}

function md5Hex(part: Part): string {
  return Buffer.from(part.digests.md5 ?? '', 'base64').toString('hex');
}

function multipartEtag(parts: readonly Part[]): string {
  const digester = new Digester([]);
  for (const part of parts) digester.update(Buffer.from(part.digests.md5 ?? '', 'base64'));
  return `${Buffer.from(digester.digests().md5 ?? '', 'base64').toString('hex')}-${parts.length}`;
}

function checksumsOf(upload: Upload, parts: readonly Part[], whole: Received): Checksum[] {
  const { algorithm, checksumType } = upload;
  if (algorithm === undefined) return [];
  if (checksumType === 'FULL_OBJECT') {
    return [{ algorithm, value: whole.digests[algorithm] ?? '', type: checksumType }];
  }
  return [
    compositeChecksum(
      algorithm,
      parts.map((part) => part.digests[algorithm] ?? ''),
    ),
  ];
}
