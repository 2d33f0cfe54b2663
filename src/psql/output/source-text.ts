import type { Described, DescribeContext } from './describe-context.ts';
import { ident, literal } from '../../ledger/sql.ts';

/** `\sf` and `\sv`: kinds of objects whose definition psql shows. */
export type SourceKind = 'function' | 'view';

/** The server's word on a name that it did not find, say: severity and message, as pg's errors have them. */
interface ServerError {
  severity: string;
  message: string;
}

/** What a statement that created the object again would be, with numbered lines for `\sf+` and `\sv+`. */
export async function showSource(
  kind: SourceKind,
  name: string | undefined,
  numbered: boolean,
  context: Pick<DescribeContext, 'query'>,
): Promise<Described> {
  if (name === undefined || name === '') return failure(`${kind} name is required`);
  try {
    const source =
      kind === 'function' ? await functionSource(name, context) : await viewSource(name, context);
    if (typeof source !== 'string') return source;
    const text = source.endsWith('\n') ? source : `${source}\n`;
    return { output: numbered ? numberedLines(text, kind) : text, failed: false };
  } catch (error) {
    if (!isServerError(error)) throw error;
    return failure(`${error.severity}:  ${error.message}`);
  }
}

function failure(error: string): Described {
  return { output: '', error, failed: true };
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && typeof error.severity === 'string';
}

async function functionSource(name: string, { query }: Pick<DescribeContext, 'query'>): Promise<string> {
  const type = name.includes('(') ? 'regprocedure' : 'regproc';
  const { rows } = await query(
    `select pg_catalog.pg_get_functiondef(${literal(name)}::pg_catalog.${type}::pg_catalog.oid)`,
  );
  return rows[0]?.[0] ?? '';
}

async function viewSource(
  name: string,
  { query }: Pick<DescribeContext, 'query'>,
): Promise<string | Described> {
  const { rows } =
    await query(`select n.nspname, c.relname, c.relkind, pg_catalog.pg_get_viewdef(c.oid, true),
  (select pg_catalog.string_agg(option, E'\\n') from pg_catalog.unnest(c.reloptions) as option
    where option !~ '^check_option='),
  (select pg_catalog.upper(pg_catalog.split_part(option, '=', 2)) from pg_catalog.unnest(c.reloptions) as option
    where option ~ '^check_option=')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = ${literal(name)}::pg_catalog.regclass`);
  const [schema, relation, kind, definition, options, check] = rows[0] ?? [];
  if (kind !== 'v') return failure(`"${schema ?? ''}.${relation ?? ''}" is not a view`);
  return [
    `CREATE OR REPLACE VIEW ${plain(schema ?? '')}.${plain(relation ?? '')}`,
    options === null || options === undefined ? '' : `\n WITH (${optionsText(options)})`,
    ` AS\n${(definition ?? '').replace(/;$/, '')}`,
    check === null || check === undefined ? '' : `\n WITH ${check} CHECK OPTION`,
  ].join('');
}

/** Words of SQL that are values of view options and would need quotes. */
const RESERVED = new Set(['true', 'false', 'on']);

function optionsText(options: string): string {
  return options
    .split('\n')
    .map((option) => {
      const equals = option.indexOf('=');
      const value = option.slice(equals + 1);
      const bare = /^[a-z_][a-z0-9_]*$/.test(value) && !RESERVED.has(value);
      return `${option.slice(0, equals)}=${bare ? value : literal(value)}`;
    })
    .join(', ');
}

/** A name without quotes where it needs none. */
function plain(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : ident(name);
}

/** The lines of a function's header have no numbers: errors count from where its body begins. */
function numberedLines(text: string, kind: SourceKind): string {
  let number = 0;
  let inHeader = kind === 'function';
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      if (/^(AS|BEGIN|RETURN) /.test(line)) inHeader = false;
      if (inHeader) return `        ${line}\n`;
      number += 1;
      return `${String(number).padEnd(7)} ${line}\n`;
    })
    .join('');
}
