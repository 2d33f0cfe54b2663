import { readFileSync } from 'node:fs';
import type { Client } from 'pg';
import { DayboardError } from '../project/errors.ts';
import { quietly } from './execute.ts';
import { fileProblem } from './file-problem.ts';
import { runFile } from './loop.ts';
import { type ScriptPlace, Session, type SessionOptions } from './session.ts';
import type { ServerMessage } from './output/server-message.ts';
import { surveyScript, type Unsupported } from './survey.ts';

export interface ScriptOptions extends SessionOptions {
  /** The script, as it is named; relative to `directory`. */
  file: string;
  /** `-v name=value`. */
  variables?: ReadonlyArray<readonly [name: string, value: string]>;
  /** `-1`: everything in one transaction. */
  singleTransaction?: boolean;
  /** Everything in one transaction that the server lets nothing be written in. */
  readOnly?: boolean;
  /** Told when the script did not come to its end and its signal was aborted. */
  onStopped?: (stopped: ScriptStop) => void;
}

/** Where a script was stopped from outside. */
export interface ScriptStop {
  /** What was not begun any more; undefined when it ended at an error. */
  at: ScriptPlace | undefined;
  /** Where the script had begun a transaction that is still open: it ends with the connection. */
  openSince: ScriptPlace | undefined;
}

/** psql's exit codes: done, a fatal error of its own, a lost connection, an error in the script where ON_ERROR_STOP is set. */
export type ScriptExit = 0 | 1 | 2 | 3;

/**
 * Runs a psql script over a connection. What psql would write goes to `stdout` and `stderr`, in its words; the exit code is its
 * own. The client is left connected, with what the script set. Errors: script.unsupported, before anything is run.
 */
export async function runScript(options: ScriptOptions): Promise<ScriptExit> {
  const session = new Session(options);
  session.include = (name, bytes) => runFile(session, name, bytes);
  for (const [name, value] of options.variables ?? []) {
    const problem = session.variables.set(name, value);
    if (problem !== undefined) {
      session.error(problem);
      return 1;
    }
  }
  refuseUnsupported(surveyScript(options.file, options.directory, options.variables).unsupported);
  const stop = listen(session);
  try {
    await introduce(session);
    return await runAll(session, options);
  } finally {
    stop();
    session.output.close();
  }
}

async function runAll(session: Session, options: ScriptOptions): Promise<ScriptExit> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(session.path(options.file));
  } catch (error) {
    session.error(`${options.file}: ${fileProblem(error)}`);
    return 1;
  }
  const single = options.singleTransaction === true || options.readOnly === true;
  if (single && !(await begin(session, options.readOnly === true))) return 3;
  const ending = await runFile(session, options.file, bytes);
  if (ending === 'failed' && session.isCancelled)
    options.onStopped?.({ at: session.stoppedAt, openSince: session.transactionSince });
  // psql commits what a failed script has done up to there, unless it stopped at the error.
  if (single) await quietly(session, ending === 'failed' ? 'ROLLBACK' : 'COMMIT');
  return ending === 'failed' ? 3 : 0;
}

/**
 * A transaction that has read once can no longer be made to write. Savepoints keep an error from ending it where the
 * script goes on after one.
 */
async function begin(session: Session, readOnly: boolean): Promise<boolean> {
  if (!readOnly) return quietly(session, 'BEGIN');
  if (!session.variables.isOn('ON_ERROR_STOP')) session.variables.set('ON_ERROR_ROLLBACK', 'on');
  return (await quietly(session, 'BEGIN READ ONLY')) && quietly(session, 'SELECT');
}

/** Throws `script.unsupported` with each command that dayboard does not run, and its line. */
export function refuseUnsupported(found: readonly Unsupported[]): void {
  const [first] = found;
  if (first === undefined) return;
  throw new DayboardError({
    code: 'script.unsupported',
    message: found.map((each) => `${each.file}:${each.line}: ${each.message}`).join('\n'),
    facts: { file: first.file, line: first.line, commands: found.length },
    next: 'Nothing was run. Take these commands out of the script, or run it with psql.',
    kind: 'usage',
  });
}

/** Notices, notifications and changed parameters of the connection while the script runs. */
function listen(session: Session): () => void {
  const { client } = session;
  const notice = (message: ServerMessage): void => session.info(session.messageText(message, false));
  const notification = ({
    channel,
    payload,
    processId,
  }: {
    channel: string;
    payload?: string;
    processId: number;
  }): void => {
    const text = payload === undefined || payload === '' ? '' : ` with payload "${payload}"`;
    session.notifications.push(
      `Asynchronous notification "${channel}"${text} received from server process with PID ${processId}.\n`,
    );
  };
  const parameter = ({
    parameterName,
    parameterValue,
  }: {
    parameterName: string;
    parameterValue: string;
  }): void => {
    if (parameterName === 'standard_conforming_strings') session.standardStrings = parameterValue === 'on';
    if (parameterName === 'client_encoding') session.variables.set('ENCODING', parameterValue);
  };
  const wire = wireOf(client);
  client.on('notice', notice);
  client.on('notification', notification);
  wire.on('parameterStatus', parameter);
  return () => {
    client.off('notice', notice);
    client.off('notification', notification);
    wire.off('parameterStatus', parameter);
  };
}

interface ParameterEvents {
  on(
    event: 'parameterStatus',
    listener: (status: { parameterName: string; parameterValue: string }) => void,
  ): void;
  off(
    event: 'parameterStatus',
    listener: (status: { parameterName: string; parameterValue: string }) => void,
  ): void;
}

/** pg's connection, which its types do not show. */
function wireOf(client: Client): ParameterEvents {
  return (client as unknown as { connection: ParameterEvents }).connection;
}

/** The variables that tell of the connection. */
async function introduce(session: Session): Promise<void> {
  const { rows } = await session.query(`select pg_catalog.current_database(), current_user,
  pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_version'),
  pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('standard_conforming_strings')`);
  const [database = '', user = '', number = '0', name = '', encoding = 'UTF8', strings = 'on'] = (
    rows[0] ?? []
  ).map((value) => value ?? '');
  session.database = database;
  session.serverVersion = Number(number);
  session.standardStrings = strings === 'on';
  const known: Array<[string, string]> = [
    ['DBNAME', database],
    ['USER', user],
    ['SERVER_VERSION_NUM', number],
    ['SERVER_VERSION_NAME', name],
    ['ENCODING', encoding],
    ['LAST_ERROR_SQLSTATE', '00000'],
    ['LAST_ERROR_MESSAGE', ''],
  ];
  for (const [variable, value] of known) session.variables.set(variable, value);
}
