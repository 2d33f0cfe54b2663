import { realpathSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

/** Whether a path, once its symbolic links are followed, is a directory or lies below it. */
export function isWithin(path: string, root: string): boolean {
  const below = relative(real(root), real(path));
  return below === '' || !(below === '..' || below.startsWith('../') || resolve(below) === below);
}

/** A path without symbolic links; of what is not there yet, as far as it is there. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : resolve(real(parent), path.slice(parent.length).replace(/^\/+/, ''));
  }
}
