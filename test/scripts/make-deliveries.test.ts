import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateDelivery } from '../../src/demo/data/deliveries.ts';
import { packageRoot } from '../../src/project/package-root.ts';
import { cleanEnv } from '../support/env.ts';
import { startTestS3 } from '../support/s3.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-deliveries-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function make(args: string[], env: Record<string, string> = {}) {
  const program = join(packageRoot(), 'scripts/make-deliveries');
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, {
      cwd: folder,
      env: { ...cleanEnv(), ...env },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('two weeks of every switched-on dataset are written into a directory, from any folder', async () => {
  const run = await make(['out', '--until', '2026-11-22', '--rows', '100']);
  expect(run).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '84 files of 2026-11-09 to 2026-11-22 are in out\n',
  });
  const files = await readdir(join(folder, 'out'));
  expect(files).toHaveLength(14 * 6);
  expect(files).toContain('user_daily_visits_2026-11-09.csv');
  expect(files.filter((file) => !file.endsWith('.csv'))).toEqual([]);
});

test('files of the same options are the same, whatever else was asked for', async () => {
  await make(['all', '--until', '2026-11-22', '--days', '3', '--rows', '100']);
  await make(['one', '--until', '2026-11-21', '--days', '1', '--rows', '100', '--datasets', 'events']);
  const name = 'events_roomv9_aggregate_2026-11-21.csv';
  expect(await readdir(join(folder, 'one'))).toEqual([name]);
  expect(await readFile(join(folder, 'one', name))).toEqual(await readFile(join(folder, 'all', name)));
});

test('a bucket is filled by S3', async () => {
  const s3 = await startTestS3();
  const run = await make(
    [`s3://${s3.bucket}`, '--until', '2026-11-22', '--days', '2', '--datasets', 'sso,crisp'],
    {
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: s3.region,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
  );
  expect(run).toMatchObject({ code: 0 });
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
  expect(Contents.map(({ Key, Size }) => [Key, Size])).toEqual([
    ['crisp_conversation_segments_2026-11-21.csv', generateDelivery('crisp', '2026-11-21').length],
    ['crisp_conversation_segments_2026-11-22.csv', generateDelivery('crisp', '2026-11-22').length],
    ['sso_2026-11-21.csv', generateDelivery('sso', '2026-11-21').length],
    ['sso_2026-11-22.csv', generateDelivery('sso', '2026-11-22').length],
  ]);
});

test.each([
  [[], 'name one directory or bucket'],
  [['out', '--rows', 'many'], '--rows takes a whole number above 0, not "many"'],
  [['out', '--datasets', 'evnts'], 'there is no dataset "evnts"; did you mean "events"?'],
  [['out', '--until', '2026-02-30'], '2026-02-30'],
  [['out', '--unknown'], '--unknown'],
])('%j is a usage error that writes nothing', async (args, message) => {
  const run = await make(args);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(message);
  expect(run.stderr).toContain('usage: scripts/make-deliveries');
  expect(await readdir(folder)).toEqual([]);
});
