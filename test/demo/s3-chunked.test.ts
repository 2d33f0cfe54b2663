import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunked } from '../../src/demo/s3/chunked.ts';
import {
  type ChunkChain,
  chunkSignature,
  sha256Hex,
  signingKey,
  trailerSignature,
} from '../../src/demo/s3/signature.ts';

const scope = { date: '20241114', region: 'us-east-1', service: 's3' };
const chain: ChunkChain = {
  key: signingKey('secret', scope),
  time: '20241114T010000Z',
  scope,
  seed: 'a'.repeat(64),
};
const TRAILER = 'x-amz-checksum-crc32';

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 6 });

describe('an aws-chunked body', () => {
  it('gives back its data, however the network cuts it', async () => {
    await fc.assert(
      fc.asyncProperty(
        chunks,
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (...given) => {
          const [parts, isSigned, withTrailer, step] = given;
          const wire = frame(parts, isSigned, withTrailer);
          const received = new Map<string, string>();
          const decoded = await decode(cut(wire, step), isSigned, withTrailer, received);
          expect(decoded.equals(Buffer.concat(parts))).toBe(true);
          expect(received.get(TRAILER)).toBe(withTrailer ? 'AAAAAA==' : undefined);
        },
      ),
    );
  });

  it.each([true, false])(
    'signed (trailer: %s), gives its data or fails, whichever bit is changed',
    async (withTrailer) => {
      const parts = [Buffer.from('2024-11-14,1'), Buffer.from('\r\n2024-11-15,2')];
      const right = Buffer.concat(parts);
      const length = frame(parts, true, withTrailer).length;
      const outcomes: string[] = [];
      for (let bit = 0; bit < length * 8; bit++) {
        const wire = frame(parts, true, withTrailer);
        wire.writeUInt8(wire.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const decoded = await decode(cut(wire, 64), true, withTrailer, new Map()).catch(() => 'refused');
        if (typeof decoded === 'string') outcomes.push(decoded);
        else outcomes.push(decoded.equals(right) ? 'right' : 'wrong');
      }
      expect(outcomes).not.toContain('wrong');
      // What passes is the case of a size's digit or of a trailer's name: they mean the same.
      expect(outcomes.filter((outcome) => outcome === 'right').length).toBeLessThan(40);
    },
  );
});

function frame(parts: readonly Uint8Array[], isSigned: boolean, withTrailer: boolean): Buffer {
  let signature = chain.seed;
  const framed = [...parts, new Uint8Array()].flatMap((data) => {
    signature = chunkSignature(chain, signature, createHash('sha256').update(data).digest('hex'));
    const extension = isSigned ? `;chunk-signature=${signature}` : '';
    const end = data.length > 0 ? '\r\n' : '';
    return [Buffer.from(`${data.length.toString(16)}${extension}\r\n`), data, Buffer.from(end)];
  });
  if (withTrailer) {
    framed.push(Buffer.from(`${TRAILER}:AAAAAA==\r\n`));
    const signed = trailerSignature(chain, signature, sha256Hex(`${TRAILER}:AAAAAA==\n`));
    if (isSigned) framed.push(Buffer.from(`x-amz-trailer-signature:${signed}\r\n`));
  }
  return Buffer.concat([...framed, Buffer.from('\r\n')]);
}

async function* cut(wire: Buffer, step: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < wire.length; at += step) yield wire.subarray(at, at + step);
}

async function decode(
  wire: AsyncIterable<Buffer>,
  isSigned: boolean,
  withTrailer: boolean,
  received: Map<string, string>,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const framing = { chain: isSigned ? chain : undefined, trailers: withTrailer ? [TRAILER] : [], received };
  for await (const piece of decodeChunked(wire, framing)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
