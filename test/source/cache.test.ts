import fc from 'fast-check';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceObject } from '../../src/project/model.ts';
import { type Cache, fetchToCache, openCache } from '../../src/source/cache.ts';
import { directorySource } from '../../src/source/directory.ts';
import { startTestS3 } from '../support/s3.ts';
import { failure, objectOf, sourceOf, temporaryDirectory } from './fixtures.ts';

const DAY_MS = 24 * 3600 * 1000;
const place = { place: 'bucket at host' };

async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o777).toString(8);
}

describe('the cache directory', () => {
  it('is made for this user alone, and leaves the mode of what was there', async () => {
    const directory = await temporaryDirectory();
    await chmod(directory, 0o755);
    const cache = await openCache(join(directory, 'deep', 'er'));
    expect(await modeOf(cache.directory)).toBe('700');
    expect(await modeOf(dirname(cache.directory))).toBe('700');
    expect(await modeOf(directory)).toBe('755');
  });

  it('is closed to others when it was open', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'objects'), { mode: 0o777 });
    await chmod(join(directory, 'objects'), 0o777);
    const cache = await openCache(directory);
    expect(await modeOf(cache.directory)).toBe('700');
  });

  it.runIf(process.getuid?.() === 0)("is not another user's", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'objects'));
    const { chown } = await import('node:fs/promises');
    await chown(join(directory, 'objects'), 65_534, 65_534);
    const cache = await openCache(directory);
    expect(await failure(cache.prepare())).toMatchObject({ code: 'source.cache', kind: 'refused' });
  });

  it('is no link', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'elsewhere'));
    await symlink(join(directory, 'elsewhere'), join(directory, 'objects'));
    const cache = await openCache(directory);
    const source = directorySource(directory);
    const error = await failure(fetchToCache({ source, cache, object: objectOf('x', '', '') }));
    expect(error).toMatchObject({ code: 'source.cache', kind: 'refused' });
    expect(await readdir(join(directory, 'elsewhere'))).toEqual([]);
  });

  it('that cannot be made fails at the first fetch and not before', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    const cache = await openCache(join(directory, 'file', 'cache'));
    const error = await failure(
      fetchToCache({ source: directorySource(directory), cache, object: objectOf('file', '', '') }),
    );
    expect(error.code).toBe('source.cache');
    expect(error.next).toContain('DAYBOARD_CACHE_DIR');
  });
});

