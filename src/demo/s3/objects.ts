import { rm } from 'node:fs/promises';
import { type Answer, emptyAnswer } from './answer.ts';
import { type Body, requireLength } from './body.ts';
import type { Bucket, ObjectRecord } from './bucket.ts';
import {
  type Algorithm,
  announcedAlgorithms,
  type Checksum,
  checkDigests,
  checksumHeader,
} from './checksums.ts';
import { type ByteRange, readRange, weighRead, writePrecondition } from './conditions.ts';
import type { Received } from './files.ts';
import type { S3Request } from './request.ts';
import type { Store } from './store.ts';

/** Pieces in which an object's file is read. */
const READ_BYTES = 256 * 1024;

const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];

/** GetObject and HeadObject: whole or one range, under the request's conditions. */
export async function getObject(bucket: Bucket, key: string, request: S3Request): Promise<Answer> {
  const { record, file } = await bucket.open(key);
  try {
    const headers = describe(record);
    if (weighRead(request, record) === 'not-modified') {
      await file.close();
      return emptyAnswer(304, headers);
    }
    const range = readRange(request.headers.get('range'), record.size);
    const bytes: ByteRange = range ?? { from: 0, to: record.size - 1 };
    const stream = () =>
      file.createReadStream({
        start: bytes.from,
        end: bytes.to,
        highWaterMark: READ_BYTES,
        autoClose: false,
      });
    return {
      status: range ? 206 : 200,
      headers: { ...headers, ...(range ? rangeHeaders(range, record) : checksumHeaders(request, record)) },
      body: {
        size: bytes.to - bytes.from + 1,
        open: record.size === 0 ? async function* () {} : stream,
        close: () => file.close(),
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function describe(record: ObjectRecord): Record<string, string> {
  return {
    'accept-ranges': 'bytes',
    'content-type': 'binary/octet-stream',
    ...record.headers,
    etag: `"${record.etag}"`,
    'last-modified': new Date(record.modified).toUTCString(),
  };
}

function rangeHeaders(range: ByteRange, record: ObjectRecord): Record<string, string> {
  return { 'content-range': `bytes ${range.from}-${range.to}/${record.size}` };
}

function checksumHeaders(request: S3Request, record: ObjectRecord): Record<string, string> {
  if (request.headers.get('x-amz-checksum-mode')?.toUpperCase() !== 'ENABLED') return {};
  return reportChecksums(record.checksums);
}

/** Checksums as answer headers. */
export function reportChecksums(checksums: readonly Checksum[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { algorithm, value, type } of checksums) {
    headers[checksumHeader(algorithm)] = value;
    headers['x-amz-checksum-type'] = type;
  }
  return headers;
}

/** PutObject: the object appears whole and proven, or the one before it stays. */
export async function putObject(
  store: Store,
  bucket: Bucket,
  key: string,
  request: S3Request,
  body: Body,
): Promise<Answer> {
  const precondition = writePrecondition(request);
  precondition(bucket.find(key));
  const { received, checksums } = await receiveProven(store, request, body);
  try {
    const etag = etagOf(received);
    await bucket.put(received, { key, etag, headers: keptHeaders(request), checksums }, precondition);
    return emptyAnswer(200, { etag: `"${etag}"`, ...reportChecksums(checksums) });
  } finally {
    await rm(received.path, { force: true });
  }
}

/**
 * Takes a body into a file and proves it against every hash the client sent; `further` digests are computed too.
 * The caller removes the file.
 */
export async function receiveProven(
  store: Store,
  request: S3Request,
  body: Body,
  further: readonly Algorithm[] = [],
): Promise<{ received: Received; checksums: Checksum[] }> {
  requireLength(request);
  const received = await store.incoming.receive(body.data, [...announcedAlgorithms(request), ...further]);
  try {
    return { received, checksums: checkDigests(request, body.trailers, received.digests) };
  } catch (error) {
    await rm(received.path, { force: true });
    throw error;
  }
}

/** The headers that an object keeps. The encoding 'aws-chunked' is of the transfer, not of the object. */
export function keptHeaders(request: S3Request): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of request.headers) {
    if (KEPT_HEADERS.includes(name) || name === 'content-type' || name.startsWith('x-amz-meta-')) {
      kept[name] = value;
    }
  }
  const encodings = (kept['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  const own = encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  if (own.length > 0) return { ...kept, 'content-encoding': own.join(',') };
  delete kept['content-encoding'];
  return kept;
}

/** DeleteObject: 204, also when there was none. */
export async function deleteObject(bucket: Bucket, key: string, request: S3Request): Promise<Answer> {
  await bucket.delete(key, writePrecondition(request));
  return emptyAnswer(204);
}

/** Replaces an object's bytes from inside the server, as another client would between two requests. */
export async function replaceObject(
  store: Store,
  bucket: Bucket,
  key: string,
  bytes: string | Uint8Array,
): Promise<void> {
  async function* once(): AsyncGenerator<Buffer> {
    yield Buffer.from(bytes);
  }
  const received = await store.incoming.receive(once(), []);
  const headers = bucket.find(key)?.headers ?? {};
  await bucket.put(received, { key, etag: etagOf(received), headers, checksums: [] }, () => undefined);
}

/** The ETag of an object put in one piece: the MD5 of its bytes. */
function etagOf(received: Received): string {
  return Buffer.from(received.digests.md5 ?? '', 'base64').toString('hex');
}
