import { execFileSync } from 'node:child_process';
import { packageRoot } from '../src/project/package-root.ts';

/** Builds dist/ once: the end-to-end tests run what users run. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: packageRoot(), stdio: 'inherit' });
}
