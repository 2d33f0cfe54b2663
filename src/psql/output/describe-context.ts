import type { PrintSettings, ResultTable } from './result.ts';

/** What a describe command needs of the session that runs it. */
export interface DescribeContext {
  /** Runs a query of ours; rejects with the server's error. */
  query(sql: string): Promise<ResultTable>;
  /** The server's number, 180004 for 18.4. */
  serverVersion: number;
  /** The database that we are connected to. */
  database: string;
  settings: PrintSettings;
  /** QUIET is set: nothing is said of what was not found. */
  quiet: boolean;
}

/** What a describe command came to. */
export interface Described {
  output: string;
  /** psql's message for stderr, without its prefix. It may come with a command that did not fail. */
  error?: string;
  failed: boolean;
}

/** The name's part of a describe command: `\dS+ pattern`. */
export interface DescribeRequest {
  /** What follows `\`, without `S` and `+`. */
  kind: string;
  pattern: string | undefined;
  /** Patterns for the argument types of `\df`. */
  moreArguments: readonly string[];
  verbose: boolean;
  system: boolean;
}

/** Columns of a list with their headings; values that are `undefined` are not shown. */
export type ListColumns = ReadonlyArray<readonly [heading: string, expression: string] | undefined>;

/** A select list with psql's headings. */
export function selectList(columns: ListColumns): string {
  return columns
    .filter((column) => column !== undefined)
    .map(([heading, expression]) => `${expression} as "${heading}"`)
    .join(',\n  ');
}

/** Grants one a line. */
export function privileges(column: string): string {
  return `pg_catalog.array_to_string(${column}, E'\\n')`;
}

/** A set of options as psql shows it: `(name 'value', ...)`. */
export function optionList(column: string): string {
  return `case when ${column} is null then '' else '(' || pg_catalog.array_to_string(array(
    select pg_catalog.quote_ident(option_name) || ' ' || pg_catalog.quote_literal(option_value)
      from pg_catalog.pg_options_to_table(${column})), ', ') || ')' end`;
}

/** A case expression from values to words. */
export function words(expression: string, known: Readonly<Record<string, string>>): string {
  const cases = Object.entries(known).map(([value, word]) => `when '${value}' then '${word}'`);
  return `case ${expression} ${cases.join(' ')} end`;
}
