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

/** How a script went before. */
export interface ScriptHistory {
  script: string;
  lastRun: { id: string; state: string; startedAt: string; by: string };
  /** Seconds of its last runs that ended well, oldest first. */
  seconds: number[];
}

/** So many runs tell how long a script takes. */
const RUNS = 20;

/** How each script of a project went before, by the name that it was run under. */
export async function readScriptHistory(client: Queryable, project: string): Promise<ScriptHistory[]> {
  const found = await client.query<ScriptHistory>(
    `SELECT s.script,
            (array_agg(jsonb_build_object('id', r.id::text, 'state', r.state, 'by', r.by_user,
               'startedAt', to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY r.id DESC))[1] AS "lastRun",
            coalesce(array_agg(extract(epoch FROM r.finished_at - r.started_at)::float8 ORDER BY r.id)
              FILTER (WHERE r.state = 'done' AND r.number <= ${RUNS}), '{}') AS seconds
       FROM dayboard.script s
       JOIN (SELECT *, row_number() OVER (PARTITION BY (SELECT script FROM dayboard.script WHERE run = id) ORDER BY id DESC) AS number
               FROM dayboard.run WHERE project = $1 AND command = 'script') r ON r.id = s.run
      GROUP BY s.script`,
    [project],
  );
  return found.rows;
}
