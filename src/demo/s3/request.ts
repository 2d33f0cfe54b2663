import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';

/** An HTTP request as S3 sees it: what is signed, and which bucket and key it is about. */
export interface S3Request {
  method: string;
  /** The path as it was sent, still percent-encoded. */
  path: string;
  /** Names and values decoded, in the order sent. */
  query: readonly (readonly [name: string, value: string])[];
  /** By lower-case name; repeated headers joined with a comma. */
  headers: ReadonlyMap<string, string>;
  bucket: string | undefined;
  key: string | undefined;
}

/** The longest key of S3, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/** Reads the request line and headers of a message. Fails with InvalidURI or KeyTooLongError. */
export function readRequest(message: IncomingMessage): S3Request {
  const target = message.url ?? '/';
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  if (!path.startsWith('/')) throw new S3Error('InvalidURI');
  const headers = joinHeaders(message);
  return {
    method: message.method ?? 'GET',
    path,
    query: question < 0 ? [] : readQuery(target.slice(question + 1)),
    headers,
    ...address(path, headers.get('host') ?? ''),
  };
}

/** The first value of a query parameter. */
export function parameter(request: S3Request, name: string): string | undefined {
  return request.query.find(([candidate]) => candidate === name)?.[1];
}

/** Percent-decoding that refuses what is no UTF-8. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

function joinHeaders(message: IncomingMessage): Map<string, string> {
  const joined = new Map<string, string>();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    joined.set(name, (values ?? []).map((value) => value.trim()).join(','));
  }
  return joined;
}

function readQuery(text: string): [string, string][] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [decodeQuery(name), decodeQuery(value)];
    });
}

function decodeQuery(text: string): string {
  return decodeUri(text.replaceAll('+', ' '));
}

/** Virtual-host style when the host is `bucket.localhost`, else path style: `/bucket/key`. */
function address(path: string, host: string): { bucket: string | undefined; key: string | undefined } {
  const virtual = /^(.+)\.localhost(?::\d+)?$/i.exec(host)?.[1]?.toLowerCase();
  const rest = path.slice(1);
  if (virtual !== undefined) return { bucket: virtual, key: readKey(rest) };
  const slash = rest.indexOf('/');
  const bucket = decodeUri(slash < 0 ? rest : rest.slice(0, slash));
  if (bucket === '') return { bucket: undefined, key: undefined };
  return { bucket, key: slash < 0 ? undefined : readKey(rest.slice(slash + 1)) };
}

function readKey(encoded: string): string | undefined {
  if (encoded === '') return undefined;
  const key = decodeUri(encoded);
  const size = Buffer.byteLength(key);
  if (size > MAX_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', {
      details: { Size: String(size), MaxSizeAllowed: String(MAX_KEY_BYTES) },
    });
  }
  return key;
}
