import type pg from 'pg';
import type { Database } from '../ledger/connection.ts';
import { databaseError } from '../ledger/errors.ts';
import type { Queryable } from '../ledger/client.ts';
import { recordOutput, recordScript } from '../ledger/scripts.ts';
import { withoutSecrets, type ScriptPlan } from '../plan/script.ts';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import { redact } from '../project/redact.ts';
import { brief } from '../psql/brief.ts';
import { classify } from '../psql/classify.ts';
import { secretsOf, whyNotReadOnly } from '../psql/script-plan.ts';
import { runScript, type ScriptExit, type ScriptStop } from '../psql/script.ts';
import type { ScriptFailure, ScriptProgress } from '../psql/session.ts';
import { cancelWhenAborted } from './cancel-when-aborted.ts';
import type { ReadyScript } from './ready-script.ts';
import type { StepReport, StepResult } from './run-context.ts';
import { failed, type Ran, stopped, stopText } from './script-end.ts';
import { ScriptOutput } from './script-output.ts';
import { watchBackend, type BackendState } from './watch-backend.ts';

/** Where a script's words go, and what `\copy … from pstdin` reads. */
export interface ScriptStreams {
  stdin: () => AsyncIterable<Buffer>;
  stdout: (data: string | Buffer) => void;
  stderr: (text: string) => void;
}

export interface ScriptParts {
  database: Database;
  environment: Environment;
  readOnly: boolean;
  /** Where its run is recorded; without it none is. */
  ledger: { client: Queryable; run: string } | undefined;
  report: StepReport;
  /** The statement at work is ended at the server. */
  signal: AbortSignal;
  /** No other statement is begun. */
  stopping: AbortSignal;
  streams: ScriptStreams;
}

/** How often the ledger is told what a script wrote, and others how far it is, in milliseconds. */
const RECORD_EVERY = 2_000;
const TELL_EVERY = 250;
/** Messages of the server that become notes of the run; all are in its output. */
const MOST_NOTES = 200;
/** SQLSTATE of a statement that was cancelled. */
const CANCELLED = '57014';

/**
 * Runs a script on a connection of its own, which is closed after it. Errors: 'script.failed' with the first line that
 * failed; 'script.stopped' (interrupted) when it was asked to end before its end; 'script.unsupported'; 'database.…' when
 * the connection is lost.
 */
export async function performScript(
  parts: ScriptParts,
  request: ReadyScript,
  plan: ScriptPlan,
): Promise<StepResult> {
  const { database, ledger } = parts;
  const client = await database.connect('script');
  const stop = cancelWhenAborted(database, client, parts.signal);
  const output = new ScriptOutput();
  const secrets = secretsOf(request.parameters);
  const kept = () => ({
    // What it read of the environment, too.
    output: redact(withoutSecrets(output.text, request.variables, secrets)),
    outputBytes: output.bytes,
  });
  let recording: NodeJS.Timeout | undefined;
  let exitCode: ScriptExit | undefined;
  try {
    if (ledger !== undefined) {
      const { client: keeper, run } = ledger;
      await recordScript(keeper, run, { script: plan.name, hash: plan.hash, variables: plan.variables });
      // One that cannot be written now is written with the next.
      const record = () => void recordOutput(keeper, run, kept()).catch(() => undefined);
      recording = setInterval(record, RECORD_EVERY).unref();
    }
    await setTimeouts(client, request);
    const ran = await runWatched(parts, request, client, output);
    exitCode = ran.exit;
    if (ran.stopped !== undefined) throw stopped(plan, ran.stopped);
    if (ran.failure !== undefined || ran.exit !== 0) throw failed(plan, ran);
    return { end: 'done', rows: ran.rows, detail: { statements: ran.statements } };
  } catch (thrown) {
    throw thrown instanceof DayboardError ? thrown : databaseError(thrown, { script: plan.name });
  } finally {
    stop();
    clearInterval(recording);
    await client.end().catch(() => undefined);
    if (ledger !== undefined)
      await recordOutput(ledger.client, ledger.run, {
        ...kept(),
        ...(exitCode === undefined ? {} : { exitCode }),
      });
  }
}

async function setTimeouts(client: pg.Client, { statementTimeout, lockTimeout }: ReadyScript): Promise<void> {
  await client.query(
    `SELECT set_config('statement_timeout', coalesce($1, '0'), false), set_config('lock_timeout', coalesce($2, '0'), false)`,
    [statementTimeout, lockTimeout],
  );
}

