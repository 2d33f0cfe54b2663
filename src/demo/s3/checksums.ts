import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';
import { sameText } from './signature.ts';

/** The additional checksums of S3 that are computed here; a client that asks for another is refused. */
export const ALGORITHMS = ['crc32', 'sha1', 'sha256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface Checksum {
  algorithm: Algorithm;
  /** Base64; a composite one (of a multipart upload) ends in '-PARTS'. */
  value: string;
  type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** What was found while the bytes went by: base64 per algorithm. */
export type Digests = Readonly<Partial<Record<Algorithm | 'md5', string>>>;

/** Computes several digests in one pass. MD5 is always among them: it is the ETag. */
export class Digester {
  readonly #hashes: ReadonlyMap<'md5' | 'sha1' | 'sha256', Hash>;
  readonly #withCrc: boolean;
  #crc = 0;

  constructor(algorithms: Iterable<Algorithm>) {
    const wanted = new Set(algorithms);
    this.#withCrc = wanted.delete('crc32');
    const names = ['md5', ...wanted] as ('md5' | 'sha1' | 'sha256')[];
    this.#hashes = new Map(names.map((name) => [name, createHash(name)]));
  }

  update(data: Buffer): void {
    for (const hash of this.#hashes.values()) hash.update(data);
    if (this.#withCrc) this.#crc = crc32(data, this.#crc);
  }

  digests(): Digests {
    const found: Partial<Record<Algorithm | 'md5', string>> = {};
    for (const [name, hash] of this.#hashes) found[name] = hash.digest('base64');
    if (this.#withCrc) found.crc32 = crcBase64(this.#crc);
    return found;
  }
}

function crcBase64(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

/** The checksum of a multipart object: the digest of its parts' digests (base64), and their number. */
export function compositeChecksum(algorithm: Algorithm, parts: readonly string[]): Checksum {
  const digester = new Digester([algorithm]);
  for (const part of parts) digester.update(Buffer.from(part, 'base64'));
  return { algorithm, value: `${digester.digests()[algorithm]}-${parts.length}`, type: 'COMPOSITE' };
}

export function checksumHeader(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm}`;
}

/** The algorithm of a name as clients write it ('CRC32'). Fails with NotImplemented for one that is not computed. */
export function readAlgorithm(name: string): Algorithm {
  const found = ALGORITHMS.find((algorithm) => algorithm === name.toLowerCase());
  if (found === undefined) {
    throw new S3Error('NotImplemented', { message: `The checksum algorithm ${name} is not implemented.` });
  }
  return found;
}

/** The checksum algorithms that a request's headers or announced trailers use. */
export function announcedAlgorithms(request: S3Request): Algorithm[] {
  const names = [...request.headers.keys(), ...trailerNames(request)]
    .filter((name) => name.startsWith('x-amz-checksum-'))
    .map((name) => name.slice('x-amz-checksum-'.length));
  return names
    .filter((name) => name !== 'algorithm' && name !== 'type' && name !== 'mode')
    .map(readAlgorithm);
}

/** The names in x-amz-trailer, in lower case. */
export function trailerNames(request: S3Request): string[] {
  const header = request.headers.get('x-amz-trailer') ?? '';
  return header
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/**
 * Compares what the client says (Content-MD5, x-amz-checksum-* as header or trailer) with what arrived.
 * Fails with InvalidDigest or BadDigest; returns the checksums that were proven.
 */
export function checkDigests(
  request: S3Request,
  trailers: ReadonlyMap<string, string>,
  digests: Digests,
): Checksum[] {
  const md5 = request.headers.get('content-md5');
  if (md5 !== undefined) compare('Content-MD5', md5, digests.md5 ?? '');
  return announcedAlgorithms(request).map((algorithm) => {
    const name = checksumHeader(algorithm);
    const value = digests[algorithm] ?? '';
    compare(name, trailers.get(name) ?? request.headers.get(name) ?? '', value);
    return { algorithm, value, type: 'FULL_OBJECT' };
  });
}

function compare(name: string, claimed: string, computed: string): void {
  const bytes = Buffer.from(claimed, 'base64');
  if (bytes.length !== Buffer.from(computed, 'base64').length || bytes.toString('base64') !== claimed) {
    throw new S3Error('InvalidDigest', { message: `The ${name} that you specified is not valid.` });
  }
  if (!sameText(claimed, computed)) {
    throw new S3Error('BadDigest', {
      message: `The ${name} that you specified did not match the calculated checksum.`,
      details: { ExpectedDigest: claimed, CalculatedDigest: computed },
    });
  }
}
