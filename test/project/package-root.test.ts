import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/project/package-root.ts';
import { cleanEnv } from '../support/env.ts';

test('the package is found from the sources', () => {
  expect(packageRoot()).toBe(resolve(import.meta.dirname, '..', '..'));
});

test('the package is found from what was built, whatever the working directory', () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  const launcher = join(packageRoot(), 'bin', 'dayboard.cjs');
  const run = spawnSync(process.execPath, [launcher, '--version'], {
    cwd: '/',
    env: cleanEnv(),
    encoding: 'utf8',
  });
  expect({ stdout: run.stdout, status: run.status }).toEqual({ stdout: `${version}\n`, status: 0 });
});
