import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The parts of a request that AWS Signature Version 4 signs. */
export interface Signable {
  method: string;
  /** The path as sent, percent-encoded in whatever spelling. */
  path: string;
  query: readonly (readonly [name: string, value: string])[];
  headers: ReadonlyMap<string, string>;
}

/** Where a signature counts: one day, one region, one service. */
export interface Scope {
  /** 'YYYYMMDD' */
  date: string;
  region: string;
  service: string;
}

export const EMPTY_SHA256 = sha256Hex('');

export function sha256Hex(data: string | Buffer): string {
  // A request's headers reach us as Latin-1, so that encoding restores the bytes which were signed.
  return createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest('hex');
}

export function scopeText(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** RFC 3986 encoding as AWS defines it: all but letters, digits, '-', '.', '_' and '~'. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The canonical request of S3: its path is encoded once and never normalised, so `a/../b` and `a//b` are keys.
 * `payloadHash` is the value of x-amz-content-sha256. Throws a URIError for a path that is no UTF-8.
 */
export function canonicalRequest(
  request: Signable,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const path = request.path
    .split('/')
    .map((segment) => uriEncode(decodeURIComponent(segment)))
    .join('/');
  const headers = signedHeaders.map(
    (name) => `${name}:${(request.headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  return [
    request.method,
    path,
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

function canonicalQuery(query: Signable['query']): string {
  return query
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => compareAscii(a, b) || compareAscii(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The text that is signed for a request made at `time` ('YYYYMMDDTHHMMSSZ'). */
export function stringToSign(time: string, scope: Scope, canonical: string): string {
  return ['AWS4-HMAC-SHA256', time, scopeText(scope), sha256Hex(canonical)].join('\n');
}

/** The key that a secret yields for one scope. */
export function signingKey(secretAccessKey: string, scope: Scope): Buffer {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
}

/** The signature of a string to sign, in hexadecimal. */
export function signatureOf(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** What the signatures inside an aws-chunked body build on: the request's own signature is the first link. */
export interface ChunkChain {
  key: Buffer;
  time: string;
  scope: Scope;
  seed: string;
}

/** The signature of one chunk, given the one before it and the SHA-256 of its data. */
export function chunkSignature(chain: ChunkChain, previous: string, dataHash: string): string {
  const head = ['AWS4-HMAC-SHA256-PAYLOAD', chain.time, scopeText(chain.scope), previous];
  return signatureOf(chain.key, [...head, EMPTY_SHA256, dataHash].join('\n'));
}

/** The signature of the trailing headers, given that of the last (empty) chunk and their SHA-256. */
export function trailerSignature(chain: ChunkChain, previous: string, trailerHash: string): string {
  const head = ['AWS4-HMAC-SHA256-TRAILER', chain.time, scopeText(chain.scope), previous];
  return signatureOf(chain.key, [...head, trailerHash].join('\n'));
}

/** Compares without telling by its duration how much was right. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
