import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SourceObject } from '../../src/project/model.ts';
import { type Cache, type FetchRequest, fetchToCache, openCache } from '../../src/source/cache.ts';
import { directorySource } from '../../src/source/directory.ts';
import type { Retry } from '../../src/source/retry.ts';
import type { Source } from '../../src/source/source.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { failure, putRandom, sourceOf, temporaryDirectory } from './fixtures.ts';

const KB = 1024;
const PART = 64 * KB;

let s3: TestS3;
let source: Source;
let cache: Cache;
/** The Range headers of the requests for objects. */
let ranges: string[];

beforeAll(async () => {
  s3 = await startTestS3();
});

beforeEach(async () => {
  s3.faults = undefined;
  source = sourceOf(s3, { idleMs: 5000 });
  cache = await openCache(await temporaryDirectory());
  ranges = [];
});

/** Lets something go wrong, and notes what was asked for. */
function watch(
  faults: (nth: number, range: string) => ReturnType<NonNullable<TestS3['faults']>> = () => undefined,
): void {
  s3.faults = ({ method, range }) => {
    if (method !== 'GET') return undefined;
    ranges.push(range ?? 'whole');
    return faults(ranges.length, range ?? 'whole');
  };
}

function fetch(object: SourceObject, more: Partial<FetchRequest> = {}) {
  return fetchToCache({ source, cache, object, retryDelayMs: 1, partSize: PART, ...more });
}

/** The source, with something that happens before it is asked for the rest of an object. */
function beforeResuming(happens: () => Promise<unknown>): Source {
  return {
    place: source.place,
    list: (datasets, signal) => source.list(datasets, signal),
    open: async (object, options) => {
      if (options?.from !== undefined) await happens();
      return source.open(object, options);
    },
    probe: (signal) => source.probe(signal),
    close: () => source.close(),
  };
}

describe('a fetch', () => {
  it('brings the object once, and finds it from then on', async () => {
    const { object, body } = await putRandom(s3, 'x', 100 * KB);
    watch();
    const first = await fetch(object);
    expect(first).toEqual({ path: cache.path(source, object), bytes: 100 * KB, reused: false });
    expect((await readFile(first.path)).equals(body)).toBe(true);
    expect(await cache.has(source, object)).toBe(true);
    expect(await fetch(object)).toEqual({ ...first, reused: true });
    expect(ranges).toEqual(['whole']);
    expect(await readdir(cache.directory)).toEqual([basename(first.path)]);
    expect((await lstat(first.path)).mode & 0o777).toBe(0o600);
  });

  it('brings an empty object, and notices when it is no longer the one', async () => {
    const { object } = await putRandom(s3, 'empty', 0);
    expect(await fetch(object)).toMatchObject({ bytes: 0, reused: false });
    await s3.put('empty', 'not any more');
    const other = await openCache(await temporaryDirectory());
    expect((await failure(fetch(object, { cache: other }))).code).toBe('source.object-changed');
  });

  it('brings a large object in parts side by side, in the right order', async () => {
    const { object, body } = await putRandom(s3, 'large', 10 * PART + 17);
    let open = 0;
    let most = 0;
    const waiting: Array<() => void> = [];
    watch(() => {
      most = Math.max(most, ++open);
      const until = new Promise<void>((resolve) => waiting.push(resolve)).then(() => void open--);
      // The first four are let go together; those behind them one by one.
      if (waiting.length >= 4) for (const go of waiting) go();
      return { kind: 'delay', until };
    });
    const progress: number[] = [];
    const file = await fetch(object, { onProgress: ({ bytes }) => progress.push(bytes) });
    expect((await readFile(file.path)).equals(body)).toBe(true);
    expect(most).toBe(4);
    expect(ranges).toHaveLength(11);
    expect([...ranges].sort()[0]).toBe('bytes=0-65535');
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect([progress[0], progress.at(-1)]).toEqual([0, object.size]);
  });

  it('takes whatever a directory has', async () => {
    const directory = await temporaryDirectory();
    const body = randomBytes(300 * KB);
    await writeFile(join(directory, 'x_2024-11-14.csv'), body);
    const files = directorySource(directory);
    const found = await files
      .list([{ key: 'x_{period}.csv', name: 'x', period: 'day' } as never])
      [Symbol.asyncIterator]()
      .next();
    const { path } = await fetch(found.value.object, { source: files });
    expect((await readFile(path)).equals(body)).toBe(true);
  });
});

