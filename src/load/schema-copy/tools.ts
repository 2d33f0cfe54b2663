import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DayboardError } from '../../project/errors.ts';
import type { Environment } from '../../project/environment.ts';

/** pg_dump and pg_restore of one version. */
export interface Tools {
  dump: string;
  restore: string;
  major: number;
}

/** Where Debian keeps the clients of each version. */
const DEBIAN = '/usr/lib/postgresql';

/**
 * The newest pg_dump with its pg_restore that is installed, if it is new enough for both servers: an older one cannot
 * read a newer server.
 * @throws 'copy.tools' (refused), with the versions of all three and what to install
 */
export async function findTools(
  environment: Environment,
  servers: { source: number; target: number },
): Promise<Tools> {
  const found = await installedTools(environment);
  const newest = found.sort((a, b) => b.major - a.major)[0];
  const needed = Math.max(servers.source, servers.target);
  if (newest !== undefined && newest.major >= needed) return newest;
  const has =
    newest === undefined
      ? 'pg_dump and pg_restore are not installed here'
      : `the newest pg_dump and pg_restore here are of version ${newest.major}`;
  throw new DayboardError({
    code: 'copy.tools',
    kind: 'refused',
    message: `The source runs PostgreSQL ${servers.source} and the target ${servers.target}, and ${has}. Nothing was changed.`,
    facts: { source: servers.source, target: servers.target, tools: newest?.major ?? null },
    next: `Install the client programs of version ${needed} or newer (postgresql-client-${needed} on Debian), and run it again.`,
  });
}

async function installedTools(environment: Environment): Promise<Tools[]> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const folders = [
    ...versions.filter((name) => /^\d+$/.test(name)).map((name) => join(DEBIAN, name, 'bin')),
    ...(environment['PATH'] ?? '').split(':').filter(Boolean),
  ];
  const found: Tools[] = [];
  for (const folder of new Set(folders)) {
    const [dump, restore] = [join(folder, 'pg_dump'), join(folder, 'pg_restore')];
    const majors = [await majorOf(dump, environment), await majorOf(restore, environment)];
    if (majors[0] !== undefined && majors[0] === majors[1]) found.push({ dump, restore, major: majors[0] });
  }
  return found;
}

async function majorOf(program: string, environment: Environment): Promise<number | undefined> {
  const { code, lines } = await runProgram({
    program,
    args: ['--version'],
    environment: plain(environment),
    signal: new AbortController().signal,
  }).catch(() => ({ code: 1, lines: [] }));
  const major = /\(PostgreSQL\) (\d+)/.exec(lines.join('\n'))?.[1];
  return code !== 0 || major === undefined ? undefined : Number(major);
}

/** What a program of PostgreSQL's needs of our environment: no PG* variable of ours, messages in English. */
export function plain(environment: Environment): Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME, PGPASSFILE } = environment;
  return {
    PATH,
    LC_ALL: 'C',
    ...(HOME === undefined ? {} : { HOME }),
    ...(PGPASSFILE === undefined ? {} : { PGPASSFILE }),
  };
}

export interface Program {
  program: string;
  /** Never a secret: everybody on the machine can see them. */
  args: readonly string[];
  environment: Record<string, string>;
  signal: AbortSignal;
  onLine?: (line: string) => void;
}

/** Runs a program to its end, and gives what it wrote to both outputs by lines. Ends it when the signal aborts. */
export function runProgram({
  program,
  args,
  environment,
  signal,
  onLine,
}: Program): Promise<{ code: number | null; lines: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGTERM',
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) {
          lines.push(line);
          onLine?.(line);
        }
      });
      stream.on('end', () => rest !== '' && lines.push(rest));
    }
    child.on('error', reject);
    child.on('close', (code) => (signal.aborted ? reject(signal.reason as Error) : resolve({ code, lines })));
  });
}
