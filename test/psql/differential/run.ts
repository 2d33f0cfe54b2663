import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import pg from 'pg';
import { runScript } from '../../../src/psql/script.ts';
import { runPsql } from '../../support/psql.ts';
import { FILES, type Script } from './scripts.ts';
import type { Twin } from './twin.ts';

/** What a script did: what it wrote, how it ended, and what it left behind. */
export interface Outcome {
  stdout: string;
  stderr: string;
  code: number | null;
  /** Files that it wrote, by name. */
  files: Record<string, string>;
  state: string[];
}

/** Where a script is run. */
export interface Place {
  url: string;
  directory: string;
  /** The script's file in the directory: messages carry its name. */
  file: string;
}

/** Runs a script: psql, or dayboard. */
export type Runner = (
  script: Script,
  place: Place,
) => Promise<{ stdout: string; stderr: string; code: number | null }>;

const SCRIPT_FILE = 'script.sql';

/** A script's outcome on a database as the template has it, which it is again afterwards. */
export async function outcomeOf(script: Script, twin: Twin, runner: Runner): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'dayboard-corpus-'));
  try {
    await cp(FILES, directory, { recursive: true });
    await writeFile(join(directory, SCRIPT_FILE), script.text);
    const before = new Set(await filesIn(directory));
    const ran = await runner(script, { url: twin.url, directory, file: SCRIPT_FILE });
    const written = (await filesIn(directory)).filter((file) => !before.has(file));
    const files = await Promise.all(
      written.map(async (file) => [file, await readFile(join(directory, file), 'latin1')] as const),
    );
    const state = await twin.state();
    const outcome = normal({ ...ran, files: Object.fromEntries(files), state }, twin.name);
    await twin.restore(state);
    return outcome;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** psql itself. */
export const throughPsql: Runner = (script, { url, directory, file }) =>
  runPsql(url, [...script.args, '-f', file], { cwd: directory, stdin: script.stdin, env: script.env });

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** Without what differs from run to run: the database's name, times, process numbers. */
function normal(outcome: Outcome, database: string): Outcome {
  const text = (value: string): string =>
    value
      .replaceAll(database, 'twin')
      .replaceAll(/Time: \d+\.\d+ ms( \([\d:.]+\))?/g, 'Time: some ms')
      .replaceAll(/(server process with PID )\d+/g, '$1N');
  return {
    ...outcome,
    stdout: text(outcome.stdout),
    stderr: text(outcome.stderr),
    files: Object.fromEntries(Object.entries(outcome.files).map(([name, content]) => [name, text(content)])),
  };
}

/** Flags of psql's command line and the variable that each sets. */
const FLAGS: Readonly<Record<string, readonly [string, string]>> = {
  '-a': ['ECHO', 'all'],
  '-e': ['ECHO', 'queries'],
  '-b': ['ECHO', 'errors'],
  '-q': ['QUIET', 'on'],
};

/** dayboard, in this process. */
export const throughDayboard: Runner = async (script, { url, directory, file }) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  try {
    const code = await runScript({
      client,
      directory,
      file,
      env: script.env,
      variables: variablesOf(script.args),
      singleTransaction: script.args.includes('-1'),
      stdin: async function* () {
        yield Buffer.from(script.stdin);
      },
      stdout: (data) => void stdout.push(Buffer.from(data)),
      stderr: (text) => void stderr.push(Buffer.from(text)),
    });
    return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code };
  } finally {
    await client.end();
  }
};

function variablesOf(args: readonly string[]): Array<readonly [string, string]> {
  return args.flatMap((arg, at) => {
    const flag = FLAGS[arg];
    if (flag !== undefined) return [flag];
    if (arg !== '-v') return [];
    const [name = '', ...value] = (args[at + 1] ?? '').split('=');
    return [[name, value.join('=')] as const];
  });
}