describe('a fetch that goes wrong', () => {
  it.each([
    ['the connection ends', { kind: 'truncate', after: 10 * KB } as const],
    ['the connection is reset', { kind: 'reset', after: 10 * KB } as const],
    ['the connection is reset before the answer', { kind: 'reset' } as const],
    ['the service asks for patience', { kind: 'error', status: 503, code: 'SlowDown' } as const],
    ['the service has an error of its own', { kind: 'error', status: 500, code: 'InternalError' } as const],
  ])('tries again when %s, and tells', async (_, fault) => {
    const { object, body } = await putRandom(s3, 'x', 100 * KB);
    watch((nth) => (nth <= 2 ? fault : undefined));
    const retries: Retry[] = [];
    const { path } = await fetch(object, { onRetry: (retry) => retries.push(retry) });
    expect((await readFile(path)).equals(body)).toBe(true);
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(ranges).toHaveLength(3);
  });

  it('tries each part by itself', async () => {
    const { object, body } = await putRandom(s3, 'x', 6 * PART);
    const failed = new Set<string>();
    watch((_, range) => {
      const start = range.split('-')[0] ?? '';
      if (failed.has(start) || failed.size === 6) return undefined;
      failed.add(start);
      return { kind: 'truncate', after: 100 };
    });
    const { path } = await fetch(object);
    expect((await readFile(path)).equals(body)).toBe(true);
    expect(failed.size).toBe(6);
    expect(ranges).toHaveLength(12);
  });

  it.each([
    ['is not there', 'source.object-missing'],
    ['was replaced', 'source.object-changed'],
  ])('leaves nothing when the object %s', async (_, code) => {
    const { object } = await putRandom(s3, 'x', KB);
    if (code === 'source.object-changed') await s3.put('x', 'other');
    const wanted = code === 'source.object-changed' ? object : { ...object, key: 'nothing' };
    watch();
    expect((await failure(fetch(wanted))).code).toBe(code);
    expect(ranges).toHaveLength(1);
    expect(await readdir(cache.directory)).toEqual([]);
  });

  it('never mixes two versions: an object replaced between its parts is refused', async () => {
    const { object } = await putRandom(s3, 'x', 8 * PART);
    watch((nth) => (nth === 5 ? { kind: 'replace', after: 10, body: randomBytes(8 * PART) } : undefined));
    expect((await failure(fetch(object, { parallel: 1 }))).code).toBe('source.object-changed');
    expect(await cache.has(source, object)).toBe(false);
    expect(await readdir(cache.directory)).toEqual([]);
  });

  it('never mixes two versions: one replaced during a body that then breaks off is refused', async () => {
    const { object } = await putRandom(s3, 'x', 200 * KB);
    watch((nth) => (nth === 1 ? { kind: 'truncate', after: 100 * KB } : undefined));
    const replaced = fetch(object, { source: beforeResuming(() => s3.put('x', 'other')) });
    expect((await failure(replaced)).code).toBe('source.object-changed');
  });

  it.each([
    ['one stream', 100 * KB],
    ['parts', 6 * PART],
  ])('notices wrong bytes of the right length in %s, and throws them away', async (_, size) => {
    const { object, body } = await putRandom(s3, 'x', size);
    watch((nth) => (nth === 1 ? { kind: 'corrupt' } : undefined));
    const error = await failure(fetch(object));
    expect(error).toMatchObject({ code: 'source.checksum', facts: { expectedMd5: object.etag } });
    expect(await readdir(cache.directory)).toEqual([]);
    expect((await readFile((await fetch(object)).path)).equals(body)).toBe(true);
  });

  it('says before the first byte that the disk has no room', async () => {
    const { object } = await putRandom(s3, 'x', KB);
    watch();
    const error = await failure(fetch({ ...object, size: 2 ** 52 }));
    expect(error).toMatchObject({ code: 'source.disk-full', facts: { neededBytes: 2 ** 52 } });
    expect(error.next).toContain('DAYBOARD_CACHE_DIR');
    expect(ranges).toEqual([]);
  });

  it('replaces a link in its place, and does not write through it', async () => {
    const { object, body } = await putRandom(s3, 'x', KB);
    const outside = join(await temporaryDirectory(), 'outside');
    await writeFile(outside, 'untouched');
    await symlink(outside, cache.path(source, object));
    expect((await readFile((await fetch(object)).path)).equals(body)).toBe(true);
    expect(await readFile(outside, 'utf8')).toBe('untouched');
  });

  it('refuses a link where a part should be', async () => {
    const { object } = await putRandom(s3, 'x', KB);
    const outside = join(await temporaryDirectory(), 'outside');
    await writeFile(outside, 'untouched');
    const part = `${cache.path(source, object)}.0123456789abcdef`;
    await symlink(outside, `${part}.part`);
    await writeFile(`${part}.state`, stateOf(KB, KB, [0]));
    expect(await failure(fetch(object))).toMatchObject({ code: 'source.cache', kind: 'refused' });
    expect(await readFile(outside, 'utf8')).toBe('untouched');
  });

  it('tells what stands in the way of the cache', async () => {
    const { object } = await putRandom(s3, 'x', KB);
    await mkdir(cache.path(source, object));
    await writeFile(join(cache.path(source, object), 'file'), '');
    expect((await failure(fetch(object))).code).toBe('source.cache');
  });
});

function stateOf(size: number, partSize: number, done: number[], more: object = {}): string {
  return JSON.stringify({ version: 1, size, partSize, done, released: true, ...more });
}

