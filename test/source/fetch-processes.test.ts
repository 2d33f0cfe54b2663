import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { ErrorValue } from '../../src/project/errors.ts';
import type { SourceObject } from '../../src/project/model.ts';
import { fetchToCache, openCache } from '../../src/source/cache.ts';
import { cleanEnv } from '../support/env.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';
import { putRandom, sourceOf, temporaryDirectory } from './fixtures.ts';

const PART = 64 * 1024;

const SCRIPT = fileURLToPath(new URL('./fetch-child.ts', import.meta.url));

type Line = { bytes: number } | { waiting: true } | { path: string; reused: boolean } | ErrorValue;

/** The command line of a fetch in a process of its own. */
function commandOf(s3: TestS3, directory: string, object: SourceObject, more: object): [string, ...string[]] {
  const { bucket, endpoint, region, accessKeyId, secretAccessKey } = s3;
  const config = { bucket, endpoint, region, accessKeyId, secretAccessKey };
  const argument = JSON.stringify({ config, directory, object, ...more });
  return [process.execPath, SCRIPT, argument];
}

/** Starts one; `onLine` sees what it says, `kill` ends it as nothing can be caught. */
function start([command, ...args]: [string, ...string[]], onLine: (line: Line) => void = () => undefined) {
  const child = spawn(command, args, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: Line[] = [];
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    onLine(line);
  });
  const ended = new Promise<Line[]>((resolve) => child.once('close', () => resolve(lines)));
  return { ended, kill: () => child.kill('SIGKILL') };
}

it('what a killed process has fetched is not fetched again', async () => {
  const s3 = await startTestS3();
  const directory = await temporaryDirectory();
  const { object, body } = await putRandom(s3, 'x', 12 * PART);
  const ranges: string[] = [];
  s3.faults = ({ method, range = 'whole' }) => {
    if (method === 'GET') ranges.push(range);
    return ranges.length > 8 ? { kind: 'delay', until: new Promise(() => undefined) } : undefined;
  };
  const cache = await openCache(directory);
  const killed = start(commandOf(s3, directory, object, { partSize: PART }));
  await saved(cache.directory, 8 * PART);
  killed.kill();
  await killed.ended;
  const source = sourceOf(s3);
  expect(await cache.has(source, object)).toBe(false);
  s3.faults = ({ range = 'whole' }) => {
    ranges.push(range);
    return undefined;
  };
  ranges.length = 0;
  const progress: number[] = [];
  const { path } = await fetchToCache({
    source,
    cache,
    object,
    partSize: PART,
    onProgress: ({ bytes }) => progress.push(bytes),
  });
  expect((await readFile(path)).equals(body)).toBe(true);
  expect(progress[0]).toBe(8 * PART);
  expect(ranges).toHaveLength(4);
  expect(await readdir(dirname(path))).toEqual([basename(path)]);
});

/** Waits until a state beside an unfinished file says that so many bytes have arrived. */
async function saved(directory: string, bytes: number): Promise<void> {
  await until(async () => {
    const name = (await readdir(directory)).find((each) => each.endsWith('.state')) ?? '';
    const state = JSON.parse(await readFile(join(directory, name), 'utf8')) as { done: number[] };
    return state.done.reduce((sum, each) => sum + each, 0) >= bytes;
  });
}

it('two processes load an object once, and both have it', async () => {
  const s3 = await startTestS3();
  const directory = await temporaryDirectory();
  const { object, body } = await putRandom(s3, 'x', 12 * PART);
  const gate = Promise.withResolvers<void>();
  let requests = 0;
  s3.faults = () => {
    requests++;
    return { kind: 'delay', until: gate.promise };
  };
  const both = [1, 2].map(() =>
    start(
      commandOf(s3, directory, object, { partSize: PART }),
      (line) => 'waiting' in line && gate.resolve(),
    ),
  );
  const ends = (await Promise.all(both.map(({ ended }) => ended))).map((lines) => lines.at(-1));
  const reused = ends.filter((line) => line !== undefined && 'reused' in line && line.reused);
  expect(reused).toHaveLength(1);
  expect(requests).toBe(12);
  const { path } = ends[0] as { path: string };
  expect((await readFile(path)).equals(body)).toBe(true);
  expect(await readdir(dirname(path))).toEqual([basename(path)]);
});

/** Runs a command with a small disk of its own at a directory; only where this user may. */
function onSmallDisk(directory: string, command: string[]): [string, ...string[]] {
  const script = 'mount -t tmpfs -o size=4m,mode=700 none "$1" && shift && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', directory, ...command];
}

function maySetUpDisks(): boolean {
  const [command, ...args] = onSmallDisk('/mnt', ['true']);
  return spawnSync(command, args).status === 0;
}

it.runIf(maySetUpDisks())('a disk that fills up meanwhile is told as such', async () => {
  const s3 = await startTestS3();
  const directory = await temporaryDirectory();
  const { object } = await putRandom(s3, 'x', 3 * 1024 * 1024);
  const command = commandOf(s3, directory, object, { fillsDisk: true });
  const end = (await start(onSmallDisk(directory, command)).ended).at(-1);
  expect(end).toMatchObject({ code: 'source.disk-full', facts: { directory: join(directory, 'objects') } });
});
