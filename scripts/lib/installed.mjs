// Exits 0 when node_modules already holds what package-lock.json asks for on this platform.
// usage: node scripts/lib/installed.mjs ROOT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2] ?? '.';

/** Packages of a lock file by their place in node_modules. */
function packagesOf(file) {
  const { '': _root, ...packages } = JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  return packages;
}

function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  // npm writes this one last, so an interrupted install has none.
  const present = packagesOf('node_modules/.package-lock.json');
  return (
    Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
      const found = present[path];
      return found === undefined ? optional === true || devOptional === true : found.version === version;
    }) && Object.keys(present).every((path) => path in wanted)
  );
}

try {
  process.exitCode = isInstalled() ? 0 : 1;
} catch {
  process.exitCode = 1;
}
