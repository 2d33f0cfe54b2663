import {
  CreateMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readObject } from '../../src/source/read.ts';
import type { Retry } from '../../src/source/retry.ts';
import { s3Source } from '../../src/source/s3.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { bytesOf, failure, objectOf, putRandom, sourceOf } from './fixtures.ts';
import { startStub } from './stub-server.ts';

const MB = 1024 * 1024;

describe('the bytes of an object', () => {
  it('come whole and in part', async () => {
    const s3 = await startTestS3();
    const { object, body } = await putRandom(s3, 'a/b c+é.csv', 3 * MB);
    const source = sourceOf(s3);
    expect((await bytesOf(await source.open(object))).equals(body)).toBe(true);
    expect(
      (await bytesOf(await source.open(object, { from: 10, to: MB }))).equals(body.subarray(10, MB + 1)),
    ).toBe(true);
    expect((await bytesOf(await source.open(object, { from: 3 * MB - 1 }))).equals(body.subarray(-1))).toBe(
      true,
    );
  });

  it('are none when the object is empty', async () => {
    const s3 = await startTestS3();
    const object = objectOf('empty', '', await s3.put('empty', ''));
    expect(await bytesOf(await sourceOf(s3).open(object))).toHaveLength(0);
  });

  it('are vouched for by the ETag when it is an MD5', async () => {
    const s3 = await startTestS3();
    const object = objectOf('x', 'body', await s3.put('x', 'body'));
    const body = await sourceOf(s3).open(object);
    expect(body.md5).toBe('841a2d689ad86bd1611447453c22c6fc');
    expect(String(await bytesOf(body))).toBe('body');
  });

  it('are not vouched for by the ETag when S3 encrypts with keys of others', async () => {
    const etag = '0123456789abcdef0123456789abcdef';
    const endpoint = await startStub((_, response) => {
      response.writeHead(200, { etag: `"${etag}"`, 'x-amz-server-side-encryption': 'aws:kms' }).end('body');
    });
    const source = s3Source({ bucket: 'bucket', endpoint, accessKeyId: 'a', secretAccessKey: 'b' });
    onTestFinished(() => source.close());
    const body = await source.open(objectOf('x', 'body', etag));
    expect(body.md5).toBeUndefined();
    expect(String(await bytesOf(body))).toBe('body');
  });

  it('are held against the checksum of the whole when they were uploaded in parts', async () => {
    const s3 = await startTestS3();
    const object = await putInParts(s3, 'parts', [Buffer.alloc(5 * MB, 'a'), Buffer.from('end')]);
    const source = sourceOf(s3);
    const whole = await source.open(object);
    expect(whole.md5).toBeUndefined();
    expect(await bytesOf(whole)).toHaveLength(object.size);
    s3.faults = () => ({ kind: 'corrupt' });
    expect((await failure(source.open(object).then(bytesOf))).code).toBe('source.checksum');
  });

  it('wait for a reader who takes longer than the service may be silent', async () => {
    const s3 = await startTestS3();
    const { object, body } = await putRandom(s3, 'slow', 8 * MB);
    const source = sourceOf(s3, { idleMs: 50 });
    const reading = await source.open(object);
    const chunks: Buffer[] = [];
    for await (const chunk of reading as AsyncIterable<Buffer>) {
      // Meanwhile the connection is full and still, for as long as it takes to give another one up.
      if (chunks.length === 0) await silence();
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).equals(body)).toBe(true);

    async function silence(): Promise<void> {
      s3.faults = () => ({ kind: 'delay', after: 10, until: new Promise(() => undefined) });
      expect((await failure(source.open(object).then(bytesOf))).code).toBe('source.interrupted');
    }
  });
});

/** An object that was uploaded in parts, with a checksum of the whole as today's clients leave it. */
async function putInParts(s3: TestS3, key: string, parts: Buffer[]) {
  const at = { Bucket: s3.bucket, Key: key };
  const { UploadId } = await s3.client.send(
    new CreateMultipartUploadCommand({ ...at, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
  );
  const sent = [];
  for (const [i, Body] of parts.entries()) {
    const PartNumber = i + 1;
    const part = await s3.client.send(
      new UploadPartCommand({ ...at, UploadId, PartNumber, Body, ChecksumAlgorithm: 'CRC32' }),
    );
    sent.push({ PartNumber, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 });
  }
  const whole = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: sent } });
  const { ETag } = await s3.client.send(whole);
  return objectOf(key, Buffer.concat(parts), (ETag ?? '').replaceAll('"', ''));
}

