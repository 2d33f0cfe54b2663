import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { CreateMultipartUploadCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  presignWire,
  type SignOptions,
  sendWire,
  signWire,
  type WireAnswer,
} from '../source/conformance-requests.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';

let s3: TestS3;
beforeAll(async () => {
  s3 = await startTestS3();
  await s3.put('present', 'here');
});
afterAll(() => s3.close());

const signed = async (options: SignOptions): Promise<WireAnswer> =>
  sendWire(s3.endpoint, await signWire(s3, options));
const refusal = async (options: SignOptions) => {
  const { status, code } = await signed(options);
  return [status, code];
};
const path = (key: string) => `/${s3.bucket}/${key}`;

describe('a request is refused', () => {
  const headersOf = async (changes: Record<string, string | undefined>) => {
    const wire = await signWire(s3, { path: path('present') });
    const headers = Object.entries({ ...wire.headers, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const { status, code } = await sendWire(s3.endpoint, { ...wire, headers: Object.fromEntries(headers) });
    return [status, code];
  };

  it('when a header that matters is not under the signature', async () => {
    expect(await headersOf({ 'x-amz-meta-added': 'later' })).toEqual([403, 'AccessDenied']);
    expect(await headersOf({ 'accept-language': 'fr' })).toEqual([200, undefined]);
  });

  it('when the signature is for another host', async () => {
    expect(await headersOf({ host: 'localhost' })).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('when its authorization is incomplete, of another kind, or there twice', async () => {
    const { headers } = await signWire(s3, { path: path('present') });
    const authorization = headers['authorization'] ?? '';
    const malformed = [400, 'AuthorizationHeaderMalformed'];
    expect(await headersOf({ authorization: authorization.replace(/, Signature=.*/, '') })).toEqual(
      malformed,
    );
    expect(await headersOf({ authorization: authorization.replace('/s3/', '/ec2/') })).toEqual(malformed);
    expect(await headersOf({ authorization: 'AWS AKIA:c2lnbmF0dXJl' })).toEqual([400, 'InvalidRequest']);
    expect(await headersOf({ 'x-amz-content-sha256': undefined })).toEqual([400, 'InvalidRequest']);
    expect(await headersOf({ 'x-amz-date': 'yesterday' })).toEqual(malformed);
    const presigned = await presignWire(s3, { path: path('present'), expiresIn: 60 });
    const twice = await sendWire(s3.endpoint, { ...presigned, headers });
    expect([twice.status, twice.code]).toEqual([400, 'InvalidArgument']);
  });

  it('when a URL was signed for longer than a week', async () => {
    const wire = await presignWire(s3, { path: path('present'), expiresIn: 604_800 });
    expect((await sendWire(s3.endpoint, wire)).status).toBe(200);
    const longer = { ...wire, path: wire.path.replace('Expires=604800', 'Expires=604801') };
    const answer = await sendWire(s3.endpoint, longer);
    expect([answer.status, answer.code]).toEqual([400, 'AuthorizationQueryParametersError']);
  });

  it('with a document that explains and never holds the secret', async () => {
    const wire = await signWire({ ...s3, secretAccessKey: 'wrong' }, { path: path('present') });
    const answer = await sendWire(s3.endpoint, wire);
    expect(answer.headers['content-type']).toBe('application/xml');
    expect(answer.text).toMatch(/<StringToSign>AWS4-HMAC-SHA256/);
    expect(answer.text).toContain(`<RequestId>${String(answer.headers['x-amz-request-id'])}</RequestId>`);
    expect(answer.text).not.toContain(s3.secretAccessKey);
  });

  it('when its path is no UTF-8', async () => {
    const answer = await sendWire(s3.endpoint, { method: 'GET', path: '/a/%FF', headers: {} });
    expect([answer.status, answer.code]).toEqual([400, 'InvalidURI']);
  });

  it('before its body is sent, when the client asks', async () => {
    const wire = await signWire({ ...s3, secretAccessKey: 'wrong' }, { method: 'PUT', path: path('large') });
    const headers = { ...wire.headers, expect: '100-continue', 'content-length': '1000000' };
    const said = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest(`${s3.endpoint}${wire.path}`, { method: 'PUT', headers, agent: false });
      sent.once('continue', () => resolve('continue'));
      sent.once('response', (answer) => resolve(String(answer.statusCode)));
      sent.once('error', reject);
      sent.flushHeaders();
    });
    expect(said).toBe('403');
  });
});

describe('what is not implemented is refused, not ignored', () => {
  it.each<[string, Omit<SignOptions, 'path'>]>([
    ['a copy', { method: 'PUT', headers: { 'x-amz-copy-source': '/test-bucket/present' } }],
    ['encryption', { method: 'PUT', headers: { 'x-amz-server-side-encryption': 'AES256' } }],
    ['a public object', { method: 'PUT', headers: { 'x-amz-acl': 'public-read' } }],
    ['tags', { method: 'PUT', query: { tagging: '' } }],
    ['a version', { method: 'GET', query: { versionId: '1' } }],
    [
      'another content type for one answer',
      { method: 'GET', query: { 'response-content-type': 'text/html' } },
    ],
    ['a checksum that is not computed', { method: 'PUT', headers: { 'x-amz-checksum-crc32c': 'AAAAAA==' } }],
  ])('%s', async (_what, options) => {
    const headers = { 'content-length': '0', ...options.headers };
    expect(await refusal({ ...options, headers, path: path('refused') })).toEqual([501, 'NotImplemented']);
    expect(await refusal({ path: path('refused') })).toEqual([404, 'NoSuchKey']);
  });

  it('the first version of listings, and listings of versions', async () => {
    expect(await refusal({ path: `/${s3.bucket}` })).toEqual([501, 'NotImplemented']);
    expect(await refusal({ path: `/${s3.bucket}`, query: { versions: '' } })).toEqual([
      501,
      'NotImplemented',
    ]);
  });

  it('other methods', async () => {
    for (const target of [path('present'), `/${s3.bucket}`, '/']) {
      expect(await refusal({ method: 'POST', path: target })).toEqual([405, 'MethodNotAllowed']);
    }
  });
});

describe('listing parameters', () => {
  it.each([
    ['a token of nobody', { 'continuation-token': 'nonsense' }],
    ['a count that is none', { 'max-keys': '-1' }],
    ['an unknown encoding', { 'encoding-type': 'base64' }],
  ])('%s is an InvalidArgument', async (_what, query) => {
    const answer = await refusal({ path: `/${s3.bucket}`, query: { 'list-type': '2', ...query } });
    expect(answer).toEqual([400, 'InvalidArgument']);
  });
});

describe('an aws-chunked body', () => {
  const put = async (body: string, headers: Record<string, string> = {}) =>
    refusal({
      method: 'PUT',
      path: path('framed'),
      body,
      headers: {
        'content-length': String(body.length),
        'content-encoding': 'gzip,aws-chunked',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '9',
        'x-amz-trailer': 'x-amz-checksum-crc32',
        ...headers,
      },
    });
  // The CRC-32 of '123456789' is its well-known check value, 0xCBF43926.
  const trailer = 'x-amz-checksum-crc32:y/Q5Jg==\r\n\r\n';

  it('is put without its frame, and keeps its other encoding', async () => {
    expect(await put(`4\r\n1234\r\n5\r\n56789\r\n0\r\n${trailer}`)).toEqual([200, undefined]);
    const get = new GetObjectCommand({ Bucket: s3.bucket, Key: 'framed', ChecksumMode: 'ENABLED' });
    const { Body, ...stored } = await s3.client.send(get);
    expect(await Body?.transformToString()).toBe('123456789');
    expect(stored).toMatchObject({ ContentEncoding: 'gzip', ChecksumCRC32: 'y/Q5Jg==' });
  });

  it.each([
    ['its trailing checksum is wrong', `9\r\n123456780\r\n0\r\n${trailer}`, 'BadDigest'],
    ['the announced trailer is missing', '9\r\n123456789\r\n0\r\n\r\n', 'MalformedTrailerError'],
    ['another trailer comes', `9\r\n123456789\r\n0\r\nx-other:1\r\n${trailer}`, 'MalformedTrailerError'],
    ['it is shorter than announced', `4\r\n1234\r\n0\r\n${trailer}`, 'IncompleteBody'],
    ['it ends in a chunk', '9\r\n12345', 'IncompleteBody'],
    ['it ends before its last chunk', '9\r\n123456789\r\n', 'IncompleteBody'],
    ['a chunk is longer than its header says', `4\r\n123456789\r\n0\r\n${trailer}`, 'InvalidRequest'],
    ['a chunk header is none', `nine\r\n123456789\r\n0\r\n${trailer}`, 'InvalidRequest'],
    ['bytes follow its end', `9\r\n123456789\r\n0\r\n${trailer}more`, 'InvalidRequest'],
  ])('is refused when %s', async (_when, body, code) => {
    expect(await put(body)).toEqual([400, code]);
    expect((await signed({ path: path('framed') })).text).toBe('123456789');
  });

  it('is refused without the length of what is in it', async () => {
    const body = `9\r\n123456789\r\n0\r\n${trailer}`;
    expect(await put(body, { 'x-amz-decoded-content-length': '' })).toEqual([411, 'MissingContentLength']);
  });
});

describe('writers at the same time', () => {
  it('of one key: exactly one may be the first', async () => {
    const claim = (Body: string) =>
      s3.client
        .send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'race', Body, IfNoneMatch: '*' }))
        .then(() => Body)
        .catch((error: Error) => error.name);
    const results = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(claim));
    const winners = results.filter((result) => result !== 'PreconditionFailed');
    expect(winners).toHaveLength(1);
    expect((await signed({ path: path('race') })).text).toBe(winners[0]);
  });

  it('and readers: each answer is one version, whole', async () => {
    const versions = ['a', 'b', 'c'].map((letter) => letter.repeat(300_000));
    await s3.put('whole', versions[0]!);
    const writing = Promise.all(Array.from({ length: 30 }, (_, i) => s3.put('whole', versions[i % 3]!)));
    const answers = await Promise.all(Array.from({ length: 30 }, () => signed({ path: path('whole') })));
    await writing;
    for (const { text } of answers) expect(versions).toContain(text);
  });

  it('If-Match replaces only the version it names', async () => {
    const first = await s3.put('guarded', 'first');
    const replace = (Body: string) =>
      s3.client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'guarded', Body, IfMatch: first }));
    await replace('second');
    await expect(replace('third')).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect((await signed({ path: path('guarded') })).text).toBe('second');
  });
});

describe('the server', () => {
  it('is not reached by another address than 127.0.0.1', async () => {
    const { port } = new URL(s3.endpoint);
    const reached = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.2');
      socket.once('connect', () => resolve('connected'));
      socket.once('error', () => resolve('refused'));
    });
    expect(reached).toBe('refused');
  });

  it('gives an upload identifier for one key only', async () => {
    const target = { Bucket: s3.bucket, Key: 'one' };
    const { UploadId = '' } = await s3.client.send(new CreateMultipartUploadCommand(target));
    for (const uploadId of [UploadId, '../../buckets', 'f'.repeat(32)]) {
      const query = { uploadId, partNumber: '1' };
      const answer = await refusal({
        method: 'PUT',
        path: path('other'),
        query,
        body: 'x',
        headers: { 'content-length': '1' },
      });
      expect(answer).toEqual([404, 'NoSuchUpload']);
    }
  });
});
