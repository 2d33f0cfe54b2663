import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DayboardError } from '../project/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { decompressZstd, isZstd, ZstdFormatError } from './zstd.ts';

const OUTPUT = 256 * 1024;
/** Enough to tell an archive from text. */
const START = 64;

const UNTOUCHED = 'Nothing was loaded, and what was published before is untouched.';

/** Archives that are told by their first bytes and not read. */
const OTHER_ARCHIVES: ReadonlyArray<readonly [magic: string, name: string]> = [
  ['504b0304', 'a zip file'],
  ['425a68', 'a bzip2 file'],
  ['fd377a585a00', 'an xz file'],
  ['377abcaf271c', 'a 7z file'],
  ['50415231', 'a Parquet file'],
];

/**
 * The bytes of an object, decompressed. What the content is decides (gzip, zstd, or neither); the name only says what
 * to expect, so that a broken archive is not taken for text. Text under an archive's name passes as it is: some
 * servers and clients decompress on the way. The source is closed when the reader stops early.
 *
 * Throws 'load.corrupt-archive' (truncated or damaged, also after some bytes came out: what was read until then must
 * not be kept) and 'load.archive-format' for archives of other kinds; errors of the source as they are.
 */
export async function* decompress(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void> {
  const reader = new ByteReader(source);
  try {
    const start = await reader.take(START);
    reader.unread(start);
    refuseOtherArchives(start, name);
    if (isGzip(start)) yield* orCorrupt(gunzip(reader), name, 'gzip');
    else if (isZstd(start)) yield* orCorrupt(decompressZstd(reader), name, 'zstd');
    else {
      refuseBrokenStart(start, name);
      yield* reader.all();
    }
  } finally {
    await reader.close();
  }
}

/**
 * What is wrong with the archive itself, reading it to its end; undefined when nothing is, or when it is none. For
 * after a failure: a damaged archive gives wrong text long before its checksum tells.
 */
export async function archiveFault(
  source: AsyncIterable<Buffer>,
  name: string,
  signal: AbortSignal,
): Promise<DayboardError | undefined> {
  const reader = new ByteReader(source);
  try {
    const start = await reader.take(START);
    if (!isGzip(start) && !isZstd(start)) return undefined;
    reader.unread(start);
    for await (const _ of decompress(reader.all(), name)) {
      signal.throwIfAborted();
    }
    return undefined;
  } catch (thrown) {
    return thrown instanceof DayboardError && thrown.code === 'load.corrupt-archive' ? thrown : undefined;
  } finally {
    await reader.close();
  }
}

function isGzip(start: Buffer): boolean {
  return start.length >= 3 && start[0] === 0x1f && start[1] === 0x8b && start[2] === 8;
}

function gunzip(reader: ByteReader): AsyncIterable<Buffer> {
  const decoder = createGunzip({ chunkSize: OUTPUT });
  // Errors of either side come out of the decoder, whose reader throws them.
  pipeline(reader.all(), decoder, () => undefined);
  return decoder;
}

async function* orCorrupt(
  chunks: AsyncIterable<Buffer>,
  name: string,
  format: string,
): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of chunks) yield chunk;
  } catch (thrown) {
    throw isFormatError(thrown) ? corrupt(name, format, (thrown as Error).message, thrown) : thrown;
  }
}

function isFormatError(thrown: unknown): boolean {
  if (thrown instanceof ZstdFormatError) return true;
  const code = (thrown as { code?: unknown }).code;
  return typeof code === 'string' && /^(Z_|ZSTD_)/.test(code);
}

function corrupt(name: string, format: string, reason: string, cause?: unknown): DayboardError {
  return new DayboardError({
    code: 'load.corrupt-archive',
    message: `${name} is a damaged or incomplete ${format} archive: ${reason}.`,
    facts: { object: name, format, reason },
    next: `${UNTOUCHED} Have the object delivered again: what is at the source cannot be decompressed.`,
    cause,
  });
}

/** A name that promises an archive, and first bytes that are neither one nor text. */
function refuseBrokenStart(start: Buffer, name: string): void {
  const promised = /\.(gz|zst)$/i.exec(name)?.[1]?.toLowerCase();
  if (promised === undefined || start.length === 0 || isText(start)) return;
  throw corrupt(name, promised === 'gz' ? 'gzip' : 'zstd', 'its first bytes are not those of an archive');
}

function isText(start: Buffer): boolean {
  return start.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function refuseOtherArchives(start: Buffer, name: string): void {
  const found = OTHER_ARCHIVES.find(
    ([magic]) => start.subarray(0, magic.length / 2).toString('hex') === magic,
  );
  // A column may begin with such letters.
  if (found === undefined || isText(start)) return;
  throw new DayboardError({
    code: 'load.archive-format',
    message: `${name} is ${found[1]}; only plain, gzip and zstd files can be loaded.`,
    facts: { object: name },
    next: `${UNTOUCHED} Have the object delivered plain, or compressed with gzip or zstd.`,
  });
}
