import { Readable, pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';

const MAGIC = 0xfd2fb528;
/** The first of sixteen magic numbers of frames that hold no data. */
const SKIPPABLE = 0x184d2a50;

/** Bytes handed to the decoder at once, and taken from it. */
const PIECE = 64 * 1024;
const OUTPUT = 256 * 1024;

/** The bytes are not what the zstd format says. The message is for people. */
export class ZstdFormatError extends Error {
  override readonly name = 'ZstdFormatError';
}

/** Whether bytes begin a zstd stream. */
export function isZstd(start: Buffer): boolean {
  if (start.length < 4) return false;
  const magic = start.readUInt32LE(0);
  return magic === MAGIC || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE;
}

/**
 * Decompresses all frames of a zstd stream (RFC 8878). Each frame gets a decoder of its own, because Node's stops at
 * the end of a frame and drops what follows in the same write without an error (nodejs/node#64741), and some
 * releases also take an unfinished frame for a whole one (nodejs/node#64592). Throws ZstdFormatError and Node's
 * own zlib errors.
 */
export async function* decompressZstd(reader: ByteReader): AsyncGenerator<Buffer, void> {
  while (!(await reader.atEnd())) {
    const magic = await exactly(reader, 4);
    if (isSkippable(magic.readUInt32LE(0))) await skipFrame(reader);
    else if (magic.readUInt32LE(0) === MAGIC) yield* decodeFrame(frame(reader, magic));
    else throw new ZstdFormatError('after a whole frame come bytes that begin no other');
  }
}

async function* decodeFrame(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const decoder = createZstdDecompress({ chunkSize: OUTPUT });
  // Errors of either side come out of the decoder, whose reader throws them.
  pipeline(Readable.from(pieces), decoder, () => undefined);
  for await (const chunk of decoder) yield chunk as Buffer;
}

async function skipFrame(reader: ByteReader): Promise<void> {
  const size = (await exactly(reader, 4)).readUInt32LE(0);
  let skipped = 0;
  for await (const piece of reader.pass(size)) skipped += piece.length;
  if (skipped < size) throw truncated();
}

/** The bytes of one frame whose magic number is read already, in pieces of a good size for the decoder. */
async function* frame(reader: ByteReader, magic: Buffer): AsyncGenerator<Buffer, void> {
  const descriptor = await exactly(reader, 1);
  const layout = frameLayout(descriptor.readUInt8(0));
  let pieces: Buffer[] = [magic, descriptor, await exactly(reader, layout.header)];
  let held = 0;
  for (let last = false; !last; ) {
    const head = await exactly(reader, 3);
    const block = blockLayout(head);
    last = block.last;
    const body = await exactly(reader, block.size);
    pieces.push(head, body);
    held += body.length;
    if (held >= PIECE) {
      yield Buffer.concat(pieces);
      pieces = [];
      held = 0;
    }
  }
  yield Buffer.concat([...pieces, await exactly(reader, layout.checksum)]);
}

/** Sizes, in bytes, of the rest of the frame's header and of its checksum. */
function frameLayout(descriptor: number): { header: number; checksum: number } {
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  return {
    header: (singleSegment ? 0 : 1) + dictionary + contentSize,
    checksum: (descriptor & 4) !== 0 ? 4 : 0,
  };
}

/** What a block's three bytes say; a block is 128 KiB at most, so its bytes may be held. */
function blockLayout(head: Buffer): { last: boolean; size: number } {
  const value = head.readUIntLE(0, 3);
  const type = (value >> 1) & 3;
  const size = value >> 3;
  if (type === 3 || (type === 2 && size > 128 * 1024))
    throw new ZstdFormatError('a block has an impossible header');
  // Type 1 is one byte, repeated.
  return { last: (value & 1) === 1, size: type === 1 ? 1 : size };
}

async function exactly(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.take(count);
  if (bytes.length < count) throw truncated();
  return bytes;
}

function truncated(): ZstdFormatError {
  return new ZstdFormatError('it ends in the middle of a frame');
}
