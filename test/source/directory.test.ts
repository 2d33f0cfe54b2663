import { mkdir, realpath, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceObject } from '../../src/project/model.ts';
import { directorySource } from '../../src/source/directory.ts';
import type { ListedObject, Source } from '../../src/source/source.ts';
import { bytesOf, dataset, failure, listed, temporaryDirectory } from './fixtures.ts';

const visits = dataset('visits_{period}.csv', { name: 'visits' });

async function directoryWith(files: Record<string, string>): Promise<string> {
  const directory = await realpath(await temporaryDirectory());
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

async function only(source: Source): Promise<SourceObject> {
  const found: ListedObject[] = [];
  for await (const each of source.list([visits])) found.push(each);
  expect(found).toHaveLength(1);
  return found[0]!.object;
}

describe('a directory', () => {
  it('lists the files of deliveries, the last modified of several', async () => {
    const directory = await directoryWith({
      'visits_2024-11-13.csv': 'a',
      'visits_2024-11-14.csv': 'a',
      'visits_2024-11-14.csv.gz': 'b',
      'visits_2024-02-30.csv': 'no day',
      'notes.txt': '',
    });
    await utimes(join(directory, 'visits_2024-11-14.csv'), 1_000_000, 1_000_000);
    expect(await listed(directorySource(directory), [visits])).toEqual([
      ['visits', '2024-11-13', 'visits_2024-11-13.csv'],
      ['visits', '2024-11-14', 'visits_2024-11-14.csv.gz'],
    ]);
  });

  it('looks up one period, in a directory of its own too', async () => {
    const directory = await directoryWith({
      'in/2024-11-13/visits_2024-11-13.csv': 'a',
      'in/2024-11-14/visits_2024-11-14.csv': 'a',
      'in/2024-11-14/visits_2024-11-13.csv': 'a',
    });
    const nested = dataset('in/{period}/visits_{period}.csv', { name: 'visits' });
    const found: ListedObject[] = [];
    for await (const each of directorySource(directory).list([nested], undefined, '2024-11-14'))
      found.push(each);
    expect(found.map((each) => each.object.key)).toEqual(['in/2024-11-14/visits_2024-11-14.csv']);
  });

  it('looks into subdirectories as deep as the key says, and no deeper', async () => {
    const directory = await directoryWith({
      'in/2024-11-14/visits.csv': 'a',
      'in/2024-11-14/deeper/visits.csv': 'a',
      'in/2024-11-15.csv': 'a',
      'visits.csv': 'a',
    });
    const nested = dataset('in/{period}/visits.csv', { name: 'nested' });
    expect(await listed(directorySource(directory), [nested, visits])).toEqual([
      ['nested', '2024-11-14', 'in/2024-11-14/visits.csv'],
    ]);
  });

  it('lists nothing where a subdirectory is not there yet', async () => {
    const directory = await directoryWith({});
    expect(await listed(directorySource(directory), [dataset('later/{period}.csv')])).toEqual([]);
  });

  it('gives the bytes of a file, whole and in part', async () => {
    const source = directorySource(await directoryWith({ 'visits_2024-11-14.csv': '0123456789' }));
    const object = await only(source);
    expect(String(await bytesOf(await source.open(object)))).toBe('0123456789');
    expect(String(await bytesOf(await source.open(object, { from: 3, to: 5 })))).toBe('345');
    expect(String(await bytesOf(await source.open(object, { from: 9 })))).toBe('9');
  });

  it('reads an empty file', async () => {
    const source = directorySource(await directoryWith({ 'visits_2024-11-14.csv': '' }));
    expect(await bytesOf(await source.open(await only(source)))).toHaveLength(0);
  });

  it('tells a file that was written again, before and while it is read', async () => {
    const directory = await directoryWith({ 'visits_2024-11-14.csv': 'x'.repeat(1_000_000) });
    const path = join(directory, 'visits_2024-11-14.csv');
    const source = directorySource(directory);
    const object = await only(source);
    const body = await source.open(object);
    await writeFile(`${path}.new`, 'y'.repeat(1_000_000));
    await rename(`${path}.new`, path);
    expect((await failure(bytesOf(body))).code).toBe('source.object-changed');
    expect((await failure(source.open(object))).code).toBe('source.object-changed');
    expect((await only(source)).etag).not.toBe(object.etag);
  });

  it('tells a file that is gone', async () => {
    const source = directorySource(await directoryWith({}));
    const gone = { key: 'visits_2024-11-14.csv', size: 1, etag: '1-1-1', modified: '' };
    expect((await failure(source.open(gone))).code).toBe('source.object-missing');
  });

  it('follows links inside itself and none that leads out', async () => {
    const outside = await directoryWith({ 'secret.csv': 'secret', 'visits_2024-11-20.csv': 'secret' });
    const directory = await directoryWith({ 'real.csv': 'mine', 'archive/visits_2024-11-10.csv': 'mine' });
    await symlink(join(directory, 'real.csv'), join(directory, 'visits_2024-11-14.csv'));
    await symlink(join(outside, 'secret.csv'), join(directory, 'visits_2024-11-15.csv'));
    await symlink('nowhere', join(directory, 'visits_2024-11-16.csv'));
    await symlink('visits_2024-11-17.csv', join(directory, 'visits_2024-11-17.csv'));
    await symlink(outside, join(directory, 'out'));
    await symlink(join(directory, 'archive'), join(directory, 'in'));
    const source = directorySource(directory);
    const any = (base: string) => dataset(`${base}/visits_{period}.csv`, { name: base });
    expect(await listed(source, [visits, any('out'), any('in')])).toEqual([
      ['in', '2024-11-10', 'in/visits_2024-11-10.csv'],
      ['visits', '2024-11-14', 'visits_2024-11-14.csv'],
    ]);
    const object = { key: 'visits_2024-11-15.csv', size: 6, etag: '', modified: '' };
    expect((await failure(source.open(object))).code).toBe('source.outside');
  });

  it.each(['../secret.csv', '/etc/passwd', 'a/../../secret.csv', 'nul\0.csv', '..'])(
    'opens nothing for the key %j',
    async (key) => {
      const source = directorySource(await directoryWith({ 'inner/x.csv': 'x' }));
      const error = await failure(source.open({ key, size: 1, etag: '', modified: '' }));
      expect(error.code).toBe('source.outside');
      expect(String(error.facts['key']) + error.message).not.toMatch(/\p{Control}/u);
    },
  );

  it('lists nothing for a definition that leads out', async () => {
    const outside = await directoryWith({ 'x_2024-11-14.csv': 'x', 'inner/y': '' });
    const source = directorySource(join(outside, 'inner'));
    expect(
      await listed(source, [dataset('../x_{period}.csv'), dataset(`${outside}/x_{period}.csv`)]),
    ).toEqual([]);
  });

  it('neither lists nor waits for a pipe', async () => {
    const directory = await directoryWith({});
    execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(directory, 'visits_2024-11-14.csv')]);
    const source = directorySource(directory);
    expect(await listed(source, [visits])).toEqual([]);
    const object = { key: 'visits_2024-11-14.csv', size: 1, etag: '', modified: '' };
    expect((await failure(source.open(object))).code).toBe('source.object-changed');
  });

  it('is missing when it is not there or is a file, in probe as in listing', async () => {
    const directory = await directoryWith({ file: '' });
    for (const path of [join(directory, 'nothing'), join(directory, 'file')]) {
      const source = directorySource(path);
      expect((await failure(source.probe())).code).toBe('source.directory-missing');
      expect((await failure(listed(source, [visits]))).code).toBe('source.directory-missing');
    }
    await directorySource(directory).probe();
  });

  it('stops when it is told to', async () => {
    const source = directorySource(await directoryWith({ 'visits_2024-11-14.csv': 'x'.repeat(2_000_000) }));
    const stop = new AbortController();
    const object = await only(source);
    const body = await source.open(object, { signal: stop.signal });
    stop.abort();
    expect(await failure(bytesOf(body))).toMatchObject({ code: 'source.cancelled', kind: 'interrupted' });
    expect((await failure(listed(source, [visits], stop.signal))).code).toBe('source.cancelled');
  });
});
