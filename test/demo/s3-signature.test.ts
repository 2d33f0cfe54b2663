import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  canonicalRequest,
  chunkSignature,
  EMPTY_SHA256,
  type Scope,
  sha256Hex,
  type Signable,
  signatureOf,
  signingKey,
  stringToSign,
  trailerSignature,
} from '../../src/demo/s3/signature.ts';

/** Signs as a client would; what is expected below are the examples that AWS publishes. */
function sign(secret: string, time: string, scope: Scope, request: Signable, payloadHash: string): string {
  const canonical = canonicalRequest(request, [...request.headers.keys()].sort(), payloadHash);
  return signatureOf(signingKey(secret, scope), stringToSign(time, scope, canonical));
}

describe("AWS's Signature Version 4 test suite", () => {
  const scope = { date: '20150830', region: 'us-east-1', service: 'service' };
  const time = '20150830T123600Z';
  const headers = new Map([
    ['host', 'example.amazonaws.com'],
    ['x-amz-date', time],
  ]);
  const signSuite = (request: Partial<Signable>) =>
    sign(
      'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      time,
      scope,
      { method: 'GET', path: '/', query: [], headers, ...request },
      EMPTY_SHA256,
    );

  it.each<[string, Partial<Signable>, string]>([
    ['get-vanilla', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['post-vanilla', { method: 'POST' }, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'get-vanilla-query-order-key-case',
      {
        query: [
          ['Param2', 'value2'],
          ['Param1', 'value1'],
        ],
      },
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    ['get-utf8', { path: '/ሴ' }, '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  ])('%s', (_name, request, signature) => {
    expect(signSuite(request)).toBe(signature);
  });
});

describe("the examples of the S3 manual's chapter on signatures", () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const scope = { date: '20130524', region: 'us-east-1', service: 's3' };
  const time = '20130524T000000Z';
  const host = 'examplebucket.s3.amazonaws.com';
  const signed = (request: Omit<Signable, 'headers'>, headers: Record<string, string>, payloadHash: string) =>
    sign(
      secret,
      time,
      scope,
      { ...request, headers: new Map(Object.entries({ host, ...headers })) },
      payloadHash,
    );

  it('get a range of an object', () => {
    const headers = { range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': time };
    expect(signed({ method: 'GET', path: '/test.txt', query: [] }, headers, EMPTY_SHA256)).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('put an object whose key holds a dollar sign', () => {
    const hash = sha256Hex('Welcome to Amazon S3.');
    const headers = {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': hash,
      'x-amz-date': time,
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    };
    expect(signed({ method: 'PUT', path: '/test$file.text', query: [] }, headers, hash)).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  it('a parameter without a value, and a listing', () => {
    const headers = { 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': time };
    expect(signed({ method: 'GET', path: '/', query: [['lifecycle', '']] }, headers, EMPTY_SHA256)).toBe(
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
    const query = [
      ['prefix', 'J'],
      ['max-keys', '2'],
    ] as const;
    expect(signed({ method: 'GET', path: '/', query }, headers, EMPTY_SHA256)).toBe(
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
  });

  it('a presigned URL', () => {
    const query = [
      ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
      ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'],
      ['X-Amz-Date', time],
      ['X-Amz-Expires', '86400'],
      ['X-Amz-SignedHeaders', 'host'],
    ] as const;
    expect(signed({ method: 'GET', path: '/test.txt', query }, {}, 'UNSIGNED-PAYLOAD')).toBe(
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  const chunkHash = (length: number) => createHash('sha256').update('a'.repeat(length)).digest('hex');
  const chain = (seed: string) => ({ key: signingKey(secret, scope), time, scope, seed });

  it('the chunks of an upload of 66,560 bytes', () => {
    const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
    const first = chunkSignature(chain(seed), seed, chunkHash(65_536));
    const second = chunkSignature(chain(seed), first, chunkHash(1024));
    const last = chunkSignature(chain(seed), second, chunkHash(0));
    expect([first, second, last]).toEqual([
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ]);
  });

  it('the same upload with a checksum in a signed trailer', () => {
    const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
    const first = chunkSignature(chain(seed), seed, chunkHash(65_536));
    const second = chunkSignature(chain(seed), first, chunkHash(1024));
    const last = chunkSignature(chain(seed), second, chunkHash(0));
    const trailer = trailerSignature(chain(seed), last, sha256Hex('x-amz-checksum-crc32c:sOO8/Q==\n'));
    expect([first, second, last, trailer]).toEqual([
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
      'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
    ]);
  });
});
