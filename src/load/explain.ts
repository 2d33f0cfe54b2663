import { errorCode, isConnectionLoss, databaseError } from '../ledger/errors.ts';
import { DayboardError, type ErrorFacts, type ErrorParts } from '../project/errors.ts';
import { type CopyPlace, copyPlace } from './copy-context.ts';
import { masked, maskedRecord } from '../project/mask.ts';
import { excerpt } from './excerpt.ts';

/** What was being loaded when it failed. */
export interface LoadContext {
  dataset: string;
  period: string;
  object: string | undefined;
  /** The staging table's name, as the server says it in its messages. */
  relation: string;
  /** Columns of the file under the raw table's names. */
  columns: readonly string[];
  /** Those of them that identify people: what stands in them is masked. */
  personal?: ReadonlySet<string>;
}

const UNTOUCHED = 'Nothing was loaded, and what was published before is untouched.';
const DELIVER_AGAIN = 'Have the object delivered again, or correct it at the source, and load it again.';

/** The parts of a server's message that are read. */
interface ServerError {
  message: string;
  where?: string;
  column?: string;
}

/**
 * A failed load as a DayboardError 'load.…' with dataset, period, object, and for the server's errors the SQLSTATE and,
 * where it says so, line, column and a short excerpt of the value. DayboardErrors (of the source, the header) get the
 * same facts and stay what they are.
 */
export function explainLoadError(thrown: unknown, context: LoadContext, signal: AbortSignal): DayboardError {
  const facts: ErrorFacts = { dataset: context.dataset, period: context.period, object: context.object };
  if (thrown instanceof DayboardError) return thrown.with(facts);
  const sqlstate = errorCode(thrown);
  if (signal.aborted) return cancelled(thrown, facts, sqlstate, signal);
  const error = thrown as ServerError;
  const place = copyPlace(error.where, context.relation, context.columns);
  const parts = partsOf(
    sqlstate ?? '',
    withoutId(error, place, context),
    maskedPlace(place, context),
    context,
  );
  if (parts === undefined) {
    return isConnectionLoss(thrown) ? connectionLost(thrown, facts, sqlstate) : databaseError(thrown, facts);
  }
  return new DayboardError({
    next: `${UNTOUCHED} ${DELIVER_AGAIN}`,
    ...parts,
    facts: { ...facts, ...parts.facts, sqlstate: sqlstate ?? null },
    cause: thrown,
  });
}

const NONE: ReadonlySet<string> = new Set();

/** The value that a message is about may be an id; a whole record has some. */
function maskedPlace(place: CopyPlace, { personal = NONE }: LoadContext): CopyPlace {
  const { column, value } = place;
  if (personal.size === 0 || value === undefined || (column !== undefined && !personal.has(column)))
    return place;
  return { ...place, value: column === undefined ? maskedRecord(value) : String(masked(value)) };
}

/** What the server says, without the id that it quotes. */
function withoutId(error: ServerError, place: CopyPlace, { personal = NONE }: LoadContext): ServerError {
  const { column, value = '' } = place;
  if (value === '' || column === undefined || !personal.has(column)) return error;
  return { ...error, message: error.message.replaceAll(value, String(masked(value))) };
}

type Parts = Pick<ErrorParts, 'code' | 'message' | 'next' | 'facts'>;

function partsOf(
  sqlstate: string,
  error: ServerError,
  place: CopyPlace,
  context: LoadContext,
): Parts | undefined {
  const said = excerpt(error.message, 200);
  switch (sqlstate) {
    case '22P04':
      return malformed(said, place, context);
    case '22021':
    case '22P05':
      // The file is text, and a type does not take what stands in one of its values (jsonb: \u0000).
      if (place.column !== undefined) break;
      return {
        code: 'load.encoding',
        message: `${lineOf(place)} is not valid UTF-8 text: ${said}.`,
        facts: { line: place.line },
      };
    case '23502':
      return emptyValue(error, place);
    case '42501':
      return {
        code: 'load.permission',
        message: `PostgreSQL refused to load: ${said}.`,
        next: `${UNTOUCHED} Run \`dayboard doctor\`: it names each missing right with the GRANT that gives it.`,
      };
    case '53100':
      return {
        code: 'load.disk-full',
        message: `The database server's disk is full: ${said}.`,
        next: `${UNTOUCHED} Free space on the server, and load again.`,
      };
  }
  return sqlstate.startsWith('22') ? badValue(said, place) : undefined;
}