describe('an interrupted fetch', () => {
  it('goes on where it was cancelled', async () => {
    const { object, body } = await putRandom(s3, 'x', 8 * PART);
    const stop = new AbortController();
    watch((nth) =>
      nth === 4 ? { kind: 'delay', after: 1000, until: new Promise(() => undefined) } : undefined,
    );
    const cancelled = fetch(object, {
      parallel: 1,
      signal: stop.signal,
      onProgress: ({ bytes }) => bytes === 3 * PART && stop.abort(),
    });
    expect(await failure(cancelled)).toMatchObject({ code: 'source.cancelled', kind: 'interrupted' });
    expect(await cache.has(source, object)).toBe(false);
    watch();
    ranges = [];
    const seen: number[] = [];
    const file = await fetch(object, { parallel: 1, onProgress: ({ bytes }) => seen.push(bytes) });
    expect((await readFile(file.path)).equals(body)).toBe(true);
    expect(seen[0]).toBeGreaterThanOrEqual(3 * PART);
    expect(ranges).toHaveLength(5);
    expect(await readdir(cache.directory)).toEqual([basename(file.path)]);
  });

  it('goes on in the middle of an object that comes in one stream', async () => {
    const { object, body } = await putRandom(s3, 'x', 3 * PART);
    watch(() => ({ kind: 'truncate', after: 1000 }));
    expect((await failure(fetch(object))).code).toBe('source.interrupted');
    ranges = [];
    watch();
    expect((await readFile((await fetch(object)).path)).equals(body)).toBe(true);
    expect(ranges).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-196607$/)]);
  });

  it('needs nothing more when only the last step was missing, and is still verified', async () => {
    const { object, body } = await putRandom(s3, 'x', KB);
    const part = `${cache.path(source, object)}.0123456789abcdef`;
    watch();
    await writeFile(`${part}.part`, Buffer.alloc(KB));
    await writeFile(`${part}.state`, stateOf(KB, KB, [KB], { md5: object.etag }));
    expect((await failure(fetch(object))).code).toBe('source.checksum');
    await writeFile(`${part}.part`, body);
    await writeFile(`${part}.state`, stateOf(KB, KB, [KB], { md5: object.etag }));
    expect((await readFile((await fetch(object)).path)).equals(body)).toBe(true);
    expect(ranges).toEqual([]);
  });

  it('begins again when its state cannot be trusted', async () => {
    const states = [
      '{"version":1,"si',
      stateOf(2 * KB, KB, [KB, KB]),
      stateOf(KB, KB, [2 * KB]),
      stateOf(KB, KB, [KB], { version: 2 }),
    ];
    const fetched = states.map(async (state, i) => {
      const { object, body } = await putRandom(s3, `x${i}`, KB);
      const part = `${cache.path(source, object)}.0123456789abcdef`;
      await writeFile(`${part}.part`, Buffer.alloc(KB));
      await writeFile(`${part}.state`, state);
      return (await readFile((await fetch(object)).path)).equals(body);
    });
    expect(await Promise.all(fetched)).toEqual([true, true, true, true]);
  });

  it('begins again when its file is shorter than its state says', async () => {
    const { object, body } = await putRandom(s3, 'x', KB);
    const part = `${cache.path(source, object)}.0123456789abcdef`;
    await writeFile(`${part}.part`, body);
    await truncate(`${part}.part`, 10);
    await writeFile(`${part}.state`, stateOf(KB, KB, [KB]));
    expect((await readFile((await fetch(object)).path)).equals(body)).toBe(true);
  });
});

describe('two fetches of one object at the same time', () => {
  it('load it once: the second waits for the first', async () => {
    const { object, body } = await putRandom(s3, 'x', 100 * KB);
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    watch(() => {
      asked.resolve();
      return { kind: 'delay', until: gate.promise };
    });
    const first = fetch(object);
    await asked.promise;
    const second = fetch(object, { onWait: gate.resolve });
    const files = await Promise.all([first, second]);
    expect(files.map(({ reused }) => reused)).toEqual([false, true]);
    expect((await readFile(files[1].path)).equals(body)).toBe(true);
    expect(ranges).toEqual(['whole']);
  });

  it('end well when they begin in the same moment', async () => {
    const { object, body } = await putRandom(s3, 'x', 500 * KB);
    const files = await Promise.all(Array.from({ length: 8 }, () => fetch(object)));
    expect((await readFile(files[0]!.path)).equals(body)).toBe(true);
    expect(await readdir(cache.directory)).toEqual([basename(files[0]!.path)]);
  });

  it('do not hold each other up: the second goes on when the first is cancelled', async () => {
    const { object, body } = await putRandom(s3, 'x', 100 * KB);
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    watch((nth) => {
      asked.resolve();
      return nth === 1 ? { kind: 'delay', after: 50 * KB, until: new Promise(() => undefined) } : undefined;
    });
    const first = failure(fetch(object, { signal: stop.signal }));
    await asked.promise;
    const second = fetch(object, { onWait: () => stop.abort() });
    expect((await first).code).toBe('source.cancelled');
    expect((await readFile((await second).path)).equals(body)).toBe(true);
  });
});
