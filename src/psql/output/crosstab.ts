import { type Align, alignOf, type Content } from './content.ts';
import { foldIdentifier } from './identifier.ts';
import type { PrintSettings, ResultTable } from './result.ts';

/** More distinct columns than this psql refuses. */
const MOST_COLUMNS = 1600;

/** The turned table, ready for `printContent`, or psql's error. */
export type Crosstab = { ok: true; content: Content } | { ok: false; message: string };

/** Which columns of a result go where, by position. */
interface Fields {
  rows: number;
  columns: number;
  data: number;
  sort: number | undefined;
}

/** A distinct value of a header. */
interface Header {
  name: string | null;
  rank: number;
  sort: string | null;
}

/** A message of psql's that ends `\crosstabview`. */
class CrosstabError extends Error {}

/**
 * `\crosstabview [COLV [COLH [COLD [SORTCOLH]]]]`: the values of one column become rows, those of another columns.
 * The arguments come as they stand in the script, quotes included; `result` is undefined when the statement gave none.
 */
export function crosstab(
  result: ResultTable | undefined,
  args: readonly string[],
  settings: PrintSettings,
): Crosstab {
  try {
    if (result === undefined) throw new CrosstabError('statement did not return a result set');
    return { ok: true, content: turned(result, fieldsOf(result, args), settings) };
  } catch (error) {
    if (!(error instanceof CrosstabError)) throw error;
    return { ok: false, message: `\\crosstabview: ${error.message}` };
  }
}

function fieldsOf(result: ResultTable, [rowArg, columnArg, dataArg, sortArg]: readonly string[]): Fields {
  const count = result.columns.length;
  if (count < 3) throw new CrosstabError('query must return at least three columns');
  const rows = rowArg === undefined ? 0 : indexOf(rowArg, result);
  const columns = columnArg === undefined ? 1 : indexOf(columnArg, result);
  if (rows === columns) {
    throw new CrosstabError('vertical and horizontal headers must be different columns');
  }
  if (dataArg === undefined && count !== 3) {
    throw new CrosstabError('data column must be specified when query returns more than three columns');
  }
  const data = dataArg === undefined ? 3 - rows - columns : indexOf(dataArg, result);
  return { rows, columns, data, sort: sortArg === undefined ? undefined : indexOf(sortArg, result) };
}

/** A column's position by its number (from 1) or its name. */
function indexOf(argument: string, { columns }: ResultTable): number {
  if (/^[0-9]+$/.test(argument)) {
    const number = Number(argument);
    if (number >= 1 && number <= columns.length) return number - 1;
    throw new CrosstabError(`column number ${number} is out of range 1..${columns.length}`);
  }
  const name = foldIdentifier(argument);
  const found = columns.flatMap((column, at) => (column.name === name ? [at] : []));
  if (found.length > 1) throw new CrosstabError(`ambiguous column name: "${name}"`);
  const [at] = found;
  if (at === undefined) throw new CrosstabError(`column name not found: "${name}"`);
  return at;
}

function turned(result: ResultTable, fields: Fields, settings: PrintSettings): Content {
  const across = new Map<string | null, Header>();
  const down = new Map<string | null, Header>();
  for (const row of result.rows) {
    meet(across, row[fields.columns] ?? null, fields.sort === undefined ? null : (row[fields.sort] ?? null));
    if (across.size > MOST_COLUMNS) {
      throw new CrosstabError(`maximum number of columns (${MOST_COLUMNS}) exceeded`);
    }
    meet(down, row[fields.rows] ?? null, null);
  }
  if (fields.sort !== undefined) rankBySort([...across.values()]);
  const headers = [...across.values()].sort((a, b) => a.rank - b.rank);
  const type = (field: number): Align => alignOf(result.columns[field]?.type ?? 0);
  const title = settings.title;
  return {
    ...(title === undefined ? {} : { title }),
    headers: [result.columns[fields.rows]?.name ?? '', ...headers.map(({ name }) => name ?? settings.null)],
    aligns: [type(fields.rows), ...headers.map(() => type(fields.data))],
    rows: cells(result, fields, { across, down }, settings),
  };
}

function meet(headers: Map<string | null, Header>, name: string | null, sort: string | null): void {
  if (!headers.has(name)) headers.set(name, { name, rank: headers.size, sort });
}

/** New ranks by the sort values, which count as 0 when they are no integers; equal ones by name. */
function rankBySort(headers: Header[]): void {
  const order = ({ sort }: Header): number =>
    sort !== null && /^-?[0-9]*$/.test(sort) ? Number(sort) || 0 : 0;
  headers
    .sort((a, b) => compareNames(a.name, b.name))
    .sort((a, b) => order(a) - order(b))
    .forEach((header, rank) => {
      header.rank = rank;
    });
}

/** By bytes, NULL last. */
function compareNames(a: string | null, b: string | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

interface Headers {
  across: Map<string | null, Header>;
  down: Map<string | null, Header>;
}

function cells(
  result: ResultTable,
  fields: Fields,
  { across, down }: Headers,
  settings: PrintSettings,
): string[][] {
  const filled = Array.from(down, () => Array.from(across, (): string | undefined => undefined));
  for (const row of result.rows) {
    const [rowName, columnName] = [row[fields.rows] ?? null, row[fields.columns] ?? null];
    const target = filled[down.get(rowName)?.rank ?? 0];
    const column = across.get(columnName)?.rank ?? 0;
    if (target === undefined) continue;
    if (target[column] !== undefined) {
      const shown = (name: string | null): string =>
        name ?? (settings.null === '' ? '(null)' : settings.null);
      throw new CrosstabError(
        `query result contains multiple data values for row "${shown(rowName)}", column "${shown(columnName)}"`,
      );
    }
    target[column] = row[fields.data] ?? settings.null;
  }
  return [...down.values()].map(({ name, rank }) => [
    name ?? settings.null,
    ...(filled[rank] ?? []).map((cell) => cell ?? ''),
  ]);
}
