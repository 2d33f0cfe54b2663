import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runningS3Server } from '../../src/demo/s3/claim.ts';
import { startS3Server } from '../../src/demo/s3/server.ts';
import { signWire } from '../source/conformance-requests.ts';
import { type S3Access, s3Client } from '../support/s3.ts';
import { until } from '../support/until.ts';

const KEYS = { accessKeyId: 'AKIACHILD', secretAccessKey: 'child-secret', region: 'us-east-1' };
const Bucket = 'kept';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dayboard-s3-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a server started again on its directory', () => {
  it('serves the same objects, headers and uploads in progress', async () => {
    const target = { Bucket, Key: 'parts' };
    const first = await onServer(async (client) => {
      await client.send(new CreateBucketCommand({ Bucket }));
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key: 'é/..',
          Body: 'kept',
          ContentType: 'text/csv',
          Metadata: { a: 'b' },
        }),
      );
      await client.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }));
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
      const part = new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'the only part' });
      return { UploadId, ETag: (await client.send(part)).ETag, listing: await list(client) };
    });
    await onServer(async (client) => {
      expect(await list(client)).toEqual(first.listing);
      const { Body, ...answer } = await client.send(new GetObjectCommand({ Bucket, Key: 'é/..' }));
      expect(await Body?.transformToString()).toBe('kept');
      expect(answer).toMatchObject({ ContentType: 'text/csv', Metadata: { a: 'b' } });
      const { UploadId, ETag } = first;
      const Parts = [{ PartNumber: 1, ETag }];
      await client.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
      );
      expect(await read(client, 'parts')).toBe('the only part');
    });
  });

  it('keeps no file of what was replaced, deleted, refused or given up', async () => {
    await onServer(async (client, access) => {
      await client.send(new CreateBucketCommand({ Bucket }));
      for (const Body of ['one', 'two', 'three']) {
        await client.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body }));
      }
      await client.send(new PutObjectCommand({ Bucket, Key: 'deleted', Body: 'x' }));
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'deleted' }));
      const refused = new PutObjectCommand({ Bucket, Key: 'refused', Body: 'x', ChecksumCRC32: 'AAAAAA==' });
      await expect(client.send(refused)).rejects.toMatchObject({ name: 'BadDigest' });
      const half = await beginPut(access, 'given-up');
      half.giveUp();
      await half.ended;
      await until(async () => (await readdir(join(directory, 'incoming'))).length === 0);
    });
    const bytes = (await files()).filter((file) => !file.endsWith('.json'));
    expect(bytes).toHaveLength(1);
    expect(await readFile(join(directory, bytes[0]!), 'utf8')).toBe('three');
  });

  it('never names a file after a key', async () => {
    await onServer(async (client) => {
      await client.send(new CreateBucketCommand({ Bucket }));
      for (const Key of ['../../escape', 'plain', '/etc/passwd']) {
        await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
        expect(await read(client, Key)).toBe(Key);
      }
    });
    for (const file of await files()) expect(file).not.toMatch(/escape|plain|passwd|\.\./);
  });
});

describe('a server that is killed', () => {
  it('has every put that it confirmed, and nothing of one that was cut off', async () => {
    const child = await startChild();
    const client = s3Client(child.access);
    await client.send(new CreateBucketCommand({ Bucket }));
    for (const Key of ['a', 'b'])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: `confirmed ${Key}` }));
    const cutOff = await beginPut(child.access, 'a');
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    await cutOff.ended;
    client.destroy();

    expect(await runningS3Server(directory)).toBeUndefined();
    await onServer(async (again) => {
      expect((await list(again)).map(({ Key }) => Key)).toEqual(['a', 'b']);
      expect(await read(again, 'a')).toBe('confirmed a');
      expect(await readdir(join(directory, 'incoming'))).toEqual([]);
    });
  });

  it('leaves bytes that no object names, and the next start removes them', async () => {
    await onServer(async (client) => {
      await client.send(new CreateBucketCommand({ Bucket }));
      await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'named' }));
    });
    const [data = ''] = (await files()).filter((file) => !file.endsWith('.json'));
    await writeFile(join(directory, data, '..', 'orphan'), 'renamed, but its record was not written');
    await onServer(async (client) => {
      expect(await read(client, 'a')).toBe('named');
      expect((await files()).filter((file) => !file.endsWith('.json'))).toEqual([data]);
    });
  });
});

describe('a directory', () => {
  it('has one server at a time, which can be found', async () => {
    const server = await startS3Server({ directory, ...KEYS });
    expect(await runningS3Server(directory)).toBe(server.endpoint);
    await expect(startS3Server({ directory, ...KEYS })).rejects.toMatchObject({
      code: 'demo.s3-in-use',
      kind: 'refused',
      facts: { endpoint: server.endpoint },
    });
    await server.close();
    expect(await runningS3Server(directory)).toBeUndefined();
    await onServer(async () => undefined);
  });

  it('is not taken for served when its port answers for another', async () => {
    const other = await mkdtemp(join(tmpdir(), 'dayboard-s3-'));
    await using server = await startS3Server({ directory: other, ...KEYS });
    const claim = { endpoint: server.endpoint, instance: 'someone else' };
    await writeFile(join(directory, 'server.json'), JSON.stringify(claim));
    expect(await runningS3Server(directory)).toBeUndefined();
    await onServer(async () => undefined);
    await rm(other, { recursive: true, force: true });
  });
});

describe('a port', () => {
  it('that is taken is named in the error', async () => {
    const other = join(directory, 'other');
    await using server = await startS3Server({ directory, ...KEYS });
    await expect(startS3Server({ directory: other, ...KEYS, port: server.port })).rejects.toMatchObject({
      code: 'demo.s3-port',
      facts: { port: server.port },
    });
  });
});

async function onServer<T>(work: (client: S3Client, access: S3Access) => Promise<T>): Promise<T> {
  await using server = await startS3Server({ directory, ...KEYS });
  const access = { endpoint: server.endpoint, ...KEYS };
  const client = s3Client(access);
  try {
    return await work(client, access);
  } finally {
    client.destroy();
  }
}

async function startChild(): Promise<{ process: ChildProcess; access: S3Access }> {
  const script = fileURLToPath(new URL('./s3-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { process: child, access: { endpoint, ...KEYS } };
}

interface HalfPut {
  /** Resolves when the connection has ended. */
  ended: Promise<void>;
  giveUp(): void;
}

/** Puts the first of two megabytes, and waits until the server has some of it. */
async function beginPut(access: S3Access, key: string): Promise<HalfPut> {
  const wire = await signWire(access, {
    method: 'PUT',
    path: `/${Bucket}/${key}`,
    headers: { 'content-length': '2000000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  });
  const { method, headers } = wire;
  const sent = httpRequest(`${access.endpoint}${wire.path}`, { method, headers, agent: false });
  const ended = new Promise<void>((resolve) => sent.once('error', () => resolve()));
  sent.write(Buffer.alloc(1_000_000));
  await until(async () => (await readdir(join(directory, 'incoming'))).length > 0);
  return { ended, giveUp: () => sent.destroy(new Error('given up')) };
}

async function list(client: S3Client) {
  return (await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? [];
}

async function read(client: S3Client, Key: string): Promise<string | undefined> {
  return (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
}

/** All files of buckets and uploads, relative to the directory. */
async function files(): Promise<string[]> {
  const all = await readdir(directory, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}
