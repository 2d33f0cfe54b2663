import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DayboardError } from './errors.ts';

/**
 * The folder of dayboard's own package: the nearest one above this file whose package.json is dayboard's, whether
 * this runs from src/ or from a chunk in dist/. What ships beside the code (sql/) is found from here.
 * @returns an absolute path
 * @throws DayboardError 'install.incomplete' when there is no such folder
 */
export function packageRoot(): string {
  root ??= findRoot(dirname(fileURLToPath(import.meta.url)));
  return root;
}

let root: string | undefined;

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (isDayboard(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new DayboardError({
    code: 'install.incomplete',
    message: `dayboard's package.json was not found above ${from}.`,
    next: 'Install dayboard again: its files belong together.',
  });
}

function isDayboard(file: string): boolean {
  if (!existsSync(file)) return false;
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return (
    typeof manifest === 'object' && manifest !== null && 'name' in manifest && manifest.name === 'dayboard'
  );
}
