import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { cleanEnv } from '../support/env.ts';

/** A checkout of its own, in which npm and the build only note that they ran. */
let root: string;

const PROGRAM = 'console.log(JSON.stringify([process.cwd(), process.argv.slice(2)]));';

const NPM = `#!/bin/sh
echo install >> "$LOG"
echo "added 1 package"
[ -z "$NPM_FAILS" ] || exit 1
mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json
`;

const BUILD = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
appendFileSync(process.env.LOG, 'build\\n');
console.log('built');
const dist = new URL('../dist/', import.meta.url);
mkdirSync(dist, { recursive: true });
writeFileSync(new URL('main.js', dist), ${JSON.stringify(PROGRAM)});
writeFileSync(new URL('.built', dist), '');
`;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'dayboard-checkout-')));
  for (const folder of ['bin', 'scripts'])
    cpSync(join(packageRoot(), folder), join(root, folder), { recursive: true });
  for (const folder of ['src', 'tools', 'elsewhere']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'scripts', 'build.mjs'), BUILD);
  writeFileSync(join(root, 'src', 'main.ts'), '');
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{"":{},"node_modules/a":{"version":"1.0.0"}}}');
  writeFileSync(join(root, 'tsconfig.json'), '{}');
  writeFileSync(join(root, 'tools', 'npm'), NPM);
  chmodSync(join(root, 'tools', 'npm'), 0o755);
});

afterEach(() => rmSync(root, { recursive: true }));

function options(extra: Record<string, string> = {}) {
  const path = [join(root, 'tools'), dirname(process.execPath), process.env.PATH].join(delimiter);
  return {
    cwd: join(root, 'elsewhere'),
    env: { ...cleanEnv(), PATH: path, LOG: join(root, 'log'), ...extra },
  };
}

function start(
  script = join(root, 'scripts', 'dayboard'),
  args: string[] = [],
  env: Record<string, string> = {},
) {
  return spawnSync(script, args, { ...options(env), encoding: 'utf8' });
}

/** What npm and the build noted since the last time it was asked. */
function log(): string[] {
  const lines = readFileSync(join(root, 'log'), { encoding: 'utf8', flag: 'a+' }).split('\n');
  writeFileSync(join(root, 'log'), '');
  return lines.filter((line) => line !== '');
}

/** Gives a file a time after everything that was installed and built. */
function touch(...path: string[]): void {
  const later = new Date(Date.now() + 5000);
  utimesSync(join(root, ...path), later, later);
}

test('the first start installs and builds, and says so on stderr only', () => {
  const { status, stdout, stderr } = start(undefined, ['sync', 'a b', '--json']);
  expect(log()).toEqual(['install', 'build']);
  expect(JSON.parse(stdout)).toEqual([join(root, 'elsewhere'), ['sync', 'a b', '--json']]);
  expect(stderr).toContain('installing packages');
  expect(stderr).toContain('added 1 package');
  expect(status).toBe(0);
});

test('the second start does neither and prints nothing of its own', () => {
  start();
  log();
  expect(start().stderr).toBe('');
  expect(log()).toEqual([]);
});

test('a changed source is built again, and so is a removed one', () => {
  writeFileSync(join(root, 'src', 'gone.ts'), '');
  start();
  log();
  touch('src', 'main.ts');
  start();
  expect(log()).toEqual(['build']);
  touch('dist', '.built');
  start();
  expect(log()).toEqual([]);
  rmSync(join(root, 'src', 'gone.ts'));
  touch('src');
  utimesSync(join(root, 'dist', '.built'), new Date(), new Date());
  start();
  expect(log()).toEqual(['build']);
});

test('a lock file that asks for something else is installed; one that was only touched is not', () => {
  start();
  log();
  touch('package-lock.json');
  utimesSync(join(root, 'dist', '.built'), new Date(Date.now() + 9000), new Date(Date.now() + 9000));
  start();
  expect(log()).toEqual([]);
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{"":{},"node_modules/a":{"version":"2.0.0"}}}');
  touch('package-lock.json');
  start();
  expect(log()).toContain('install');
});

test('two that start at once install and build once', async () => {
  const both = [0, 1].map(() =>
    spawn(join(root, 'scripts', 'dayboard'), [], { ...options(), stdio: 'pipe' }),
  );
  const outputs = await Promise.all(
    both.map(async (child) => {
      const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      return JSON.parse(output) as unknown;
    }),
  );
  expect(outputs).toEqual([0, 1].map(() => [join(root, 'elsewhere'), []]));
  expect(log()).toEqual(['install', 'build']);
});

test('it starts through a symbolic link', () => {
  const link = join(root, 'elsewhere', 'dayboard');
  symlinkSync(join(root, 'scripts', 'dayboard'), link);
  expect(JSON.parse(start(link).stdout)).toEqual([join(root, 'elsewhere'), []]);
});

test('scripts/start opens the demo', () => {
  const { stdout } = start(join(root, 'scripts', 'start'), ['--reset']);
  expect(JSON.parse(stdout)).toEqual([join(root, 'elsewhere'), ['demo', '--reset']]);
});

test('when the install fails nothing is started', () => {
  const { status, stdout, stderr } = start(undefined, [], { NPM_FAILS: '1' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('npm install failed');
  expect(log()).toEqual(['install']);
});
