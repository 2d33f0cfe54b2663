import type { ScriptRecord } from '../plan/script.ts';
import type { Queryable } from './client.ts';

/** Writes what a run's script is and what it was given, before it begins. */
export async function recordScript(
  client: Queryable,
  run: string,
  { script, hash, variables }: Pick<ScriptRecord, 'script' | 'hash' | 'variables'>,
): Promise<void> {
  await client.query('INSERT INTO dayboard.script (run, script, hash, variables) VALUES ($1, $2, $3, $4)', [
    run,
    script,
    hash,
    JSON.stringify(variables),
  ]);
}

/** Writes what a script wrote so far, and its exit code once it has one. */
export async function recordOutput(
  client: Queryable,
  run: string,
  { output, outputBytes, exitCode }: Pick<ScriptRecord, 'output' | 'outputBytes' | 'exitCode'>,
): Promise<void> {
  await client.query(
    'UPDATE dayboard.script SET output = $2, output_bytes = $3, exit_code = $4 WHERE run = $1',
    // PostgreSQL's text has no NUL.
    [run, output.replaceAll('\0', ''), outputBytes, exitCode ?? null],
  );
}

/** What the ledger has of a run's script; undefined for a run of something else. */
export async function readScript(client: Queryable, run: string): Promise<ScriptRecord | undefined> {
  const found = await client.query<ScriptRecord & { exitCode: number | null }>(
    `SELECT script, hash, variables, exit_code AS "exitCode", output, output_bytes::float8 AS "outputBytes"
       FROM dayboard.script WHERE run = $1`,
    [run],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { exitCode, ...record } = row;
  return exitCode === null ? record : { ...record, exitCode };
}