describe('an entry', () => {
  it('is named by a hash of place, key and ETag, whatever they hold', async () => {
    const cache = await openCache(await temporaryDirectory());
    const texts = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(texts, texts, texts, (where, key, etag) => {
        const path = cache.path({ place: where }, { key, etag, size: 1, modified: '' });
        expect(dirname(path)).toBe(cache.directory);
        expect(path.slice(cache.directory.length + 1)).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  });

  it('is another one for another place, key or ETag', async () => {
    const cache = await openCache(await temporaryDirectory());
    const path = (where: string, key: string, etag: string): string =>
      cache.path({ place: where }, { key, etag, size: 1, modified: '' });
    const paths = [
      path('a', 'b', 'c'),
      path('ab', '', 'c'),
      path('a', 'bc', ''),
      path('', 'ab', 'c'),
      path('a', 'b', 'd'),
    ];
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('counts only as a file of the right size', async () => {
    const directory = await temporaryDirectory();
    const cache = await openCache(directory);
    const object = objectOf('x', 'body', 'etag');
    const path = cache.path(place, object);
    expect(await cache.has(place, object)).toBe(false);
    await writeFile(path, 'bod');
    expect(await cache.has(place, object)).toBe(false);
    await writeFile(path, 'body');
    expect(await cache.has(place, object)).toBe(true);
    await rm(path);
    await writeFile(join(directory, 'outside'), 'body');
    await symlink(join(directory, 'outside'), path);
    expect(await cache.has(place, object)).toBe(false);
    await rm(path);
    await mkdir(path);
    expect(await cache.has(place, object)).toBe(false);
  });
});

describe('hostile keys', () => {
  const keys = [
    '../../../../tmp/escaped',
    '/etc/escaped',
    '..',
    '.',
    '-rf',
    'a'.repeat(1024),
    'line\nbreak\u001b[31m\u0007',
    'é\u202e\u0001',
    'objects/../../escaped',
  ];

  it('never lead out of the cache directory, nor into a text unspelled', async () => {
    const s3 = await startTestS3();
    const source = sourceOf(s3);
    const root = await temporaryDirectory();
    const cache = await openCache(join(root, 'cache'));
    for (const key of keys) {
      const object = objectOf(key, key, await s3.put(key, key));
      const { path } = await fetchToCache({ source, cache, object });
      expect(await readFile(path, 'utf8')).toBe(key);
      expect(await modeOf(path)).toBe('600');
      await s3.put(key, 'other');
      const error = await failure(
        fetchToCache({ source, cache: await openCache(join(root, 'other')), object }),
      );
      expect(error.code).toBe('source.object-changed');
      expect(error.message + JSON.stringify(error.toJSON())).not.toMatch(/\p{Control}/u);
    }
    expect((await readdir(root)).sort()).toEqual(['cache', 'other']);
    expect(await readdir(join(root, 'cache'))).toEqual(['objects']);
    expect((await readdir(cache.directory)).every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    expect(await readdir(cache.directory)).toHaveLength(keys.length);
    expect(await readdir(join(root, 'other', 'objects'))).toEqual([]);
  });

  it('with a NUL are missing and harmless', async () => {
    const s3 = await startTestS3();
    const root = await temporaryDirectory();
    const cache = await openCache(root);
    const error = await failure(
      fetchToCache({
        source: sourceOf(s3),
        cache,
        object: objectOf('nul\0.csv', 'x', 'etag'),
        retryDelayMs: 1,
      }),
    );
    expect(error.code).toMatch(/^source\./);
    expect(String(error.facts['key'])).toBe(String.raw`nul\u0000.csv`);
    expect(await readdir(root)).toEqual(['objects']);
  });
});

describe('evict', () => {
  const now = Date.parse('2024-11-14T12:00:00Z');

  async function cacheWith(entries: Array<[name: string, bytes: number, daysAgo: number]>): Promise<Cache> {
    const cache = await openCache(await temporaryDirectory(), () => now);
    for (const [name, bytes, daysAgo] of entries) {
      const path = join(cache.directory, name);
      await writeFile(path, Buffer.alloc(bytes));
      const time = new Date(now - daysAgo * DAY_MS);
      await utimes(path, time, time);
    }
    return cache;
  }
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];

  it('removes what has not been used for so many days', async () => {
    const cache = await cacheWith([
      [a, 10, 30],
      [b, 20, 8],
      [c, 30, 6],
    ]);
    expect(await cache.evict({ olderThanDays: 7 })).toEqual({ files: 2, bytes: 30 });
    expect(await readdir(cache.directory)).toEqual([c]);
  });

  it('removes what has not been used for longest until the rest fits', async () => {
    const cache = await cacheWith([
      [a, 10, 1],
      [b, 20, 3],
      [c, 30, 2],
    ]);
    expect(await cache.evict({ keepBytes: 40 })).toEqual({ files: 1, bytes: 20 });
    expect((await readdir(cache.directory)).sort()).toEqual([a, c]);
  });

  it('keeps what was used within the hour, even when it is too much', async () => {
    const cache = await cacheWith([[a, 10, 0.01]]);
    expect(await cache.evict({ keepBytes: 0, olderThanDays: 0 })).toEqual({ files: 0, bytes: 0 });
  });

  it('counts a look as use', async () => {
    const cache = await cacheWith([]);
    const object: SourceObject = objectOf('x', 'body', 'etag');
    const path = cache.path(place, object);
    await writeFile(path, 'body');
    await utimes(path, 1, 1);
    await cache.has(place, object);
    expect(await cache.evict({ olderThanDays: 1 })).toEqual({ files: 0, bytes: 0 });
    expect((await stat(path)).mtimeMs).toBe(now);
  });

  it('removes unfinished downloads of more than a day ago, and no files of others', async () => {
    const token = '0123456789abcdef';
    const cache = await cacheWith([
      [`${a}.${token}.part`, 5, 2],
      [`${a}.${token}.state`, 5, 2],
      [`${b}.${token}.part`, 5, 0.5],
      ['README', 5, 100],
    ]);
    await cache.evict({});
    expect((await readdir(cache.directory)).sort()).toEqual(['README', `${b}.${token}.part`]);
  });
});
