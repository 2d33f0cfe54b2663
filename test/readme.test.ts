import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readmeAsMade } from '../scripts/readme.ts';

const ROOT = join(import.meta.dirname, '..');
const text = readFileSync(join(ROOT, 'README.md'), 'utf8');

describe('the README', () => {
  it('has the keys and the corrections that the code has (node scripts/readme.ts writes them)', () => {
    expect(text).toBe(readmeAsMade(text));
  });

  it('points only to files that are there', () => {
    const files = [...text.matchAll(/\]\(([^)#]+)\)/g)]
      .map((found) => found[1] as string)
      .filter((file) => !file.includes('://'));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
