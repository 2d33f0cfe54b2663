import {
  type DescribeContext,
  type DescribeRequest,
  privileges,
  selectList,
  words,
} from './describe-context.ts';
import { typePattern, typeTarget } from './describe-types.ts';
import { patternCondition } from './pattern.ts';

const FUNCTION = {
  schema: 'n.nspname',
  name: 'p.proname',
  visible: 'pg_catalog.pg_function_is_visible(p.oid)',
  parts: 3,
} as const;

const OWN = "n.nspname not in ('pg_catalog', 'information_schema')";
const TRIGGER = "p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype";

/** The letters after `\df` and what they list; `n`, normal, is what none of them is. */
const KINDS: Readonly<Record<string, string>> = {
  a: "p.prokind = 'a'",
  p: "p.prokind = 'p'",
  t: TRIGGER,
  w: "p.prokind = 'w'",
};

/** `\df` and `\dfa`, `\dfn`, …, with patterns for the name and the argument types. */
export function functionsQuery(request: DescribeRequest, { database }: DescribeContext): string {
  const { pattern, verbose, system, moreArguments } = request;
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Name', 'p.proname'],
    ['Result data type', 'pg_catalog.pg_get_function_result(p.oid)'],
    ['Argument data types', 'pg_catalog.pg_get_function_arguments(p.oid)'],
    [
      'Type',
      "case p.prokind when 'a' then 'agg' when 'w' then 'window' when 'p' then 'proc' else 'func' end",
    ],
    ...(verbose ? verboseColumns : []),
  ]);
  const conditions = [
    kindCondition(request.kind.slice(1)),
    patternCondition(pattern, FUNCTION, database),
    system || pattern !== undefined ? 'true' : OWN,
    ...moreArguments.map((argument, at) => argumentCondition(argument, at, database)),
  ];
  return `select ${columns}
from pg_catalog.pg_proc p
  left join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  left join pg_catalog.pg_language l on l.oid = p.prolang
where ${conditions.join('\n  and ')}
order by 1, 2, 4`;
}

const verboseColumns = [
  ['Volatility', words('p.provolatile', { i: 'immutable', s: 'stable', v: 'volatile' })],
  ['Parallel', words('p.proparallel', { r: 'restricted', s: 'safe', u: 'unsafe' })],
  ['Owner', 'pg_catalog.pg_get_userbyid(p.proowner)'],
  ['Security', "case when p.prosecdef then 'definer' else 'invoker' end"],
  ['Access privileges', privileges('p.proacl')],
  ['Language', 'l.lanname'],
  ['Source code', 'coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)'],
  ['Description', "pg_catalog.obj_description(p.oid, 'pg_proc')"],
] as const;

function kindCondition(letters: string): string {
  if (letters === '') return 'true';
  const entries = Object.entries(KINDS);
  if (letters.includes('n')) {
    const left = entries
      .filter(([letter]) => !letters.includes(letter))
      .map(([, condition]) => `not ${condition}`);
    return left.length === 0 ? 'true' : left.join(' and ');
  }
  return `(${entries
    .filter(([letter]) => letters.includes(letter))
    .map(([, each]) => each)
    .join(' or ')})`;
}

/** The argument at a position is of a type that matches; `-` means that there is none. */
function argumentCondition(argument: string, at: number, database: string): string {
  if (argument === '-') return `p.pronargs <= ${at}`;
  return `exists (select from pg_catalog.pg_type t
      left join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
      where t.oid = p.proargtypes[${at}] and ${patternCondition(typePattern(argument), typeTarget('t', 'tn'), database)})`;
}

/** `\da`: aggregates. */
export function aggregatesQuery({ pattern, system }: DescribeRequest, { database }: DescribeContext): string {
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Name', 'p.proname'],
    ['Result data type', 'pg_catalog.format_type(p.prorettype, null)'],
    [
      'Argument data types',
      "case when p.pronargs = 0 then '*' else pg_catalog.pg_get_function_arguments(p.oid) end",
    ],
    ['Description', "pg_catalog.obj_description(p.oid, 'pg_proc')"],
  ]);
  return `select ${columns}
from pg_catalog.pg_proc p left join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prokind = 'a' and ${system || pattern !== undefined ? 'true' : OWN}
  and ${patternCondition(pattern, FUNCTION, database)}
order by 1, 2, 4`;
}
