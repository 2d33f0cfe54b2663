import { type DescribeContext, type DescribeRequest, privileges, selectList } from './describe-context.ts';
import { patternCondition } from './pattern.ts';

/**
 * Names that SQL takes for types and that neither the catalog nor format_type has; arrays also of those that
 * format_type calls otherwise than the catalog.
 */
const SPELLINGS: Readonly<Record<string, string>> = {
  decimal: 'numeric',
  float: 'double precision',
  int: 'integer',
  'bool[]': 'boolean[]',
  'decimal[]': 'numeric[]',
  'float[]': 'double precision[]',
  'float4[]': 'real[]',
  'float8[]': 'double precision[]',
  'int[]': 'integer[]',
  'int2[]': 'smallint[]',
  'int4[]': 'integer[]',
  'int8[]': 'bigint[]',
  'time[]': 'time without time zone[]',
  'timetz[]': 'time with time zone[]',
  'timestamp[]': 'timestamp without time zone[]',
  'timestamptz[]': 'timestamp with time zone[]',
  'varbit[]': 'bit varying[]',
  'varchar[]': 'character varying[]',
};

const OWN = "n.nspname not in ('pg_catalog', 'information_schema')";

/** A pattern for types in the catalog's words. */
export function typePattern(pattern: string): string {
  return SPELLINGS[pattern.toLowerCase()] ?? pattern;
}

/** How names of types are matched: by the catalog's name or by how SQL writes it. */
export function typeTarget(type: string, schema: string) {
  return {
    schema: `${schema}.nspname`,
    name: `${type}.typname`,
    alternative: `pg_catalog.format_type(${type}.oid, null)`,
    visible: `pg_catalog.pg_type_is_visible(${type}.oid)`,
    parts: 3,
  } as const;
}

const LABELS = `pg_catalog.array_to_string(array(
    select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder), E'\\n')`;

/** `\dT`: types that are no arrays and no rows of a table. */
export function typesQuery(
  { pattern, verbose, system }: DescribeRequest,
  { database }: DescribeContext,
): string {
  const size =
    "case when t.typrelid <> 0 then 'tuple' when t.typlen < 0 then 'var' else t.typlen::pg_catalog.text end";
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Name', 'pg_catalog.format_type(t.oid, null)'],
    verbose ? ['Internal name', 't.typname'] : undefined,
    verbose ? ['Size', size] : undefined,
    verbose ? ['Elements', LABELS] : undefined,
    verbose ? ['Owner', 'pg_catalog.pg_get_userbyid(t.typowner)'] : undefined,
    verbose ? ['Access privileges', privileges('t.typacl')] : undefined,
    ['Description', "pg_catalog.obj_description(t.oid, 'pg_type')"],
  ]);
  const arrays = pattern?.includes('[]')
    ? ''
    : 'and not exists (select from pg_catalog.pg_type el where el.oid = t.typelem and el.typarray = t.oid)';
  const asked = pattern === undefined ? undefined : typePattern(pattern);
  return `select ${columns}
from pg_catalog.pg_type t left join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where (t.typrelid = 0 or (select c.relkind = 'c' from pg_catalog.pg_class c where c.oid = t.typrelid))
  ${arrays} and ${system || pattern !== undefined ? 'true' : OWN}
  and ${patternCondition(asked, typeTarget('t', 'n'), database)}
order by 1, 2`;
}

/** `\dD`: domains. Their NOT NULL is in a column of its own, also where the server keeps it as a constraint (17). */
export function domainsQuery(
  { pattern, verbose, system }: DescribeRequest,
  { database }: DescribeContext,
): string {
  const collation = `(select c.collname from pg_catalog.pg_collation c, pg_catalog.pg_type base
    where c.oid = t.typcollation and base.oid = t.typbasetype and t.typcollation <> base.typcollation)`;
  const checks = `pg_catalog.array_to_string(array(
    select pg_catalog.pg_get_constraintdef(r.oid, true) from pg_catalog.pg_constraint r
     where r.contypid = t.oid and r.contype = 'c' order by r.conname), ' ')`;
  const columns = selectList([
    ['Schema', 'n.nspname'],
    ['Name', 't.typname'],
    ['Type', 'pg_catalog.format_type(t.typbasetype, t.typtypmod)'],
    ['Collation', collation],
    ['Nullable', "case when t.typnotnull then 'not null' end"],
    ['Default', 't.typdefault'],
    ['Check', checks],
    verbose ? ['Access privileges', privileges('t.typacl')] : undefined,
    verbose ? ['Description', "pg_catalog.obj_description(t.oid, 'pg_type')"] : undefined,
  ]);
  const target = {
    schema: 'n.nspname',
    name: 't.typname',
    visible: 'pg_catalog.pg_type_is_visible(t.oid)',
    parts: 3,
  } as const;
  return `select ${columns}
from pg_catalog.pg_type t left join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype = 'd' and ${system || pattern !== undefined ? 'true' : OWN}
  and ${patternCondition(pattern, target, database)}
order by 1, 2`;
}
