import type { Described, DescribeContext, DescribeRequest } from './describe-context.ts';
import { privileges, selectList, words } from './describe-context.ts';
import { patternCondition } from './pattern.ts';
import { printTable } from './print.ts';

const KIND_WORDS: Readonly<Record<string, string>> = {
  r: 'table',
  v: 'view',
  m: 'materialized view',
  i: 'index',
  S: 'sequence',
  t: 'TOAST table',
  f: 'foreign table',
  p: 'partitioned table',
  I: 'partitioned index',
};
const PERSISTENCE: Readonly<Record<string, string>> = { p: 'permanent', t: 'temporary', u: 'unlogged' };

/** The letters of `\dtvmisE` and the relation kinds that they list. */
const LETTERS: Readonly<Record<string, readonly string[]>> = {
  t: ['r', 'p'],
  v: ['v'],
  m: ['m'],
  i: ['i', 'I'],
  s: ['S'],
  E: ['f'],
};

/** Whether letters after `\d` name kinds of relations: `\dt`, `\dtv`, … */
export function listsRelations(letters: string): boolean {
  return /^[tvmisE]+$/.test(letters);
}

/** `\dt`, `\di`, … and `\d` without a name. */
export async function listRelations(
  letters: string,
  request: DescribeRequest,
  context: DescribeContext,
): Promise<Described> {
  const shown = letters === '' ? 'tvmsE' : letters;
  const rows = await context.query(relationsQuery(shown, request, context));
  if (rows.rows.length === 0 && !context.quiet) {
    const error =
      request.pattern === undefined
        ? 'Did not find any relations.'
        : `Did not find any relation named "${request.pattern}".`;
    return { output: '', error, failed: false };
  }
  return { output: printTable({ ...rows, title: 'List of relations' }, context.settings), failed: false };
}

function relationsQuery(letters: string, request: DescribeRequest, context: DescribeContext): string {
  const { pattern, verbose, system } = request;
  const withSystem = system || pattern !== undefined;
  const kinds = letters.split('').flatMap((letter) => LETTERS[letter] ?? []);
  if (letters.includes('t') && withSystem) kinds.push('t');
  const indexes = letters.includes('i');
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Name', 'c.relname'],
    ['Type', words('c.relkind', KIND_WORDS)],
    ['Owner', 'pg_catalog.pg_get_userbyid(c.relowner)'],
    indexes ? ['Table', 'tab.relname'] : undefined,
    verbose ? ['Persistence', words('c.relpersistence', PERSISTENCE)] : undefined,
    verbose && /[tmi]/.test(letters) ? ['Access method', 'am.amname'] : undefined,
    verbose ? ['Size', 'pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid))'] : undefined,
    verbose ? ['Description', "pg_catalog.obj_description(c.oid, 'pg_class')"] : undefined,
  ]);
  const condition = patternCondition(pattern, RELATION, context.database);
  return `select ${columns}
from pg_catalog.pg_class c
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_am am on am.oid = c.relam
  ${indexes ? 'left join pg_catalog.pg_index i on i.indexrelid = c.oid left join pg_catalog.pg_class tab on tab.oid = i.indrelid' : ''}
where c.relkind in (${kinds.map((kind) => `'${kind}'`).join(', ')})
  ${withSystem ? '' : "and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'"}
  and ${condition}
order by 1, 2`;
}

/** How names of relations are matched. */
export const RELATION = {
  schema: 'n.nspname',
  name: 'c.relname',
  visible: 'pg_catalog.pg_table_is_visible(c.oid)',
  parts: 3,
} as const;

const COLUMN_GRANTS = `pg_catalog.array_to_string(array(
    select attname || E':\\n  ' || pg_catalog.array_to_string(attacl, E'\\n  ')
      from pg_catalog.pg_attribute
     where attrelid = c.oid and not attisdropped and attacl is not null), E'\\n')`;

const POLICIES = `pg_catalog.array_to_string(array(
    select polname
        || case when polpermissive then '' else ' (RESTRICTIVE)' end
        || case when polcmd = '*' then ':' else ' (' || polcmd::pg_catalog.text || '):' end
        || coalesce(E'\\n  (u): ' || pg_catalog.pg_get_expr(polqual, polrelid), '')
        || coalesce(E'\\n  (c): ' || pg_catalog.pg_get_expr(polwithcheck, polrelid), '')
        || case when polroles = '{0}' then '' else E'\\n  to: ' || pg_catalog.array_to_string(array(
             select rolname from pg_catalog.pg_roles where oid = any (polroles) order by 1), ', ') end
      from pg_catalog.pg_policy
     where polrelid = c.oid), E'\\n')`;

/** `\dp` and `\z`: who may do what. */
export async function listPrivileges(
  { pattern }: DescribeRequest,
  context: DescribeContext,
): Promise<Described> {
  const kinds = Object.fromEntries(Object.entries(KIND_WORDS).filter(([kind]) => !/[iIt]/.test(kind)));
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Name', 'c.relname'],
    ['Type', words('c.relkind', kinds)],
    ['Access privileges', privileges('c.relacl')],
    ['Column privileges', COLUMN_GRANTS],
    ['Policies', POLICIES],
  ]);
  const own = pattern === undefined ? "and n.nspname !~ '^pg_'" : '';
  const rows = await context.query(`select ${columns}
from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'S', 'f', 'p') ${own}
  and ${patternCondition(pattern, RELATION, context.database)}
order by 1, 2`);
  return { output: printTable({ ...rows, title: 'Access privileges' }, context.settings), failed: false };
}
