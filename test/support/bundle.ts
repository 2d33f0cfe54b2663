import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../../src/project/package-root.ts';

/** A test's program in TypeScript and JSX as one file that Node runs; inside the checkout, where it finds its packages. */
export async function bundleProgram(entry: string): Promise<string> {
  const root = packageRoot();
  const outfile = join(
    root,
    '.dayboard',
    'test',
    `${entry.replaceAll(/[^a-z0-9-]+/giu, '_')}-${process.pid}.mjs`,
  );
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
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
