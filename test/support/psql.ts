import { spawn, spawnSync } from 'node:child_process';
import { cleanEnv } from './env.ts';

/** What a psql did with a script. */
export interface PsqlRun {
  stdout: string;
  stderr: string;
  code: number | null;
}

let found: { major: number; text: string } | undefined | null = null;

/** The psql on the path, or undefined when there is none. */
export function psqlVersion(): { major: number; text: string } | undefined {
  if (found !== null) return found;
  const text = spawnSync('psql', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const major = /\(PostgreSQL\) (\d+)/.exec(text)?.[1];
  found = major === undefined ? undefined : { major: Number(major), text: text.trim() };
  return found;
}

/** Why nothing can be compared with psql here; undefined when it can. */
export function psqlObstacle(): string | undefined {
  const version = psqlVersion();
  if (version === undefined) return 'psql is not installed';
  return version.major < 15 ? `${version.text} is older than 15` : undefined;
}

/** Whether to compare with psql: where it is installed, and where DAYBOARD_REQUIRE_PSQL=1 asks for it. */
export function wantPsql(): boolean {
  return process.env['DAYBOARD_REQUIRE_PSQL'] === '1' || psqlObstacle() === undefined;
}

/** A title that says why what is below it is skipped, where it is. */
export function comparedWithPsql(title: string, major?: number): string {
  const version = psqlVersion();
  const other = major !== undefined && version !== undefined && version.major !== major;
  const why =
    psqlObstacle() ?? (other ? `${version.text} is not ${major}, which dayboard prints as` : undefined);
  return why === undefined ? title : `${title} (skipped: ${why})`;
}

/** Runs psql without a terminal and without the user's own settings. */
export async function runPsql(
  url: string,
  args: readonly string[],
  options: { cwd?: string; stdin?: string; env?: Record<string, string> } = {},
): Promise<PsqlRun> {
  const obstacle = psqlObstacle();
  if (obstacle !== undefined) throw new Error(`${obstacle}: this test compares with it`);
  const child = spawn('psql', ['-X', '-d', url, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnv(), LC_ALL: 'C.UTF-8', PGCLIENTENCODING: 'UTF8', ...options.env },
  });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // It may end before it has read what nobody asked it to read.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code };
}
