import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DayboardError } from '../../src/project/errors.ts';
import type { Dataset, SourceObject } from '../../src/project/model.ts';
import { s3Source } from '../../src/source/s3.ts';
import type { S3Config } from '../../src/source/s3-config.ts';
import type { ListedObject, Source } from '../../src/source/source.ts';
import type { TestS3 } from '../support/s3.ts';

/** A dataset of which only name, key, period and since matter. */
export function dataset(key: string, more: Partial<Dataset> = {}): Dataset {
  return {
    name: key.split('{')[0] ?? key,
    description: '',
    source: 's3',
    key,
    period: 'day',
    timeZone: 'UTC',
    carries: { kind: 'snapshot', mode: 'replace' },
    file: [],
    table: { schema: 'public', name: 'nothing', columns: [], indexes: [] },
    duplicates: [],
    guards: { empty: 'stop' },
    expected: { days: 1, at: '06:00' },
    corrections: [],
    ...more,
  };
}

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-source-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The bucket of a test's server, read as dayboard reads it, without long pauses. */
export function sourceOf(s3: TestS3, more: Partial<S3Config> = {}): Source {
  const { bucket, endpoint, region, accessKeyId, secretAccessKey } = s3;
  const source = s3Source({
    bucket,
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    retryDelayMs: 1,
    ...more,
  });
  onTestFinished(() => source.close());
  return source;
}

/** An object as a listing gives it. */
export function objectOf(key: string, body: string | Uint8Array, etag: string): SourceObject {
  return { key, size: Buffer.byteLength(body), etag, modified: '2024-11-15T03:00:00.000Z' };
}

/** Puts random bytes. */
export async function putRandom(
  s3: TestS3,
  key: string,
  size: number,
): Promise<{ object: SourceObject; body: Buffer }> {
  const body = randomBytes(size);
  return { body, object: objectOf(key, body, await s3.put(key, body)) };
}

export async function listed(
  source: Source,
  datasets: Dataset[],
  signal?: AbortSignal,
): Promise<Array<[dataset: string, period: string, key: string]>> {
  const found: ListedObject[] = [];
  for await (const each of source.list(datasets, signal)) found.push(each);
  return found
    .map(({ dataset: name, period, object }): [string, string, string] => [name, period, object.key])
    .sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
}

export async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The DayboardError that something fails with. */
export async function failure(work: Promise<unknown>): Promise<DayboardError> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof DayboardError) return thrown;
  throw new Error(`no DayboardError: ${String(thrown)}`, { cause: thrown });
}
