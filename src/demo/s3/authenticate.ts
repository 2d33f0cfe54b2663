import { Temporal } from 'temporal-polyfill';
import { S3Error } from './errors.ts';
import { parameter, type S3Request } from './request.ts';
import {
  type ChunkChain,
  canonicalRequest,
  type Scope,
  sameText,
  signatureOf,
  signingKey,
  stringToSign,
} from './signature.ts';

/** The one user of this server. */
export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

/** How the body's bytes are vouched for, as x-amz-content-sha256 says. */
export type Payload =
  | { kind: 'hashed'; sha256: string }
  | { kind: 'unsigned' }
  | { kind: 'chunked'; chain: ChunkChain | undefined; trailer: boolean };

/** How far the client's clock may be off, both ways. */
const SKEW_MS = 15 * 60 * 1000;
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600;
const ALGORITHM = 'AWS4-HMAC-SHA256';

interface Claim {
  accessKeyId: string;
  scope: Scope;
  signedHeaders: string[];
  signature: string;
  /** 'YYYYMMDDTHHMMSSZ' */
  time: string;
  payloadHash: string;
  /** Of a presigned URL; absent when the Authorization header signs. */
  expiresSeconds: number | undefined;
}

/**
 * Proves that the request was signed with our secret, in time and whole: by an Authorization header or as a
 * presigned URL. `now` is in epoch milliseconds. Fails with the S3Error that S3 would answer with.
 */
export function authenticate(request: S3Request, keys: Keys, now: number): Payload {
  const claim = readClaim(request);
  if (!sameText(claim.accessKeyId, keys.accessKeyId)) {
    throw new S3Error('InvalidAccessKeyId', { details: { AWSAccessKeyId: claim.accessKeyId } });
  }
  checkScope(claim, keys.region);
  checkTime(claim, now);
  checkSignedHeaders(request, claim);
  const key = signingKey(keys.secretAccessKey, claim.scope);
  checkSignature(request, claim, key);
  return readPayload(claim, key);
}

function readClaim(request: S3Request): Claim {
  const authorization = request.headers.get('authorization');
  const presigned = parameter(request, 'X-Amz-Algorithm');
  if (authorization !== undefined && presigned !== undefined) {
    throw new S3Error('InvalidArgument', { message: 'Only one auth mechanism allowed' });
  }
  if (authorization !== undefined) return headerClaim(request, authorization);
  if (presigned !== undefined) return queryClaim(request, presigned);
  throw new S3Error('AccessDenied');
}

function headerClaim(request: S3Request, authorization: string): Claim {
  const [algorithm, fields = ''] = authorization.split(/\s+(.*)/s);
  checkAlgorithm(algorithm);
  const field = new Map(
    fields.split(',').map((part) => {
      const [name = '', value = ''] = part.trim().split(/=(.*)/s);
      return [name, value] as const;
    }),
  );
  const read = (name: string) =>
    field.get(name) || fail('AuthorizationHeaderMalformed', `The authorization header has no ${name}.`);
  const payloadHash = request.headers.get('x-amz-content-sha256');
  return {
    ...readCredential(read('Credential'), 'AuthorizationHeaderMalformed'),
    signedHeaders: read('SignedHeaders').split(';'),
    signature: read('Signature'),
    time: readTime(request),
    payloadHash: payloadHash ?? fail('InvalidRequest', 'Missing required header: x-amz-content-sha256'),
    expiresSeconds: undefined,
  };
}

function queryClaim(request: S3Request, algorithm: string): Claim {
  checkAlgorithm(algorithm);
  const read = (name: string) =>
    parameter(request, name) || fail('AuthorizationQueryParametersError', `The query has no ${name}.`);
  const expires = read('X-Amz-Expires');
  if (!/^\d+$/.test(expires) || Number(expires) < 1 || Number(expires) > MAX_EXPIRES_SECONDS) {
    fail('AuthorizationQueryParametersError', `X-Amz-Expires must be 1 to ${MAX_EXPIRES_SECONDS} seconds.`);
  }
  const payloadHash =
    parameter(request, 'X-Amz-Content-Sha256') ?? request.headers.get('x-amz-content-sha256');
  return {
    ...readCredential(read('X-Amz-Credential'), 'AuthorizationQueryParametersError'),
    signedHeaders: read('X-Amz-SignedHeaders').split(';'),
    signature: read('X-Amz-Signature'),
    time: read('X-Amz-Date'),
    payloadHash: payloadHash ?? 'UNSIGNED-PAYLOAD',
    expiresSeconds: Number(expires),
  };
}

