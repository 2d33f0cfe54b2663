import type { DatabaseError } from 'pg';
import {
  type CopySource,
  describeStatement,
  type Handlers,
  type Result,
  send,
  transactionStatus,
} from './connection.ts';
import { inlineCopyData } from './copy-data.ts';
import { fileProblem } from './file-problem.ts';
import { needsNoTransaction, touchesSavepoints } from './leading-words.ts';
import { crosstab } from './output/crosstab.ts';
import { columnsQuery, NO_COLUMNS } from './output/gdesc.ts';
import { printContent, printTable } from './output/print.ts';
import type { ResultTable } from './output/result.ts';
import { timingLine } from './output/timing.ts';
import type { Session } from './session.ts';

const SAVEPOINT = 'pg_psql_temporary_savepoint';

/** Where the data of a `\copy` come from and go to; COPY in the script itself reads the lines that follow. */
export interface CopyEnds {
  source?: CopySource;
  sink?: (chunk: Buffer) => void;
  /** The count of rows is shown also for data that went out: they went elsewhere. */
  counted?: boolean;
}

/** Sends a statement (or several, after `\;`) and shows its results, as psql's variables say. True when nothing failed. */
export async function sendStatement(session: Session, text: string, copy: CopyEnds = {}): Promise<boolean> {
  if (session.variables.word('ECHO') === 'queries') session.options.stdout(`${text}\n`);
  const { sending } = session;
  try {
    if (!isSendable(session, text) || !(await begin(session, text))) return false;
    session.begins(text);
    const guarded = await setSavepoint(session);
    const started = performance.now();
    const outcome = sending.gdesc === true ? await describe(session, text) : await run(session, text, copy);
    const elapsed = performance.now() - started;
    if (!outcome.ok && session.variables.word('ECHO') === 'errors') session.info(`STATEMENT:  ${text}`);
    if (guarded) await releaseSavepoint(session, outcome.savepointGone);
    session.ended();
    if (session.timing) session.output.write(timingLine(elapsed));
    for (const line of session.notifications.splice(0)) session.output.write(line);
    return outcome.ok;
  } finally {
    session.output.endOnce();
    session.sending = {};
  }
}

/** Statements are sent in UTF8: in another client_encoding the server would read other characters. */
function isSendable(session: Session, text: string): boolean {
  if (session.stops()) return false;
  const why = session.options.refuse?.(text);
  if (why !== undefined) {
    session.error(`not sent: ${why}`);
    return false;
  }
  const encoding = session.variables.get('ENCODING') ?? 'UTF8';
  // oxlint-disable-next-line no-control-regex -- ASCII begins with control characters.
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII' || /^[\u0000-\u007f]*$/.test(text)) return true;
  session.error(
    `dayboard sends UTF8 only, and client_encoding is ${encoding}: a statement with characters beyond ASCII was not sent`,
  );
  return false;
}

interface Sent {
  ok: boolean;
  savepointGone: boolean;
}

/** With AUTOCOMMIT off a transaction begins before a statement that may stand in one. */
async function begin(session: Session, text: string): Promise<boolean> {
  const idle = transactionStatus(session.client) === 'I';
  if (!idle || session.variables.isOn('AUTOCOMMIT') || needsNoTransaction(text)) return true;
  return quietly(session, 'BEGIN');
}

async function setSavepoint(session: Session): Promise<boolean> {
  if (!session.inTransaction || session.variables.word('ON_ERROR_ROLLBACK') !== 'on') return false;
  return quietly(session, `SAVEPOINT ${SAVEPOINT}`);
}

async function releaseSavepoint(session: Session, gone: boolean): Promise<void> {
  if (session.failedTransaction) await quietly(session, `ROLLBACK TO ${SAVEPOINT}`);
  else if (session.inTransaction && !gone) await quietly(session, `RELEASE ${SAVEPOINT}`);
}

/** A statement of our own, of which nothing is shown but its error. */
export async function quietly(session: Session, sql: string): Promise<boolean> {
  const error = await send(session.client, sql, {
    onResult: () => undefined,
    copyIn: () => async () => undefined,
    onCopyOut: () => undefined,
    onCopyData: () => undefined,
  });
  if (error !== undefined) {
    session.info(session.messageText(error, true, sql));
    session.fails(error.message, error.code);
  }
  return error === undefined;
}

