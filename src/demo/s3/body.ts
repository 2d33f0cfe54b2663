import { createHash } from 'node:crypto';
import type { Payload } from './authenticate.ts';
import { trailerNames } from './checksums.ts';
import { decodeChunked } from './chunked.ts';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';
import { sameText } from './signature.ts';

/** A request's body: its data without framing, and the headers that came after it. */
export interface Body {
  /** Fails at its end when length, hash or signatures are wrong: what was taken must then be discarded. */
  data: AsyncIterable<Buffer>;
  /** Filled when `data` has ended. */
  trailers: ReadonlyMap<string, string>;
}

const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** Opens the body of an authenticated request. `start` is called when the first byte is wanted. */
export function openBody(
  request: S3Request,
  payload: Payload,
  message: AsyncIterable<Buffer>,
  start: () => void,
): Body {
  const raw = startedBy(message, start);
  if (payload.kind !== 'chunked') {
    const expected = payload.kind === 'hashed' ? payload.sha256 : undefined;
    return { data: expected === undefined ? raw : hashed(raw, expected), trailers: new Map() };
  }
  const received = new Map<string, string>();
  const framing = {
    chain: payload.chain,
    trailers: payload.trailer ? trailerNames(request) : [],
    received,
  };
  return { data: counted(decodeChunked(raw, framing), decodedLength(request)), trailers: received };
}

/** Refuses a body of unknown length, as S3 does. */
export function requireLength(request: S3Request): void {
  const headers = request.headers;
  if (headers.has('content-length') || headers.has('x-amz-decoded-content-length')) return;
  throw new S3Error('MissingContentLength');
}

/** Reads a small body, such as an XML document, whole. */
export async function readText(body: Body): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body.data) {
    size += piece.length;
    if (size > MAX_DOCUMENT_BYTES)
      throw new S3Error('MalformedXML', { message: 'The document is too long.' });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function* startedBy(message: AsyncIterable<Buffer>, start: () => void): AsyncGenerator<Buffer> {
  start();
  yield* message;
}

async function* hashed(data: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const piece of data) {
    hash.update(piece);
    yield piece;
  }
  const computed = hash.digest('hex');
  if (sameText(computed, expected)) return;
  throw new S3Error('XAmzContentSHA256Mismatch', {
    details: { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: computed },
  });
}

async function* counted(data: AsyncIterable<Buffer>, expected: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const piece of data) {
    size += piece.length;
    yield piece;
  }
  if (size !== expected) throw new S3Error('IncompleteBody');
}

function decodedLength(request: S3Request): number {
  const text = request.headers.get('x-amz-decoded-content-length');
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw new S3Error('MissingContentLength');
  return Number(text);
}