describe('a transfer that goes wrong', () => {
  it.each([
    ['ends early', { kind: 'truncate', after: MB } as const],
    ['is reset', { kind: 'reset', after: MB } as const],
    ['is silent', { kind: 'delay', after: MB, until: new Promise(() => undefined) } as const],
  ])('fails when it %s', async (_, fault) => {
    const s3 = await startTestS3();
    const { object } = await putRandom(s3, 'x', 2 * MB);
    s3.faults = () => fault;
    const source = sourceOf(s3, { idleMs: 100 });
    expect((await failure(source.open(object).then(bytesOf))).code).toBe('source.interrupted');
  });

  it('before anybody reads fails for who reads later', async () => {
    const s3 = await startTestS3();
    const { object } = await putRandom(s3, 'x', 2 * MB);
    s3.faults = () => ({ kind: 'truncate', after: 10 });
    const body = await sourceOf(s3).open(object);
    await new Promise((resolve) => body.once('close', resolve));
    expect((await failure(bytesOf(body))).code).toBe('source.interrupted');
  });

  it('fails when the server sends more than there can be', async () => {
    const etag = '0123456789abcdef0123456789abcdef';
    const endpoint = await startStub(
      (_, response) => void response.writeHead(200, { etag }).end('body and more'),
    );
    const source = s3Source({ bucket: 'bucket', endpoint, accessKeyId: 'a', secretAccessKey: 'b' });
    onTestFinished(() => source.close());
    expect((await failure(source.open(objectOf('x', 'body', etag)).then(bytesOf))).code).toBe(
      'source.interrupted',
    );
  });

  it('goes on where it stopped, and tells of each try', async () => {
    const s3 = await startTestS3();
    const { object, body } = await putRandom(s3, 'x', 2 * MB);
    const ranges: Array<string | undefined> = [];
    s3.faults = ({ range }) => {
      ranges.push(range);
      if (ranges.length === 1) return { kind: 'truncate', after: MB };
      return ranges.length === 2 ? { kind: 'error', status: 503, code: 'SlowDown' } : undefined;
    };
    const retries: Retry[] = [];
    const reading = readObject(sourceOf(s3), object, { delayMs: 1, onRetry: (retry) => retries.push(retry) });
    expect((await bytesOf(reading)).equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-2097151$/), ranges[1]]);
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(retries[0]?.reason).toContain('broke off');
    expect(retries[1]?.reason).toContain('SlowDown');
  });

  it('is given up after three tries', async () => {
    const s3 = await startTestS3();
    const { object } = await putRandom(s3, 'x', MB);
    let tries = 0;
    s3.faults = () => {
      tries++;
      return { kind: 'truncate', after: 10 };
    };
    expect((await failure(bytesOf(readObject(sourceOf(s3), object, { delayMs: 1 })))).code).toBe(
      'source.interrupted',
    );
    expect(tries).toBe(3);
  });

  it('is not tried again with another object: it fails when that was replaced', async () => {
    const s3 = await startTestS3();
    const { object } = await putRandom(s3, 'x', 2 * MB);
    let requests = 0;
    s3.faults = () => (requests++ === 0 ? { kind: 'truncate', after: MB } : undefined);
    const reading = readObject(sourceOf(s3), object, { delayMs: 1 });
    await reading.next();
    await s3.put('x', 'something else');
    expect((await failure(bytesOf(reading))).code).toBe('source.object-changed');
  });

  it('goes on with the old object when that is replaced meanwhile, as long as the connection holds', async () => {
    const s3 = await startTestS3();
    const { object, body } = await putRandom(s3, 'x', 2 * MB);
    s3.faults = () => ({ kind: 'replace', after: MB, body: 'something else' });
    expect((await bytesOf(await sourceOf(s3).open(object))).equals(body)).toBe(true);
  });

  it('ends at once when it is cancelled, in the middle and between tries', async () => {
    const s3 = await startTestS3();
    const { object } = await putRandom(s3, 'x', 2 * MB);
    const source = sourceOf(s3);
    s3.faults = () => ({ kind: 'delay', after: MB, until: new Promise(() => undefined) });
    const middle = new AbortController();
    const reading = await source.open(object, { signal: middle.signal });
    reading.once('data', () => middle.abort());
    expect((await failure(bytesOf(reading))).code).toBe('source.cancelled');
    const between = new AbortController();
    s3.faults = () => ({ kind: 'error', status: 503, code: 'SlowDown' });
    const waiting = readObject(source, object, {
      delayMs: 1_000_000,
      signal: between.signal,
      onRetry: () => between.abort(),
    });
    expect((await failure(bytesOf(waiting))).code).toBe('source.cancelled');
  });
});