function malformed(said: string, place: CopyPlace, context: LoadContext): Parts {
  const column = place.column ?? context.columns.find((name) => said.includes(`"${name}"`));
  const shown = place.value === '' ? ' (an empty line)' : inBrackets(place.value);
  return {
    code: 'load.malformed-row',
    message: `${lineOf(place)} is malformed: ${said}${shown}.${hint(said)} The file has ${context.columns.length} columns.`,
    facts: { line: place.line, column, value: place.value },
  };
}

/** Only servers that speak English get one. */
function hint(said: string): string {
  if (/newline|carriage return/i.test(said))
    return ' Its line ends are mixed, or a value with one is not quoted.';
  if (/unterminated/i.test(said)) return ' A quote is not closed; it may have been opened many lines before.';
  return '';
}

function badValue(said: string, place: CopyPlace): Parts {
  const column = place.column === undefined ? '' : `, column ${place.column},`;
  return {
    code: 'load.bad-value',
    message: `${lineOf(place)}${column} holds a value that cannot be stored${inBrackets(place.value)}: ${said}.`,
    facts: { line: place.line, column: place.column, value: place.value },
  };
}

function emptyValue(error: ServerError, place: CopyPlace): Parts {
  const column = error.column ?? place.column;
  return {
    code: 'load.null',
    message: `${lineOf(place)} has no value in column ${column ?? '(unknown)'}, which must have one. An empty field is no value; "" in quotes is an empty text.`,
    facts: { line: place.line, column, value: place.value },
    next: `${UNTOUCHED} ${DELIVER_AGAIN} If the column may be empty, declare it nullable in the project.`,
  };
}

function cancelled(
  thrown: unknown,
  facts: ErrorFacts,
  sqlstate: string | undefined,
  signal: AbortSignal,
): DayboardError {
  if (signal.reason instanceof DayboardError) return signal.reason.with(facts);
  return new DayboardError({
    code: 'load.cancelled',
    kind: 'interrupted',
    message: `Loading ${String(facts['dataset'])} ${String(facts['period'])} was cancelled.`,
    facts: { ...facts, ...(sqlstate === undefined ? {} : { sqlstate }) },
    next: `${UNTOUCHED} Load it again when you want to.`,
    cause: thrown,
  });
}

function connectionLost(thrown: unknown, facts: ErrorFacts, sqlstate: string | undefined): DayboardError {
  return new DayboardError({
    code: 'load.connection',
    message: `The connection to PostgreSQL was lost while loading ${String(facts['dataset'])} ${String(facts['period'])}.`,
    facts: { ...facts, ...(sqlstate === undefined ? {} : { sqlstate }) },
    next: `${UNTOUCHED} Load it again when the server is back; \`dayboard doctor\` says when it is.`,
    cause: thrown,
  });
}

function lineOf(place: CopyPlace): string {
  return place.line === undefined ? 'A line of the file' : `Line ${place.line}`;
}

function inBrackets(value: string | undefined): string {
  return value === undefined || value === '' ? '' : ` (${value})`;
}

/** What was being prepared when it failed. */
export type PrepareContext = Pick<LoadContext, 'dataset' | 'period' | 'relation'>;

/**
 * A failed preparation as a DayboardError: 'load.computed' when the SQL of a computed column fails or does not fit the
 * columns, else as explainLoadError has it.
 */
export function explainPrepareError(
  thrown: unknown,
  context: PrepareContext,
  signal: AbortSignal,
): DayboardError {
  const sqlstate = errorCode(thrown) ?? '';
  const isComputed = /^(22|42)/.test(sqlstate) && sqlstate !== '42501';
  if (!isComputed || thrown instanceof DayboardError || signal.aborted) {
    return explainLoadError(thrown, { ...context, columns: [], object: undefined }, signal);
  }
  return new DayboardError({
    code: 'load.computed',
    message: `The computed columns of ${context.dataset} ${context.period} failed: ${excerpt((thrown as Error).message, 200)}.`,
    facts: { dataset: context.dataset, period: context.period, sqlstate },
    next: 'Nothing was published, and what was published before is untouched. Correct how the columns are computed in the project.',
    cause: thrown,
  });
}
