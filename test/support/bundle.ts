import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { packageRoot } from '../../src/project/package-root.ts';

/** A test's program in TypeScript and JSX as one file that Node runs; inside the checkout, where it finds its packages. */
export async function bundleProgram(entry: URL): Promise<string> {
  const root = packageRoot();
  const outfile = join(root, '.dayboard', 'test', `${basename(entry.pathname, '.ts')}-${process.pid}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    jsx: 'automatic',
    packages: 'external',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return outfile;
}