/** One run of a statement that is watched: its results are titled, nothing is echoed. */
export async function runWatched(session: Session, text: string, title: string): Promise<boolean> {
  if (!isSendable(session, text)) return false;
  session.sending = { settings: { ...session.settings, title }, watched: title };
  try {
    return (await run(session, text, {})).ok;
  } finally {
    session.sending = {};
  }
}

/** Runs what is sent, and shows each result when it comes. */
async function run(session: Session, text: string, copy: CopyEnds): Promise<Sent> {
  const { sending } = session;
  const takesLast = sending.gset !== undefined || sending.gexec === true || sending.crosstab !== undefined;
  const sent: Sent = { ok: true, savepointGone: false };
  // The last result is what \gset, \gexec and \crosstabview take: it is kept until the next one comes.
  let kept: Result | undefined;
  let copiedOut = false;
  /** Its data have nowhere to go. */
  let lost = false;
  const handlers: Handlers = {
    onResult: (result) => {
      if (result.kind !== 'empty') session.tellResult(result.tag);
      if (result.kind === 'command' && touchesSavepoints(result.tag)) sent.savepointGone = true;
      // What has a file to go to that cannot be opened is not shown elsewhere; of a COPY psql tells the count.
      const open = lost || openOutput(session);
      if (lost || !open) sent.ok = false;
      if (kept !== undefined) showPlainly(session, kept);
      kept = undefined;
      if (!open) return;
      if (takesLast) kept = result;
      else {
        // Rows that went where the count would go are not counted, as psql has it.
        const counted = !copiedOut || lost || copy.counted === true;
        if (counted) showPlainly(session, result);
        setResultVariables(session, counted ? result : { kind: 'empty' });
      }
      [copiedOut, lost] = [false, false];
    },
    copyIn: () => copy.source ?? inlineCopyData(session),
    onCopyOut: () => {
      copiedOut = true;
      lost = !openOutput(session);
    },
    onCopyData: (chunk) => {
      if (lost) return;
      if (copy.sink === undefined) session.output.write(chunk);
      else copy.sink(chunk);
    },
  };
  const error = await send(session.client, text, handlers, sending.extended);
  if (error !== undefined) {
    if (kept !== undefined) showPlainly(session, kept);
    showError(session, error, text);
    return { ...sent, ok: false };
  }
  if (kept === undefined) return sent;
  const ok = await take(session, kept);
  if (ok) setResultVariables(session, kept);
  return { ...sent, ok: sent.ok && ok };
}

/** Opens the file of `\g FILE` once there is something to write; false when it cannot be. */
function openOutput(session: Session): boolean {
  try {
    session.output.openOnce();
    return true;
  } catch (error) {
    session.error(`${session.sending.file ?? ''}: ${fileProblem(error)}`);
    return false;
  }
}

function showPlainly(session: Session, result: Result): void {
  if (result.kind === 'rows') {
    const text = printTable(result.table, settingsOf(session));
    session.output.write(text);
    if (text.includes('\ufffd') && session.variables.get('ENCODING') !== 'UTF8') {
      session.warning('characters beyond ASCII are shown right only where client_encoding is UTF8');
    }
  }
  showStatus(session, result);
}

/** Commands show their tag, also those that give rows back. */
function showStatus(session: Session, result: Result): void {
  const silent = result.kind === 'rows' && !/^(INSERT|UPDATE|DELETE)/.test(result.tag);
  if (result.kind !== 'empty' && !silent) showTag(session, result.tag);
}

/** Does with the last result what `\gset`, `\gexec` or `\crosstabview` ask for; false when that fails. */
async function take(session: Session, result: Result): Promise<boolean> {
  const { sending } = session;
  let ok = true;
  if (result.kind === 'rows') {
    if (sending.gset !== undefined) ok = storeRow(session, result.table, sending.gset);
    else if (sending.gexec === true) ok = await executeCells(session, result.table);
    else ok = showCrosstab(session, result.table, sending.crosstab ?? []);
  }
  showStatus(session, result);
  return ok;
}

