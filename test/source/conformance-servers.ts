import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  PutObjectCommand,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  type S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { type Rgw, startRgw, wantRgw } from '../support/rgw.ts';
import { type S3Access, s3Client, startTestS3 } from '../support/s3.ts';

/** HTTP status and S3 error code; the code is 'OK' for what was done. */
export type Outcome = [status: number | undefined, code: string];

/** Where the two servers answer differently. Everything else in the suite is the same for both. */
export interface Differences {
  /** Keeps the checksums of puts and reports them with ChecksumMode, as S3 does. */
  keepsChecksums: boolean;
  /** A put whose x-amz-checksum-crc32 does not fit its bytes. S3 refuses it. */
  wrongChecksum: Outcome;
  /** A put with an aws-chunked body and a trailing checksum, the SDK's form for streams. S3 takes it. */
  chunkedTrailer: Outcome;
  /** The Content-Encoding of an object that was put with 'aws-chunked', which S3 drops: it is the transfer's. */
  chunkedEncoding: string | undefined;
  /** A request signed for another region. S3 refuses it. */
  otherRegion: Outcome;
  /** Making one's own bucket again: S3 takes it in us-east-1 and refuses it everywhere else. */
  bucketAgain: Outcome;
  /** A key of more than 1,024 bytes. */
  longKey: Outcome;
  /** Parts of an upload named in another order than their numbers', the last of them too small for it. */
  partsDisordered: Outcome;
}

const OURS: Differences = {
  keepsChecksums: true,
  wrongChecksum: [400, 'BadDigest'],
  chunkedTrailer: [200, 'OK'],
  chunkedEncoding: undefined,
  otherRegion: [400, 'AuthorizationHeaderMalformed'],
  bucketAgain: [409, 'BucketAlreadyOwnedByYou'],
  longKey: [400, 'KeyTooLongError'],
  partsDisordered: [400, 'InvalidPartOrder'],
};

/** Ceph 16.2, as Debian 12 has it. It puts parts in order itself. */
const CEPH: Differences = {
  keepsChecksums: false,
  wrongChecksum: [200, 'OK'],
  chunkedTrailer: [411, 'MissingContentLength'],
  chunkedEncoding: 'aws-chunked',
  otherRegion: [200, 'OK'],
  bucketAgain: [200, 'OK'],
  longKey: [400, 'InvalidObjectName'],
  partsDisordered: [400, 'EntityTooSmall'],
};

/** A server under test, with a bucket. */
export interface Subject extends S3Access {
  client: S3Client;
  bucket: string;
  differences: Differences;
  put(
    key: string,
    body: PutObjectCommandInput['Body'],
    more?: Partial<PutObjectCommandInput>,
  ): Promise<PutObjectCommandOutput>;
  /** The answer with its bytes read. */
  get(
    key: string,
    more?: Partial<GetObjectCommandInput>,
  ): Promise<Omit<GetObjectCommandOutput, 'Body'> & { bytes: Buffer }>;
  readText(key: string, more?: Partial<GetObjectCommandInput>): Promise<string>;
  /** The path of a key on the wire. */
  pathOf(key: string): string;
  close(): Promise<void>;
}

export interface Server {
  /** False where the server is not installed and nobody insists on it: its tests are skipped. */
  present: boolean;
  start: () => Promise<Subject>;
}

/** The servers that the suite is for. Ceph's starts at once, so that it is up when our own is through. */
export function servers(): { ours: Server; ceph: Server } {
  const ours = { present: true, start: startOurs };
  if (!wantRgw()) return { ours, ceph: { present: false, start: () => startCeph(startRgw()) } };
  const starting = startRgw();
  starting.catch(() => undefined);
  return { ours, ceph: { present: true, start: () => startCeph(starting) } };
}

async function startOurs(): Promise<Subject> {
  const s3 = await startTestS3();
  return subject(s3, s3.client, s3.bucket, OURS, () => s3.close());
}

async function startCeph(starting: Promise<Rgw>): Promise<Subject> {
  const rgw = await starting;
  const client = s3Client(rgw);
  const bucket = 'test-bucket';
  const close = async () => {
    client.destroy();
    await rgw.close();
  };
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    await close();
    throw error;
  }
  return subject(rgw, client, bucket, CEPH, close);
}

function subject(
  access: S3Access,
  client: S3Client,
  bucket: string,
  differences: Differences,
  close: () => Promise<void>,
): Subject {
  const { endpoint, accessKeyId, secretAccessKey, region } = access;
  const get: Subject['get'] = async (Key, more = {}) => {
    const { Body, ...answer } = await client.send(new GetObjectCommand({ Bucket: bucket, Key, ...more }));
    return { ...answer, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) };
  };
  return {
    endpoint,
    accessKeyId,
    secretAccessKey,
    region,
    client,
    bucket,
    differences,
    put: (Key, Body, more = {}) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more })),
    get,
    readText: async (key, more) => (await get(key, more)).bytes.toString('utf8'),
    pathOf: (key) => `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
    close,
  };
}

/** How a request of the SDK ended. */
export async function outcome(request: Promise<object>): Promise<Outcome> {
  try {
    const answer = (await request) as { $metadata?: { httpStatusCode?: number } };
    return [answer.$metadata?.httpStatusCode, 'OK'];
  } catch (error) {
    const { $metadata, name } = error as S3ServiceException;
    return [$metadata?.httpStatusCode, name];
  }
}

export function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex');
}

/** The results in order, with at most `width` in flight. */
export async function inParallel<T, R>(
  width: number,
  items: readonly T[],
  each: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next[0]] = await each(next[1]);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}
