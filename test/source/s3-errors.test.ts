import { createServer, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DayboardError } from '../../src/project/errors.ts';
import { s3Source } from '../../src/source/s3.ts';
import type { S3Config } from '../../src/source/s3-config.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { bytesOf, dataset, failure, listed, objectOf, sourceOf } from './fixtures.ts';
import { listen, portOf, startStub } from './stub-server.ts';

const visits = dataset('visits_{period}.csv', { name: 'visits' });
const someObject = objectOf('visits_2024-11-14.csv', 'body', 'd41d8cd98f00b204e9800998ecf8427e');

const KEYS = {
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'a-secret-nobody-may-see',
  bucket: 'some-bucket',
};

/** What probing, listing and opening fail with, which is one error; nothing secret is in it. */
async function sameFailure(config: S3Config): Promise<DayboardError> {
  const source = s3Source({ retryDelayMs: 1, connectMs: 2000, idleMs: 2000, ...config });
  onTestFinished(() => source.close());
  const errors = [
    await failure(source.probe()),
    await failure(listed(source, [visits])),
    await failure(source.open(someObject)),
  ];
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set([errors[0]?.code]));
  for (const error of errors) {
    expect(error.next).toContain('What was published is as it was.');
    expectNothingSecret(error, config);
  }
  return errors[0]!;
}

function expectNothingSecret(error: DayboardError, config: Pick<S3Config, 'secretAccessKey'>): void {
  const everything = [JSON.stringify(error.toJSON()), error.stack, inspectCauses(error)].join('\n');
  expect(everything).not.toContain(config.secretAccessKey);
  expect(everything).not.toMatch(/signature[^A-Za-z ]|StringToSign|AWS4-HMAC|x-amz-security-token/i);
}

function inspectCauses(error: Error): string {
  const cause = error.cause;
  if (!(cause instanceof Error)) return String(cause);
  return `${JSON.stringify(cause, Object.getOwnPropertyNames(cause))}\n${inspectCauses(cause)}`;
}

function configOf({ bucket, endpoint, region, accessKeyId, secretAccessKey }: TestS3): S3Config {
  return { bucket, endpoint, region, accessKeyId, secretAccessKey };
}

describe('what a service refuses', () => {
  it('for an unknown access key id says so', async () => {
    const s3 = await startTestS3();
    const error = await sameFailure({ ...configOf(s3), accessKeyId: 'AKIANOBODY' });
    expect(error.code).toBe('source.credentials');
    expect(error.message).toContain('InvalidAccessKeyId');
  });

  it('for a wrong secret says so', async () => {
    const s3 = await startTestS3();
    const error = await sameFailure({ ...configOf(s3), secretAccessKey: 'wrong-and-not-to-be-shown' });
    expect(error.code).toBe('source.credentials');
    expect(error.message).toContain('SignatureDoesNotMatch');
  });

  it('for a missing right names the right', async () => {
    const s3 = await startTestS3();
    s3.faults = () => ({ kind: 'error', status: 403, code: 'AccessDenied' });
    const source = sourceOf(s3);
    const listing = await failure(listed(source, [visits]));
    expect(listing).toMatchObject({ code: 'source.credentials', facts: { s3Code: 'AccessDenied' } });
    expect(listing.next).toContain('s3:ListBucket');
    const reading = await failure(source.open(someObject));
    expect(reading.code).toBe('source.credentials');
    expect(reading.next).toContain('s3:GetObject');
  });

  it('for a bucket that is not there names bucket and host', async () => {
    const s3 = await startTestS3();
    const error = await sameFailure({ ...configOf(s3), bucket: 'no-such-bucket' });
    expect(error.code).toBe('source.bucket-missing');
    expect(error.message).toContain(`no-such-bucket at 127.0.0.1:${new URL(s3.endpoint).port}`);
  });

  it('for another region names the right one', async () => {
    const s3 = await startTestS3();
    const error = await sameFailure({ ...configOf(s3), region: 'gra' });
    expect(error.code).toBe('source.region');
    expect(error.message).toMatch(/not in the region gra: it is in us-east-1/);
  });

  it('for an object that is not there names its key', async () => {
    const s3 = await startTestS3();
    const error = await failure(sourceOf(s3).open(someObject));
    expect(error).toMatchObject({ code: 'source.object-missing', facts: { key: someObject.key } });
  });

  it('for an object that was replaced since says so', async () => {
    const s3 = await startTestS3();
    const object = objectOf('visits_2024-11-14.csv', 'old', await s3.put('visits_2024-11-14.csv', 'old'));
    await s3.put(object.key, 'new');
    expect((await failure(sourceOf(s3).open(object))).code).toBe('source.object-changed');
    expect((await failure(sourceOf(s3).open(object, { from: 1 }))).code).toBe('source.object-changed');
  });

  it.each([
    [503, 'SlowDown', 'source.throttled'],
    [503, 'ServiceUnavailable', 'source.throttled'],
    [500, 'InternalError', 'source.server-error'],
    [403, 'RequestTimeTooSkewed', 'source.clock'],
    [403, 'InvalidObjectState', 'source.object-archived'],
    [400, 'SomethingNew', 'source.refused'],
    [412, 'PreconditionFailed', 'source.object-changed'],
    [416, 'InvalidRange', 'source.object-changed'],
  ])('with %i %s is %s', async (status, code, expected) => {
    const s3 = await startTestS3();
    s3.faults = () => ({ kind: 'error', status, code, message: 'evil \u001b[31m text' });
    const error = await failure(sourceOf(s3).open(someObject));
    expect(error.code).toBe(expected);
    expect(error.message).not.toMatch(/\p{Control}/u);
  });

  it('is told after a clock that cannot be set right', async () => {
    const s3 = await startTestS3();
    s3.faults = () => ({ kind: 'error', status: 403, code: 'RequestTimeTooSkewed' });
    expect((await sameFailure(configOf(s3))).code).toBe('source.clock');
  });
});

