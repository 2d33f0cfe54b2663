import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { chunkSignature, type Scope, signingKey } from '../../src/demo/s3/signature.ts';
import { type S3Access, s3Client } from '../support/s3.ts';

/** A request in the form that goes over the wire: nothing in it is normalised or added. */
export interface WireRequest {
  method: string;
  /** Percent-encoded, with the query. */
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer | Readable;
}

export interface WireAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The S3 error code, when the answer is an error document. */
  code: string | undefined;
}

/** Sends a request byte for byte as it is. */
export function sendWire(endpoint: string, wire: WireRequest): Promise<WireAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = wire;
    const sent = httpRequest({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('error', reject);
      answer.once('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        const code = /<Error>.*?<Code>(.*?)<\/Code>/s.exec(text)?.[1];
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, code });
      });
    });
    sent.once('error', reject);
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) sent.end(body);
    else body.pipe(sent);
  });
}

export interface SignOptions {
  method?: string;
  /** Percent-encoded, without the query. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** When it is signed; the present unless the test says otherwise. */
  at?: Date;
}

/** A request signed in its Authorization header by the AWS SDK's own signer. */
export async function signWire(access: S3Access, options: SignOptions): Promise<WireRequest> {
  const client = s3Client(access);
  const signer = await client.config.signer();
  const signed = await signer.sign(unsigned(access, options), { signingDate: options.at ?? new Date() });
  client.destroy();
  return wireOf(signed, options);
}

/** A presigned URL, as a request, by the AWS SDK's own signer. */
export async function presignWire(
  access: S3Access,
  options: SignOptions & { expiresIn: number },
): Promise<WireRequest> {
  const client = s3Client(access);
  const signer = await client.config.signer();
  const request = unsigned(access, {
    ...options,
    headers: { ...options.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  });
  const given = { signingDate: options.at ?? new Date(), expiresIn: options.expiresIn };
  const signed = await presigner(signer).presign(request, given);
  client.destroy();
  return wireOf(signed, options);
}

type Signer = Awaited<ReturnType<ReturnType<typeof s3Client>['config']['signer']>>;

/** The SDK's types know its signer for headers only. */
function presigner(signer: Signer): { presign: Signer['sign'] } {
  if ('presign' in signer && typeof signer.presign === 'function') {
    return signer as Signer & { presign: Signer['sign'] };
  }
  throw new Error('The SDK has no presigning signer');
}

interface SignableRequest {
  method: string;
  protocol: string;
  hostname: string;
  port: number;
  path: string;
  query: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

function unsigned(access: S3Access, options: SignOptions): SignableRequest {
  const { protocol, hostname, port, host } = new URL(access.endpoint);
  const { method = 'GET', path, query = {}, headers = {}, body } = options;
  return {
    method,
    protocol,
    hostname,
    port: Number(port),
    path,
    query: { ...query },
    headers: { host, ...headers },
    ...(body === undefined ? {} : { body }),
  };
}

function wireOf(
  signed: Pick<SignableRequest, 'headers'> & { query?: unknown },
  options: SignOptions,
): WireRequest {
  const query = Object.entries((signed.query ?? {}) as SignableRequest['query'])
    .flatMap(([name, values]) => [values ?? ''].flat().map((value) => [name, value] as const))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return {
    method: options.method ?? 'GET',
    path: query === '' ? options.path : `${options.path}?${query}`,
    headers: signed.headers,
    ...(options.body === undefined ? {} : { body: options.body }),
  };
}

/** A put whose body is aws-chunked with a signature on every chunk, as older SDKs send it. */
export async function signedChunksPut(
  access: S3Access,
  path: string,
  chunks: readonly Buffer[],
): Promise<WireRequest> {
  const at = new Date();
  const framed = (signatures: readonly string[]) =>
    Buffer.concat(
      [...chunks, Buffer.alloc(0)].flatMap((data, index) => [
        Buffer.from(`${data.length.toString(16)};chunk-signature=${signatures[index] ?? '0'.repeat(64)}\r\n`),
        data,
        Buffer.from('\r\n'),
      ]),
    );
  const wire = await signWire(access, {
    method: 'PUT',
    path,
    at,
    headers: {
      'content-encoding': 'aws-chunked',
      'content-length': String(framed([]).length),
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': String(chunks.reduce((sum, chunk) => sum + chunk.length, 0)),
    },
  });
  const time = wire.headers['x-amz-date'] ?? '';
  const scope: Scope = { date: time.slice(0, 8), region: access.region, service: 's3' };
  const seed = /Signature=([0-9a-f]{64})/.exec(wire.headers['authorization'] ?? '')?.[1] ?? '';
  const chain = { key: signingKey(access.secretAccessKey, scope), time, scope, seed };
  const signatures: string[] = [];
  for (const data of [...chunks, Buffer.alloc(0)]) {
    const hash = createHash('sha256').update(data).digest('hex');
    signatures.push(chunkSignature(chain, signatures.at(-1) ?? seed, hash));
  }
  return { ...wire, body: framed(signatures) };
}
