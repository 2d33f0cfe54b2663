import { createHash } from 'node:crypto';
import { S3Error } from './errors.ts';
import { type ChunkChain, chunkSignature, sameText, sha256Hex, trailerSignature } from './signature.ts';

/** How an aws-chunked body is made, and where its trailing headers go. */
export interface Framing {
  /** Present when chunks carry signatures. */
  chain: ChunkChain | undefined;
  /** Names (lower case) that x-amz-trailer announced; none when trailing headers are not allowed. */
  trailers: readonly string[];
  /** Filled at the end of the body. */
  received: Map<string, string>;
}

const MAX_LINE_BYTES = 8192;

/**
 * The data inside an aws-chunked body, as it arrives. A chunk's signature can only be checked at its end, so the
 * caller must discard what it took when this fails. Fails with SignatureDoesNotMatch, IncompleteBody,
 * InvalidRequest or MalformedTrailerError.
 */
export async function* decodeChunked(body: AsyncIterable<Buffer>, framing: Framing): AsyncGenerator<Buffer> {
  const reader = new ByteReader(body);
  let signature = framing.chain?.seed ?? '';
  for (;;) {
    const header = readHeader(await reader.line(), framing.chain !== undefined);
    const hash = createHash('sha256');
    for await (const data of reader.bytes(header.size)) {
      if (framing.chain) hash.update(data);
      yield data;
    }
    if (framing.chain) {
      signature = chunkSignature(framing.chain, signature, hash.digest('hex'));
      mustMatch(signature, header.signature);
    }
    if (header.size === 0) break;
    if ((await reader.line()) !== '') throw malformed('A chunk is longer than its header says.');
  }
  await readTrailers(reader, framing, signature);
  await reader.end();
}

interface ChunkHeader {
  size: number;
  signature: string;
}

function readHeader(line: string, signed: boolean): ChunkHeader {
  const [, size, signature = ''] =
    /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
  if (size === undefined || (signed && signature === '')) throw malformed('A chunk header is malformed.');
  return { size: Number.parseInt(size, 16), signature };
}

async function readTrailers(reader: ByteReader, framing: Framing, previous: string): Promise<void> {
  const signable: string[] = [];
  let provided = '';
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const [, name = '', value = ''] = /^([^:]+):(.*)$/.exec(line) ?? [];
    const lower = name.trim().toLowerCase();
    if (lower === 'x-amz-trailer-signature') {
      provided = value.trim();
    } else if (framing.trailers.includes(lower)) {
      framing.received.set(lower, value.trim());
      signable.push(`${lower}:${value.trim()}\n`);
    } else {
      throw new S3Error('MalformedTrailerError');
    }
  }
  if (framing.received.size !== framing.trailers.length) throw new S3Error('MalformedTrailerError');
  if (framing.chain && framing.trailers.length > 0) {
    mustMatch(trailerSignature(framing.chain, previous, sha256Hex(signable.sort().join(''))), provided);
  }
}

function mustMatch(expected: string, provided: string): void {
  if (!sameText(expected, provided)) throw new S3Error('SignatureDoesNotMatch');
}

function malformed(message: string): S3Error {
  return new S3Error('InvalidRequest', { message });
}

/** Reads lines and counted bytes from a stream of buffers, holding one buffer at a time. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next line without its CR LF. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#held.toString('latin1', 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      if (this.#held.length > MAX_LINE_BYTES) throw malformed('A line between chunks is too long.');
      const more = await this.#more();
      if (!more) throw new S3Error('IncompleteBody');
      this.#held = Buffer.concat([this.#held, more]);
    }
  }

  /** Exactly `count` bytes, in pieces. */
  async *bytes(count: number): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0) {
      if (this.#held.length === 0) {
        const more = await this.#more();
        if (!more) throw new S3Error('IncompleteBody');
        this.#held = more;
      }
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  /** Fails unless everything was read. */
  async end(): Promise<void> {
    const rest = this.#held.length > 0 ? this.#held : await this.#more();
    if (rest && rest.length > 0) throw malformed('There are bytes after the last chunk.');
  }

  async #more(): Promise<Buffer | undefined> {
    const next = await this.#source.next();
    return next.done ? undefined : next.value;
  }
}