/** The names of the functions that come with the server. */
export async function builtInFunctions(client: Queryable): Promise<Set<string>> {
  const found = await client.query<{ name: string }>(
    `SELECT DISTINCT proname AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace`,
  );
  return new Set(found.rows.map(({ name }) => name));
}

async function runWatched(
  { database, environment, readOnly, report, signal, stopping, streams }: ScriptParts,
  request: ReadyScript,
  client: pg.Client,
  output: ScriptOutput,
): Promise<Ran> {
  const ran: Ran = { exit: 0, failure: undefined, failures: 0, statements: 0, rows: 0, stopped: undefined };
  let stop: ScriptStop | undefined;
  let last: ScriptFailure | undefined;
  const teller = new Teller(report);
  let notes = 0;
  const note = (text: string): void => {
    notes += 1;
    if (notes <= MOST_NOTES)
      report.note(withoutSecrets(text.trimEnd(), request.variables, secretsOf(request.parameters)));
    else if (notes === MOST_NOTES + 1) report.note('more messages are in its output');
  };
  const say = (text: string): void => {
    output.add(text);
    streams.stderr(text);
    note(text);
  };
  const exit = await watchBackend(
    database,
    client,
    (state) => teller.state(state),
    () =>
      runScript({
        client,
        file: request.file,
        directory: request.directory,
        root: request.root,
        env: environment,
        stdin: streams.stdin,
        stdout: (data) => {
          output.add(data);
          streams.stdout(data);
        },
        stderr: say,
        variables: [['ON_ERROR_STOP', request.onError === 'stop' ? 'on' : 'off'], ...request.variables],
        singleTransaction: request.singleTransaction,
        readOnly,
        signal: stopping,
        onStopped: (where) => {
          stop = where;
        },
        ...(readOnly ? { refuse: refuseInReadOnly } : {}),
        onProgress: (progress) => {
          if (progress.statement > ran.statements) ran.statements = progress.statement;
          teller.progress(progress);
        },
        onRows: (rows) => {
          ran.rows += rows;
        },
        onFailure: (failure) => {
          ran.failures += 1;
          ran.failure ??= failure;
          last = failure;
        },
      }),
  );
  const cancelled = signal.aborted && last?.sqlState === CANCELLED ? last : undefined;
  if (stop !== undefined && (stop.at ?? cancelled) !== undefined) {
    ran.stopped = stopText(request, { readOnly, statements: ran.statements, stop, cancelled });
    say(`${ran.stopped}\n`);
  }
  return { ...ran, exit };
}

/** The server lets nothing be written; what would end its read-only transaction is not sent. */
function refuseInReadOnly(statement: string): string | undefined {
  for (const each of classify(statement, new Set())) {
    const why = whyNotReadOnly(each);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Tells where a script is: at once when it comes to another statement, else a few times a second. */
class Teller {
  readonly #report: StepReport;
  #now: ScriptProgress | undefined;
  #state: BackendState = {};
  #statementSince = 0;
  #told = 0;

  constructor(report: StepReport) {
    this.#report = report;
  }

  progress(progress: ScriptProgress): void {
    const isNext = progress.statement !== this.#now?.statement;
    this.#now = progress;
    if (isNext) {
      this.#statementSince = performance.now();
      this.#state = {};
    }
    if (isNext || performance.now() - this.#told > TELL_EVERY) this.#tell();
  }

  state(state: BackendState): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    if (this.#now === undefined) return;
    this.#told = performance.now();
    const { file, line, statement, text, rows, bytes, totalBytes } = this.#now;
    const { blockedBy, phase, share, wait } = this.#state;
    const waits = blockedBy === undefined ? wait : `waiting for ${blockedBy}`;
    const where = `${file}:${line} statement ${statement}: ${brief(text, SHOWN)}`;
    this.#report.progress({
      phase: [where, phase, waits].filter((each) => each !== undefined).join(', '),
      ...(share === undefined ? {} : { phaseShare: share }),
      ...(rows > 0 ? { rows } : {}),
      ...(bytes === undefined ? {} : { bytes }),
      ...(totalBytes === undefined ? {} : { totalBytes, ...this.#left(bytes ?? 0, totalBytes) }),
    });
  }

  /** Seconds left of a file, from the rate at which it was copied so far. */
  #left(bytes: number, totalBytes: number): { etaSeconds?: number } {
    const seconds = (performance.now() - this.#statementSince) / 1000;
    return bytes === 0 ? {} : { etaSeconds: ((totalBytes - bytes) / bytes) * seconds };
  }
}

const SHOWN = 60;
