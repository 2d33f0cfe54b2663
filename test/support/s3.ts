import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll } from 'vitest';
import type { Faults } from '../../src/demo/s3/faults.ts';
import { type S3Server, startS3Server } from '../../src/demo/s3/server.ts';

/** Everything a client needs to reach a server. */
export interface S3Access {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

/** A local S3 server of the test's own, with one bucket. */
export interface TestS3 extends S3Access, AsyncDisposable {
  /** Where the server keeps its files. */
  directory: string;
  bucket: string;
  client: S3Client;
  /** Assign to make requests go wrong from now on. */
  faults: Faults | undefined;
  /** Puts an object; returns its ETag without quotes. */
  put(key: string, body: string | Uint8Array, headers?: PutHeaders): Promise<string>;
  /** Stops the server and removes its files. Happens at the end of the test file at the latest. */
  close(): Promise<void>;
}

export interface PutHeaders {
  ContentType?: string;
  ContentEncoding?: string;
}

/** What the tests of this file have not closed themselves. */
const unclosed = new Set<TestS3>();

// A file's first import registers the last hook to run: after the file's own.
afterAll(async () => {
  await Promise.all([...unclosed].map((s3) => s3.close()));
});

/** The SDK warns about empty bodies and streams, which tests put on purpose. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A client for any S3 server; give `overrides` for wrong keys and the like. It tries once. */
export function s3Client(
  access: S3Access,
  overrides: ConstructorParameters<typeof S3Client>[0] = {},
): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = access;
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 1,
    logger: SILENT,
    credentials: { accessKeyId, secretAccessKey },
    ...overrides,
  });
}

/** Starts a server on a new directory and makes a bucket. */
export async function startTestS3(options: { faults?: Faults } = {}): Promise<TestS3> {
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-s3-'));
  const keys = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
    region: 'us-east-1',
  };
  const server: S3Server = await startS3Server({
    directory,
    ...keys,
    faults: (request) => s3.faults?.(request),
  });
  const access = { endpoint: server.endpoint, ...keys };
  const client = s3Client(access);
  const bucket = 'test-bucket';
  const close = async () => {
    unclosed.delete(s3);
    client.destroy();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
  const s3: TestS3 = {
    ...access,
    directory,
    bucket,
    client,
    faults: undefined,
    put: async (key, body, headers = {}) => {
      const put = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...headers });
      return ((await client.send(put)).ETag ?? '').replaceAll('"', '');
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  unclosed.add(s3);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  s3.faults = options.faults;
  return s3;
}
