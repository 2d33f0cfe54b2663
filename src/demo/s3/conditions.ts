import type { ObjectRecord, Precondition } from './bucket.ts';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';

/** Bytes `from`..`to` of an object, both inclusive. */
export interface ByteRange {
  from: number;
  to: number;
}

/**
 * The range that a Range header asks for; undefined for the whole object (also when the header is malformed or asks
 * for several ranges, as S3 does). Fails with InvalidRange when no byte of the object lies in it.
 */
export function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return within(Math.max(0, size - Number(last)), size - 1, size, header);
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return within(Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1), size, header);
}

function within(from: number, to: number, size: number, header: string | undefined): ByteRange {
  if (from <= to) return { from, to };
  throw new S3Error('InvalidRange', {
    details: { RangeRequested: header ?? '', ActualObjectSize: String(size) },
    headers: { 'content-range': `bytes */${size}` },
  });
}

/**
 * Weighs the conditions of a read in HTTP's order. Returns 'not-modified' for a 304; fails with
 * PreconditionFailed.
 */
export function weighRead(request: S3Request, object: ObjectRecord): 'read' | 'not-modified' {
  const ifMatch = request.headers.get('if-match');
  const ifNoneMatch = request.headers.get('if-none-match');
  const since = (name: string) => Date.parse(request.headers.get(name) ?? '');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw failed('If-Match');
  } else if (object.modified > since('if-unmodified-since')) {
    throw failed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, object.etag) ? 'not-modified' : 'read';
  return object.modified <= since('if-modified-since') ? 'not-modified' : 'read';
}

/** The condition of a write: If-None-Match: * (nothing there) or If-Match (exactly this there). */
export function writePrecondition(request: S3Request): Precondition {
  const ifMatch = request.headers.get('if-match');
  const ifNoneMatch = request.headers.get('if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Error('NotImplemented', { message: 'A write takes only If-None-Match: *' });
  }
  return (present) => {
    if (ifNoneMatch !== undefined && present) throw failed('If-None-Match');
    if (ifMatch === undefined) return;
    if (!present) throw new S3Error('NoSuchKey');
    if (!matches(ifMatch, present.etag)) throw failed('If-Match');
  };
}

function matches(header: string, etag: string): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1'));
  return tags.includes('*') || tags.includes(etag);
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { details: { Condition: condition } });
}
