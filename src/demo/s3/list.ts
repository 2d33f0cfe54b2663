/** What ListObjectsV2 is asked for. */
export interface ListRequest {
  prefix: string;
  /** Empty for none. */
  delimiter: string;
  /** 0 to 1,000 */
  maxKeys: number;
  /** Only keys after this one. */
  startAfter: string;
  /** Where the page before ended; wins over startAfter. */
  after: ListPosition | undefined;
}

/** The last thing on a page: a key, or a common prefix whose keys are all behind it. */
export interface ListPosition {
  kind: 'key' | 'prefix';
  text: string;
}

export interface ListPage<T> {
  contents: T[];
  commonPrefixes: string[];
  /** Present when there is more. */
  next: ListPosition | undefined;
}

/**
 * The order of S3 listings: by the bytes of the UTF-8 form, which is by code point. JavaScript compares UTF-16
 * units, where surrogate pairs (U+10000 and up) come before U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  const surrogate = unit >= 0xd800 && unit <= 0xdfff;
  return surrogate ? unit + 0x10000 : unit;
}

/** One page of a listing. `objects` are in the order of `compareKeys`. */
export function listPage<T extends { key: string }>(
  objects: readonly T[],
  request: ListRequest,
): ListPage<T> {
  const page: ListPage<T> = { contents: [], commonPrefixes: [], next: undefined };
  if (request.maxKeys === 0) return page;
  let last = request.after;
  let count = 0;
  const from = firstAtLeast(objects, largest(request.prefix, last?.text ?? request.startAfter));
  for (let i = from; i < objects.length; i++) {
    const object = objects[i];
    if (object === undefined || !object.key.startsWith(request.prefix)) break;
    if (isBehind(object.key, request, last)) continue;
    if (count === request.maxKeys) return { ...page, next: last };
    const prefix = commonPrefix(object.key, request);
    if (prefix === undefined) page.contents.push(object);
    else page.commonPrefixes.push(prefix);
    last = prefix === undefined ? { kind: 'key', text: object.key } : { kind: 'prefix', text: prefix };
    count++;
  }
  return page;
}

function isBehind(key: string, request: ListRequest, last: ListPosition | undefined): boolean {
  if (last === undefined) return request.startAfter !== '' && compareKeys(key, request.startAfter) <= 0;
  if (last.kind === 'prefix' && key.startsWith(last.text)) return true;
  return compareKeys(key, last.text) <= 0;
}

function commonPrefix(key: string, request: ListRequest): string | undefined {
  if (request.delimiter === '') return undefined;
  const end = key.indexOf(request.delimiter, request.prefix.length);
  return end < 0 ? undefined : key.slice(0, end + request.delimiter.length);
}

function largest(a: string, b: string): string {
  return compareKeys(a, b) >= 0 ? a : b;
}

function firstAtLeast(objects: readonly { key: string }[], key: string): number {
  let [low, high] = [0, objects.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(objects[middle]?.key ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A position as the opaque text that clients hand back. */
export function writeToken(position: ListPosition): string {
  return Buffer.from(JSON.stringify([position.kind, position.text])).toString('base64url');
}

/** Undefined for a text that `writeToken` did not make. */
export function readToken(token: string): ListPosition | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (!Array.isArray(value)) return undefined;
    const [kind, text] = value as unknown[];
    if ((kind !== 'key' && kind !== 'prefix') || typeof text !== 'string') return undefined;
    return { kind, text };
  } catch {
    return undefined;
  }
}
