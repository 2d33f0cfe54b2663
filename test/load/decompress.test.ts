import { Readable } from 'node:stream';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../src/load/decompress.ts';
import { DayboardError } from '../../src/project/errors.ts';
import { collect, failure, streamOf } from './fixtures.ts';

const TEXT = 'id,day\n'.concat('1,2024-11-14\n'.repeat(40_000));
const gzip = gzipSync(TEXT);
const zstd = zstdCompressSync(TEXT);
/** Eight bytes in a frame that decoders skip. */
const skippable = Buffer.from('502a4d18080000000102030405060708', 'hex');

const read = (bytes: Buffer, name: string, size?: number): Promise<string> =>
  collect(decompress(streamOf(bytes, size), name));

function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
  return copy;
}

describe('an object is decompressed', () => {
  it.each([
    ['plain', 'a.csv', Buffer.from(TEXT)],
    ['gzip', 'a.csv.gz', gzip],
    ['zstd', 'a.csv.zst', zstd],
    ['gzip under a plain name', 'a.csv', gzip],
    ['zstd under a plain name', 'a.csv', zstd],
    ['zstd under a name of gzip', 'a.csv.gz', zstd],
    ['text under a name of gzip', 'a.csv.gz', Buffer.from(TEXT)],
  ])('%s', async (_what, name, bytes) => {
    expect(await read(bytes, name)).toBe(TEXT);
  });

  it('from several gzip members and zstd frames, skipping frames without data', async () => {
    expect(await read(Buffer.concat([gzip, gzip]), 'a.gz')).toBe(TEXT + TEXT);
    expect(await read(Buffer.concat([zstd, skippable, zstd, zstdCompressSync('')]), 'a.zst')).toBe(
      TEXT + TEXT,
    );
    expect(await read(Buffer.concat([skippable, zstd]), 'a.zst')).toBe(TEXT);
  });

  it('when it has no bytes at all, into none', async () => {
    expect(await read(Buffer.alloc(0), 'a.csv.gz')).toBe('');
  });

  it('whatever the texts, the frames and the chunks', async () => {
    const texts = fc.array(fc.oneof(fc.string({ maxLength: 300 }), fc.constant('x'.repeat(300_000))), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.integer({ min: 1, max: 5_000 }),
        fc.boolean(),
        async (parts, size, checksums) => {
          const options = checksums ? { params: { [constants.ZSTD_c_checksumFlag]: 1 } } : {};
          const frames = parts.map((part) => zstdCompressSync(part, options));
          expect(await read(Buffer.concat(frames), 'a.zst', size)).toBe(parts.join(''));
          expect(await read(Buffer.concat(parts.map((part) => gzipSync(part))), 'a.gz', size)).toBe(
            parts.join(''),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a broken archive is an error that says so', () => {
  it.each([
    ['gzip without its last byte', 'a.csv.gz', gzip.subarray(0, -1)],
    ['half a gzip', 'a.csv.gz', gzip.subarray(0, gzip.length / 2)],
    ['gzip with a damaged middle', 'a.csv.gz', damaged(gzip, 40)],
    ['gzip with a damaged checksum', 'a.csv.gz', damaged(gzip, gzip.length - 6)],
    ['gzip with a damaged beginning', 'a.csv.gz', damaged(gzip, 0)],
    ['zstd without its last byte', 'a.csv.zst', zstd.subarray(0, -1)],
    ['half a zstd', 'a.csv.zst', zstd.subarray(0, zstd.length / 2)],
    ['the first bytes of a zstd', 'a.csv.zst', zstd.subarray(0, 6)],
    ['zstd with a damaged beginning', 'a.csv.zst', damaged(zstd, 0)],
    ['a second zstd frame that is cut', 'a.csv.zst', Buffer.concat([zstd, zstd.subarray(0, -3)])],
    ['zstd and then something else', 'a.csv.zst', Buffer.concat([zstd, Buffer.from('something else')])],
  ])('%s', async (_what, name, bytes) => {
    for (const size of [7, 64 * 1024]) {
      const error = await failure(read(bytes, name, size));
      expect(error).toBeInstanceOf(DayboardError);
      expect(error).toMatchObject({ code: 'load.corrupt-archive', facts: { object: name } });
      expect((error as DayboardError).next).toContain('untouched');
    }
  });

  it.each([
    ['a zip file', '504b030414000000'],
    ['an xz file', 'fd377a585a000004'],
    ['a bzip2 file', '425a683931415926535900'],
  ])('%s is named and refused', async (what, hex) => {
    expect(await failure(read(Buffer.from(hex, 'hex'), 'a.csv'))).toMatchObject({
      code: 'load.archive-format',
      message: expect.stringContaining(what),
    });
  });
});

describe('the source', () => {
  it.each(['a.csv', 'a.csv.gz', 'a.csv.zst'])('of %s is closed when the reader stops early', async (name) => {
    const bytes = name.endsWith('gz') ? gzip : name.endsWith('zst') ? zstd : Buffer.from(TEXT);
    const source = streamOf(bytes, 100);
    for await (const chunk of decompress(source, name)) if (chunk.length > 0) break;
    expect(source.destroyed).toBe(true);
  });

  it.each(['plain', 'gzip', 'zstd'])(
    'that fails under a %s object fails with its own error',
    async (kind) => {
      const bytes = kind === 'gzip' ? gzip : kind === 'zstd' ? zstd : Buffer.from(TEXT);
      const broken = new DayboardError({ code: 'source.object-changed', message: 'changed' });
      const source = Readable.from(
        (function* () {
          yield bytes.subarray(0, 100);
          throw broken;
        })(),
      );
      expect(await failure(collect(decompress(source, 'a.csv')))).toBe(broken);
    },
  );
});
