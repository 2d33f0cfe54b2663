import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../project/environment.ts';

/** What a demo remembers between starts, beside the database's and the bucket's own files. */
export interface DemoState {
  /** Keys of the local S3 server; generated, and good for nothing else. */
  accessKeyId: string;
  secretAccessKey: string;
  /** The day the demo was made on: its deliveries end the day before. */
  madeOn: string;
  /** Keys of the objects that were put into the bucket, in order. */
  put: string[];
}

/** Where a demo lives without `--dir`: in a folder of the user's data directory. */
export function demoDirectory(env: Environment, folder: string): string {
  const data = env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? '/var/tmp', '.local', 'share');
  return join(data, 'dayboard', folder);
}

/** The state of the demo in a directory, made when it is not there. */
export function readState(directory: string, today: string): DemoState {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    return JSON.parse(readFileSync(join(directory, 'demo.json'), 'utf8')) as DemoState;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  const state = {
    accessKeyId: `DEMO${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(24).toString('base64url'),
    madeOn: today,
    put: [],
  };
  writeState(directory, state);
  return state;
}

export function writeState(directory: string, state: DemoState): void {
  writePrivate(join(directory, 'demo.json'), `${JSON.stringify(state, null, 2)}\n`);
}

/** Writes the variables with which another terminal works on the same demo; only this user can read them. */
export function writeEnvironment(directory: string, variables: Readonly<Record<string, string>>): string {
  const file = join(directory, 'env');
  const lines = Object.entries(variables).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  );
  writePrivate(file, `${lines.join('\n')}\n`);
  return file;
}

function writePrivate(file: string, content: string): void {
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, content, { mode: 0o600 });
  renameSync(beside, file);
}

/** Takes away what a demo keeps in files of its own. */
export function removeDemoFiles(directory: string): void {
  for (const name of ['demo.json', 'env', 's3', 'cache'])
    rmSync(join(directory, name), { recursive: true, force: true });
}