describe('an answer that is not the object', () => {
  it('is told from it: an error document with status 200', async () => {
    const s3 = await startTestS3();
    s3.faults = () => ({ kind: 'error', status: 200, code: 'InternalError' });
    const error = await failure(sourceOf(s3).open(someObject));
    expect(error).toMatchObject({
      code: 'source.unexpected-answer',
      facts: { contentType: 'application/xml' },
    });
  });

  it("is told from it: a proxy's page", async () => {
    const endpoint = await startStub((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>');
    });
    const source = s3Source({ ...KEYS, endpoint, retryDelayMs: 1 });
    onTestFinished(() => source.close());
    expect((await failure(source.open(someObject))).code).toBe('source.unexpected-answer');
  });

  it('is told from it: the whole object where a range was asked for', async () => {
    const endpoint = await startStub((_, response) => {
      response.writeHead(200, { etag: `"${someObject.etag}"` }).end('body');
    });
    const source = s3Source({ ...KEYS, endpoint });
    onTestFinished(() => source.close());
    expect((await failure(source.open(someObject, { from: 2 }))).code).toBe('source.unexpected-answer');
    expect(String(await bytesOf(await source.open(someObject)))).toBe('body');
  });

  it.each([
    [200, '<html>no listing'],
    [200, ''],
    [404, '<html>nothing here'],
    [502, 'Bad Gateway'],
    [301, ''],
  ])('is no empty listing (%i %s)', async (status, text) => {
    const endpoint = await startStub((_, response) => void response.writeHead(status).end(text));
    const source = s3Source({ ...KEYS, endpoint, retryDelayMs: 1 });
    onTestFinished(() => source.close());
    expect((await failure(listed(source, [visits]))).code).toMatch(/^source\./);
    expect((await failure(source.probe())).code).toMatch(/^source\./);
  });

  it('ends a listing that repeats itself', async () => {
    const page =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>';
    const endpoint = await startStub((_, response) => void response.writeHead(200).end(page));
    const source = s3Source({ ...KEYS, endpoint, retryDelayMs: 1 });
    onTestFinished(() => source.close());
    expect((await failure(listed(source, [visits]))).code).toBe('source.unexpected-answer');
  });
});

describe('a service that cannot be reached', () => {
  it('has an unknown host name', async () => {
    const error = await sameFailure({ ...KEYS, endpoint: 'https://s3.does-not-exist.invalid' });
    expect(error.code).toBe('source.unreachable');
    expect(String(error.facts['reason'])).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(error.message).toContain('s3.does-not-exist.invalid');
  });

  it('has nobody at its address', async () => {
    const server: Server = createServer();
    await listen(server);
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await sameFailure({ ...KEYS, endpoint: `http://127.0.0.1:${port}` });
    expect(error).toMatchObject({ code: 'source.unreachable', facts: { reason: 'ECONNREFUSED' } });
    expect(error.message).toContain(`127.0.0.1:${port}`);
  });

  it('does not let anybody connect', async () => {
    // TEST-NET-1: no packet to it is ever answered.
    const error = await sameFailure({ ...KEYS, endpoint: 'http://192.0.2.1', connectMs: 100 });
    expect(error.code).toBe('source.unreachable');
  });

  it('takes the connection and says nothing', async () => {
    const endpoint = await startStub(() => undefined);
    const error = await sameFailure({ ...KEYS, endpoint, idleMs: 100 });
    expect(error.code).toBe('source.unreachable');
    expect(error.message).toContain('does not answer in time');
  });

  it('begins a listing and never ends it', async () => {
    const endpoint = await startStub(
      (_, response) => void response.writeHead(200).write('<ListBucketResult>'),
    );
    const source = s3Source({ ...KEYS, endpoint, idleMs: 100, retryDelayMs: 1 });
    onTestFinished(() => source.close());
    expect((await failure(listed(source, [visits]))).code).toBe('source.unreachable');
  });

  it('shows a certificate that nobody vouches for, whatever the environment allows', async () => {
    const endpoint = await startStub((_, response) => void response.end(), { tls: true });
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    const error = await sameFailure({ ...KEYS, endpoint });
    expect(error).toMatchObject({
      code: 'source.unreachable',
      facts: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    expect(error.message).toContain('it is self-signed');
  });

  it('speaks no TLS where it should, or TLS where it should not', async () => {
    const plain = await startStub((_, response) => void response.end());
    const noTls = await sameFailure({ ...KEYS, endpoint: plain.replace('http:', 'https:') });
    expect(noTls.code).toBe('source.unreachable');
    const secure = await startStub((_, response) => void response.end(), { tls: true });
    const source = s3Source({ ...KEYS, endpoint: secure.replace('https:', 'http:'), retryDelayMs: 1 });
    onTestFinished(() => source.close());
    expect((await failure(source.probe())).code).toMatch(/^source\.(unreachable|interrupted)$/);
  });
});

describe('a probe', () => {
  it('passes where listing is allowed, also in an empty bucket', async () => {
    await expect(sourceOf(await startTestS3()).probe()).resolves.toBeUndefined();
  });
});
