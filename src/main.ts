import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './project/package-root.ts';

if (process.argv.includes('--version')) {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  process.stdout.write(`${version}\n`);
}
