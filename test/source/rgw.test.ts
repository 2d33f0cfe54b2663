import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPeriods } from '../../src/project/period.ts';
import { fetchToCache, openCache } from '../../src/source/cache.ts';
import { s3Source } from '../../src/source/s3.ts';
import type { S3Config } from '../../src/source/s3-config.ts';
import type { Source } from '../../src/source/source.ts';
import { type Rgw, startRgw, wantRgw } from '../support/rgw.ts';
import { s3Client } from '../support/s3.ts';
import { bytesOf, dataset, failure, listed, objectOf, temporaryDirectory } from './fixtures.ts';

const visits = dataset('visits_{period}.csv', { name: 'visits' });
const strange = dataset('a +%2F&<é\u0001{period}.csv', { name: 'strange' });
const days = Array.from({ length: 1100 }, (_, i) => addPeriods('2022-01-01', i));

describe.runIf(wantRgw())("a bucket of Ceph's gateway", () => {
  let rgw: Rgw;
  let client: S3Client;
  let source: Source;
  const bucket = 'deliveries';

  beforeAll(async () => {
    rgw = await startRgw();
    client = s3Client(rgw);
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    for (let i = 0; i < days.length; i += 50) {
      await Promise.all(days.slice(i, i + 50).map((day) => put(`visits_${day}.csv`, day)));
    }
    await put('a +%2F&<é\u00012024-11-14.csv', 'strange');
    source = s3Source(config());
  }, 180_000);

  afterAll(async () => {
    source?.close();
    client?.destroy();
    await rgw?.close();
  });

  function config(more: Partial<S3Config> = {}): S3Config {
    const { endpoint, region, accessKeyId, secretAccessKey } = rgw;
    return { bucket, endpoint, region, accessKeyId, secretAccessKey, retryDelayMs: 1, ...more };
  }

  async function put(key: string, body: string | Uint8Array): Promise<string> {
    const { ETag } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    return (ETag ?? '').replaceAll('"', '');
  }

  it('is listed over its pages, from the first period on', async () => {
    await source.probe();
    expect((await listed(source, [visits])).map(([, period]) => period)).toEqual(days);
    const since = days.at(-2) ?? '';
    expect(await listed(source, [{ ...visits, since }])).toHaveLength(2);
  });

  it('may have strange keys', async () => {
    const found: string[][] = await listed(source, [strange]);
    expect(found).toEqual([['strange', '2024-11-14', 'a +%2F&<é\u00012024-11-14.csv']]);
    const { value } = await source.list([strange])[Symbol.asyncIterator]().next();
    expect(String(await bytesOf(await source.open(value.object)))).toBe('strange');
  });

  it('gives an object in parts, verified', async () => {
    const body = randomBytes(6 * 1024 * 1024 + 5);
    const object = objectOf('large', body, await put('large', body));
    const cache = await openCache(await temporaryDirectory());
    const { path } = await fetchToCache({ source, cache, object, partSize: 1024 * 1024 });
    expect((await readFile(path)).equals(body)).toBe(true);
  });

  it('says what is wrong', async () => {
    const object = objectOf('x', 'old', await put('x', 'old'));
    await put('x', 'new');
    expect((await failure(source.open(object))).code).toBe('source.object-changed');
    expect((await failure(source.open({ ...object, key: 'y' }))).code).toBe('source.object-missing');
    const probing = (more: Partial<S3Config>) => failure(s3Source(config(more)).probe());
    expect((await probing({ bucket: 'no-such-bucket' })).code).toBe('source.bucket-missing');
    expect(await probing({ accessKeyId: 'NOBODY' })).toMatchObject({
      facts: { s3Code: 'InvalidAccessKeyId' },
    });
    expect(await probing({ secretAccessKey: 'wrong' })).toMatchObject({
      facts: { s3Code: 'SignatureDoesNotMatch' },
    });
  });
});
