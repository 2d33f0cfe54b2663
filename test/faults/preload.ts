// Loaded into a dayboard before anything else: its file operations in the cache are told, and fail when they should;
// its clock jumps when it is told to.
import { appendFileSync, writeFileSync } from 'node:fs';
import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { FileFault } from './file-fault.ts';

const directory = process.env['FAULT_CACHE'] ?? '';
const log = process.env['FAULT_FILE_LOG'];
const fault = JSON.parse(process.env['FAULT_FILE'] ?? 'null') as FileFault | null;

type Work = (...given: unknown[]) => unknown;
const counts = new Map<string, number>();

/** The operation as it is, or what the fault makes of it. */
function faulty(name: string, work: () => unknown): unknown {
  const times = (counts.get(name) ?? 0) + 1;
  counts.set(name, times);
  const point = `${name} · ${times}`;
  if (log !== undefined) appendFileSync(log, `${point}\n`);
  if (fault?.point !== point) return work();
  writeFileSync(fault.done, point);
  if (fault.kind === 'kill before') process.kill(process.pid, 'SIGKILL');
  if (fault.kind !== 'kill after')
    return Promise.reject(Object.assign(new Error(`${fault.kind}: injected, ${name}`), { code: fault.kind }));
  return Promise.resolve(work()).then(() => process.kill(process.pid, 'SIGKILL'));
}

const inCache = (path: unknown): boolean => String(path).startsWith(directory);

/** Names of files are of each run alone. */
function sortOf(path: unknown): string {
  const rest = String(path).slice(directory.length + 1);
  if (rest === '' || !rest.includes('/')) return rest === '' ? 'cache' : rest;
  const [, ...ending] = (rest.split('/').at(-1) ?? '').split('.');
  return ending.length === 0 ? 'file' : `file.${ending.at(-1)?.replaceAll(/[0-9a-f]{8,}/g, '*') ?? ''}`;
}

const handles = new WeakMap<object, string>();
const wrapped = fsPromises as unknown as Record<string, Work>;
for (const name of [
  'mkdir',
  'lstat',
  'stat',
  'chmod',
  'rm',
  'rename',
  'utimes',
  'writeFile',
  'readFile',
  'statfs',
  'readdir',
  'truncate',
  'unlink',
]) {
  const original = wrapped[name] as Work;
  wrapped[name] = (...given) =>
    inCache(given[0]) ? faulty(`${name} ${sortOf(given[0])}`, () => original(...given)) : original(...given);
}
const openFile = wrapped['open'] as (...given: unknown[]) => Promise<FileHandle>;
wrapped['open'] = async (...given: unknown[]) => {
  if (!inCache(given[0])) return openFile(...given);
  const handle = (await faulty(`open ${sortOf(given[0])}`, () => openFile(...given))) as FileHandle;
  handles.set(handle, sortOf(given[0]));
  return handle;
};

const probe = await fsPromises.open(import.meta.filename);
const prototype = Object.getPrototypeOf(probe) as Record<string, Work>;
for (const name of [
  'write',
  'writev',
  'read',
  'sync',
  'datasync',
  'truncate',
  'stat',
  'writeFile',
  'readFile',
  'utimes',
]) {
  const original = prototype[name] as Work;
  prototype[name] = function (this: object, ...given) {
    const sort = handles.get(this);
    const work = (): unknown => original.apply(this, given);
    return sort === undefined ? work() : faulty(`handle.${name} ${sort}`, work);
  };
}
await probe.close();

const streamed = fs as unknown as Record<string, Work>;
const createStream = streamed['createReadStream'] as Work;
streamed['createReadStream'] = (path, options) => {
  const given = typeof options === 'object' && options !== null ? options : {};
  if (!inCache(path)) return createStream(path, given);
  const reading = async (...each: unknown[]): Promise<void> => {
    try {
      await faulty('stream.read file', () => (fs.read as unknown as Work)(...each));
    } catch (thrown) {
      (each.at(-1) as (error: unknown) => void)(thrown);
    }
  };
  return createStream(path, { ...given, fs: { open: fs.open, read: reading, close: fs.close } });
};
syncBuiltinESMExports();

let jump = 0;
const RealDate = Date;
class JumpingDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + jump] : given) as [number]));
  }
  static override now(): number {
    return RealDate.now() + jump;
  }
}
globalThis.Date = JumpingDate as DateConstructor;
process.on('message', (message: { jump: number }) => {
  jump = message.jump;
  process.send?.('jumped');
});
process.channel?.unref();