function settingsOf(session: Session): Session['settings'] {
  return session.sending.settings ?? session.settings;
}

function showTag(session: Session, tag: string): void {
  const { watched } = session.sending;
  if (watched !== undefined) session.output.write(`${watched}\n${tag}\n\n`);
  else showPlainTag(session, tag);
}

function showPlainTag(session: Session, tag: string): void {
  if (session.quiet) return;
  const html = settingsOf(session).format === 'html';
  session.output.write(html ? `<p>${tag}</p>\n` : `${tag}\n`);
}

/** An error of the server, with what psql's variables keep of it. */
export function showError(session: Session, error: DatabaseError, statement: string): void {
  session.info(session.messageText(error, true, statement));
  session.fails(error.message, error.code);
  session.lastError = { error, statement };
  const { variables } = session;
  variables.set('ERROR', 'true');
  variables.set('SQLSTATE', error.code ?? '');
  variables.set('ROW_COUNT', '0');
  variables.set('LAST_ERROR_SQLSTATE', error.code ?? '');
  variables.set('LAST_ERROR_MESSAGE', error.message);
}

function setResultVariables({ variables }: Session, result: Result): void {
  const count = result.kind === 'empty' ? '' : (/ (\d+)$/.exec(result.tag)?.[1] ?? '');
  variables.set('ERROR', 'false');
  variables.set('SQLSTATE', '00000');
  variables.set('ROW_COUNT', count === '' ? '0' : count);
}

/** `\gset`: the columns of the one row become variables. */
function storeRow(session: Session, table: ResultTable, prefix: string): boolean {
  const [row, another] = table.rows;
  if (row === undefined) {
    session.error('no rows returned for \\gset');
    return false;
  }
  if (another !== undefined) {
    session.error('more than one row returned for \\gset');
    return false;
  }
  for (const [at, { name }] of table.columns.entries()) {
    const variable = prefix + name;
    const value = row[at] ?? undefined;
    if (session.variables.isSpecial(variable)) {
      session.warning(`attempt to \\gset into specially treated variable "${variable}" ignored`);
      continue;
    }
    const problem =
      value === undefined ? session.variables.unset(variable) : session.variables.set(variable, value);
    if (problem === undefined) continue;
    session.error(problem);
    return false;
  }
  return true;
}

/** `\gexec`: every cell is sent as a statement, row by row. */
async function executeCells(session: Session, table: ResultTable): Promise<boolean> {
  let ok = true;
  delete session.sending.gexec;
  delete session.sending.extended;
  for (const cell of table.rows.flat()) {
    if (cell === null) continue;
    if (session.variables.word('ECHO') === 'all') session.options.stdout(`${cell}\n`);
    const { sending } = session;
    const sent = await sendStatement(session, cell);
    session.sending = { ...sending };
    if (sent) continue;
    ok = false;
    if (session.variables.isOn('ON_ERROR_STOP')) break;
  }
  return ok;
}

function showCrosstab(session: Session, table: ResultTable, args: readonly string[]): boolean {
  const settings = settingsOf(session);
  const turned = crosstab(table, args, settings);
  if (turned.ok) session.output.write(printContent(turned.content, settings));
  else session.error(turned.message);
  return turned.ok;
}

/** `\gdesc`: the statement's columns; it is not run. */
async function describe(session: Session, text: string): Promise<Sent> {
  const described = await describeStatement(session.client, text);
  if ('error' in described) {
    showError(session, described.error, text);
    return { ok: false, savepointGone: false };
  }
  if (described.columns.length === 0) {
    session.output.write(NO_COLUMNS);
    setResultVariables(session, { kind: 'empty' });
    return { ok: true, savepointGone: false };
  }
  const columns = described.columns.map(({ name, dataTypeID, dataTypeModifier }) => ({
    name,
    type: dataTypeID,
    modifier: dataTypeModifier,
  }));
  const table = await session.query(columnsQuery(columns));
  session.output.write(printTable(table, settingsOf(session)));
  setResultVariables(session, { kind: 'rows', table, tag: `SELECT ${table.rows.length}` });
  return { ok: true, savepointGone: false };
}
