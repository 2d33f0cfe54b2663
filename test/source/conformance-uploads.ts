import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { sendWire, signedChunksPut } from './conformance-requests.ts';
import { inParallel, md5, outcome, type Subject } from './conformance-servers.ts';

/** The ways to put an object, and what proves its bytes. */
export function uploads(s3: () => Subject): void {
  it('refuse a wrong Content-MD5', async () => {
    const wrong = createHash('md5').update('other').digest('base64');
    expect(await outcome(s3().put('md5', 'body', { ContentMD5: wrong }))).toEqual([400, 'BadDigest']);
    await s3().put('md5', 'body', { ContentMD5: createHash('md5').update('body').digest('base64') });
    expect(await s3().readText('md5')).toBe('body');
  });

  it('refuse a wrong checksum, where checksums are proven', async () => {
    const wrong = s3().put('crc', 'body', { ChecksumCRC32: 'AAAAAA==' });
    expect(await outcome(wrong)).toEqual(s3().differences.wrongChecksum);
  });

  it('report checksums when asked, where they are kept', async () => {
    await s3().put('sums', 'body', { ChecksumAlgorithm: 'SHA256' });
    const { ChecksumSHA256, ContentLength } = await s3().get('sums', { ChecksumMode: 'ENABLED' });
    const sha256 = createHash('sha256').update('body').digest('base64');
    expect(ContentLength).toBe(4);
    expect(ChecksumSHA256).toBe(s3().differences.keepsChecksums ? sha256 : undefined);
  });

  it('in parts become one object', async () => {
    const parts = [randomBytes(5 * 1024 * 1024), randomBytes(70_000)];
    const target = { Bucket: s3().bucket, Key: 'parts.csv' };
    const begun = await s3().client.send(
      new CreateMultipartUploadCommand({ ...target, ContentType: 'text/csv' }),
    );
    const upload = { ...target, UploadId: begun.UploadId };
    const Parts = await inParallel(2, [...parts.entries()], async ([index, Body]) => {
      const PartNumber = index + 1;
      const { ETag } = await s3().client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
      expect(ETag).toBe(`"${md5(Body)}"`);
      return { PartNumber, ETag };
    });
    expect(await outcome(s3().get('parts.csv'))).toEqual([404, 'NoSuchKey']);
    await s3().client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    const digests = Buffer.concat(parts.map((part) => createHash('md5').update(part).digest()));
    expect(await s3().get('parts.csv')).toMatchObject({
      ETag: `"${md5(digests)}-2"`,
      ContentType: 'text/csv',
    });
    expect((await s3().get('parts.csv')).bytes.equals(Buffer.concat(parts))).toBe(true);
  });

  it('in parts are refused with a part too small, too few or unknown, and can be given up', async () => {
    const target = { Bucket: s3().bucket, Key: 'given-up' };
    const { UploadId } = await s3().client.send(new CreateMultipartUploadCommand(target));
    const upload = { ...target, UploadId };
    const send = (PartNumber: number, Body: Buffer) =>
      s3().client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    const small = Buffer.from('small');
    const Parts = [
      { PartNumber: 1, ETag: (await send(1, small)).ETag },
      { PartNumber: 2, ETag: (await send(2, Buffer.alloc(5 * 1024 * 1024))).ETag },
    ];
    const complete = (parts: typeof Parts) =>
      outcome(
        s3().client.send(
          new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
        ),
      );
    expect(await complete(Parts)).toEqual([400, 'EntityTooSmall']);
    expect(await complete([{ PartNumber: 1, ETag: `"${md5('other')}"` }])).toEqual([400, 'InvalidPart']);
    expect(await complete([...Parts].reverse())).toEqual(s3().differences.partsDisordered);
    await s3().client.send(new AbortMultipartUploadCommand(upload));
    expect(await outcome(send(1, small))).toEqual([404, 'NoSuchUpload']);
  });

  it('in signed chunks are put together, and refused when a chunk was changed', async () => {
    const chunks = [randomBytes(65_536), randomBytes(65_536), randomBytes(1000)];
    const wire = await signedChunksPut(s3(), s3().pathOf('chunked'), chunks);
    expect((await sendWire(s3().endpoint, wire)).status).toBe(200);
    const stored = await s3().get('chunked');
    expect(stored.bytes.equals(Buffer.concat(chunks))).toBe(true);
    expect(stored.ContentEncoding).toBe(s3().differences.chunkedEncoding);
    const changed = Buffer.from(wire.body as Buffer);
    changed.writeUInt8(changed.readUInt8(70_000) ^ 1, 70_000);
    const again = await signedChunksPut(s3(), s3().pathOf('chunked-changed'), chunks);
    const answer = await sendWire(s3().endpoint, { ...again, body: changed });
    expect(answer.status).toBe(403);
    expect(await outcome(s3().get('chunked-changed'))).toEqual([404, 'NoSuchKey']);
  });

  it('of a stream come in chunks with a trailing checksum, where the server reads that', async () => {
    const bytes = randomBytes(200_000);
    const stream = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
    const streamed = s3().put('streamed', stream, { ContentLength: bytes.length });
    expect(await outcome(streamed)).toEqual(s3().differences.chunkedTrailer);
    const stored = s3()
      .get('streamed')
      .then((object) => object.bytes.equals(bytes));
    expect(await stored.catch(() => false)).toBe(s3().differences.chunkedTrailer[0] === 200);
  });
}
