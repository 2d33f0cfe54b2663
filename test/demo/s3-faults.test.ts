import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/demo/s3/faults.ts';
import { type S3Access, startTestS3, type TestS3 } from '../support/s3.ts';
import { request as httpRequest } from 'node:http';
import { signWire } from '../source/conformance-requests.ts';

const LINES = '0123456789'.repeat(100_000);

describe('a fault', () => {
  it('answers with an error of our choice, once if we like', async () => {
    await using s3 = await serverWith([{ kind: 'error', status: 503, code: 'SlowDown' }]);
    const list = () => s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
    await expect(list()).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    await expect(list()).resolves.toMatchObject({ KeyCount: 1 });
  });

  it('puts an error document where the data should be', async () => {
    await using s3 = await serverWith([{ kind: 'error', status: 200, code: 'InternalError' }]);
    expect((await receive(s3)).text).toContain('<Code>InternalError</Code>');
  });

  it('ends the connection after so many bytes of more', async () => {
    await using s3 = await serverWith([{ kind: 'truncate', after: 400_000 }]);
    const got = await receive(s3);
    expect(got.announced).toBe(LINES.length);
    expect(got.text).toBe(LINES.slice(0, 400_000));
    expect(got.error).toBe('ECONNRESET');
  });

  it('resets the connection, before or in the middle of the answer', async () => {
    await using s3 = await serverWith([{ kind: 'reset' }, { kind: 'reset', after: 10 }]);
    expect(await receive(s3)).toEqual({ announced: undefined, text: '', error: 'ECONNRESET' });
    expect(await receive(s3)).toMatchObject({ announced: LINES.length, error: 'ECONNRESET' });
  });

  it('makes one byte wrong and nothing else', async () => {
    await using s3 = await serverWith([{ kind: 'corrupt', at: 777_777 }]);
    const { text, error } = await receive(s3);
    expect(error).toBeUndefined();
    expect(text.length).toBe(LINES.length);
    expect(text.split('').flatMap((char, i) => (char === LINES[i] ? [] : [i]))).toEqual([777_777]);
    expect((await receive(s3)).text).toBe(LINES);
  });

  it('replaces the object while it is read: this answer stays whole, the next asks for another version', async () => {
    await using s3 = await serverWith([]);
    const before = await s3.put('lines.csv', LINES);
    s3.faults = once([{ kind: 'replace', after: 500_000, body: 'new lines' }]);
    expect((await receive(s3)).text).toBe(LINES);
    const pinned = new GetObjectCommand({ Bucket: s3.bucket, Key: 'lines.csv', IfMatch: `"${before}"` });
    await expect(s3.client.send(pinned)).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    expect((await receive(s3)).text).toBe('new lines');
  });

  it('holds an answer back until a promise settles', async () => {
    const gate = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    await using s3 = await serverWith([]);
    s3.faults = (request) => {
      if (request.key === undefined) return undefined;
      seen.resolve();
      return { kind: 'delay', until: gate.promise };
    };
    let answered = false;
    const answer = receive(s3).finally(() => {
      answered = true;
    });
    await seen.promise;
    // Others are answered meanwhile.
    await s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
    expect(answered).toBe(false);
    gate.resolve();
    expect((await answer).text).toBe(LINES);
  });

  it('does not keep the server from closing', async () => {
    const s3 = await serverWith([]);
    const seen = Promise.withResolvers<void>();
    s3.faults = () => {
      seen.resolve();
      return { kind: 'delay', until: new Promise(() => {}), after: 1000 };
    };
    const answer = receive(s3);
    await seen.promise;
    await s3.close();
    expect((await answer).error).toBe('ECONNRESET');
  });

  it('is told what is asked', async () => {
    await using s3 = await startTestS3();
    const seen: unknown[] = [];
    s3.faults = (request) => void seen.push(request);
    await s3.put('a b', 'x');
    const range = new GetObjectCommand({ Bucket: s3.bucket, Key: 'a b', Range: 'bytes=0-0' });
    await (await s3.client.send(range)).Body?.transformToString();
    await s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'a' }));
    expect(seen).toMatchObject([
      { method: 'PUT', bucket: s3.bucket, key: 'a b', range: undefined },
      { method: 'GET', bucket: s3.bucket, key: 'a b', range: 'bytes=0-0' },
      { method: 'GET', bucket: s3.bucket, key: undefined, query: { prefix: 'a' } },
    ]);
  });
});

/** A server with an object of a million bytes, whose next requests meet these faults. */
async function serverWith(faults: readonly Fault[]): Promise<TestS3> {
  const s3 = await startTestS3();
  await s3.put('lines.csv', LINES);
  s3.faults = once(faults);
  return s3;
}

function once(faults: readonly Fault[]): () => Fault | undefined {
  const queue = [...faults];
  return () => queue.shift();
}

interface Got {
  /** Content-Length */
  announced: number | undefined;
  text: string;
  error: string | undefined;
}

/** Reads the object and keeps what came before an error. */
async function receive(s3: S3Access & { bucket: string }): Promise<Got> {
  const { path, method, headers } = await signWire(s3, { path: `/${s3.bucket}/lines.csv` });
  return new Promise((resolve) => {
    const got: Got = { announced: undefined, text: '', error: undefined };
    const sent = httpRequest(`${s3.endpoint}${path}`, { method, headers, agent: false }, (answer) => {
      got.announced = Number(answer.headers['content-length']);
      answer.setEncoding('latin1').on('data', (text: string) => {
        got.text += text;
      });
      answer.once('error', (error: NodeJS.ErrnoException) => resolve({ ...got, error: error.code }));
      answer.once('end', () => resolve(got));
    });
    sent.once('error', (error: NodeJS.ErrnoException) => resolve({ ...got, error: error.code }));
    sent.end();
  });
}