function checkAlgorithm(algorithm: string | undefined): void {
  if (algorithm !== ALGORITHM) {
    fail('InvalidRequest', `The authorization mechanism is not supported. Please use ${ALGORITHM}.`);
  }
}

type Malformed = 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError';

function readCredential(credential: string, malformed: Malformed): { accessKeyId: string; scope: Scope } {
  const parts = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential);
  const [, accessKeyId, date, region, service] = parts ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) {
    return fail(malformed, 'The credential is not ACCESS-KEY/YYYYMMDD/REGION/SERVICE/aws4_request.');
  }
  return { accessKeyId, scope: { date, region, service } };
}

function readTime(request: S3Request): string {
  const basic = request.headers.get('x-amz-date');
  if (basic !== undefined) return basic;
  const date = Date.parse(request.headers.get('date') ?? '');
  if (Number.isNaN(date)) {
    return fail('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  return new Date(date).toISOString().replace(/[-:]|\.\d+/g, '');
}

function checkScope(claim: Claim, region: string): void {
  const malformed =
    claim.expiresSeconds === undefined ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError';
  if (claim.scope.service !== 's3') fail(malformed, `The service '${claim.scope.service}' is not 's3'.`);
  if (claim.scope.region !== region) {
    throw new S3Error(malformed, {
      message: `The region '${claim.scope.region}' is wrong; expecting '${region}'`,
      details: { Region: region },
    });
  }
  if (!claim.time.startsWith(claim.scope.date)) {
    fail(malformed, `The credential's date ${claim.scope.date} is not that of ${claim.time}.`);
  }
}

function checkTime(claim: Claim, now: number): void {
  const signed = epochMs(claim.time);
  if (claim.expiresSeconds === undefined) {
    if (Math.abs(now - signed) <= SKEW_MS) return;
    throw new S3Error('RequestTimeTooSkewed', {
      details: {
        RequestTime: claim.time,
        ServerTime: new Date(now).toISOString(),
        MaxAllowedSkewMilliseconds: String(SKEW_MS),
      },
    });
  }
  if (signed - now > SKEW_MS) fail('AccessDenied', 'Request is not valid yet');
  if (now > signed + claim.expiresSeconds * 1000) fail('AccessDenied', 'Request has expired');
}

function epochMs(time: string): number {
  if (!/^\d{8}T\d{6}Z$/.test(time)) return fail('AccessDenied', `${time} is no valid x-amz-date`);
  try {
    return Temporal.Instant.from(time).epochMilliseconds;
  } catch {
    return fail('AccessDenied', `${time} is no valid x-amz-date`);
  }
}

/** The host and every x-amz-* header must be under the signature, or a third party could change them. */
function checkSignedHeaders(request: S3Request, claim: Claim): void {
  const names = [...request.headers.keys()].filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = names.filter((name) => !claim.signedHeaders.includes(name));
  if (unsigned.length === 0 && claim.signedHeaders.includes('host')) return;
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    details: { HeadersNotSigned: unsigned.join(', ') },
  });
}

function checkSignature(request: S3Request, claim: Claim, key: Buffer): void {
  const query = request.query.filter(([name]) => name !== 'X-Amz-Signature');
  const canonical = canonicalRequest({ ...request, query }, claim.signedHeaders, claim.payloadHash);
  const text = stringToSign(claim.time, claim.scope, canonical);
  if (sameText(signatureOf(key, text), claim.signature)) return;
  throw new S3Error('SignatureDoesNotMatch', {
    details: {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: text,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    },
  });
}

function readPayload(claim: Claim, key: Buffer): Payload {
  const chain = { key, time: claim.time, scope: claim.scope, seed: claim.signature };
  switch (claim.payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunked', chain, trailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunked', chain, trailer: true };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunked', chain: undefined, trailer: true };
    default:
      if (/^[0-9a-f]{64}$/.test(claim.payloadHash)) return { kind: 'hashed', sha256: claim.payloadHash };
      return fail('InvalidArgument', `x-amz-content-sha256 '${claim.payloadHash}' is not supported.`);
  }
}

function fail(code: ConstructorParameters<typeof S3Error>[0], message: string): never {
  throw new S3Error(code, { message });
}
