import type pg from 'pg';
import { ident } from '../../../src/ledger/sql.ts';

/** Everything in a database that a script can have left there, one thing a line, in an order of its own. */
const CATALOG = `
with own as (select oid, nspname, nspacl from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')
select format('schema %s %s', nspname, nspacl) from own
union all
select format('relation %s.%s %s %s %s %s', n.nspname, c.relname, c.relkind, c.relpersistence, c.relacl,
    obj_description(c.oid, 'pg_class')) from pg_class c join own n on n.oid = c.relnamespace
union all
select format('column %s.%s.%s %s %s %s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  from pg_attribute a join pg_class c on c.oid = a.attrelid join own n on n.oid = c.relnamespace
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attnum > 0
union all
select format('constraint %s %s %s', n.nspname, k.conname, pg_get_constraintdef(k.oid))
  from pg_constraint k join own n on n.oid = k.connamespace
union all
select format('index %s', pg_get_indexdef(i.indexrelid)) from pg_index i join pg_class c on c.oid = i.indexrelid
  join own n on n.oid = c.relnamespace
union all
select format('view %s.%s %s', n.nspname, c.relname, pg_get_viewdef(c.oid)) from pg_class c
  join own n on n.oid = c.relnamespace where c.relkind in ('v', 'm')
union all
select format('function %s.%s(%s) %s', n.nspname, p.proname, pg_get_function_arguments(p.oid),
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))
  from pg_proc p join own n on n.oid = p.pronamespace
union all
select format('trigger %s', pg_get_triggerdef(t.oid)) from pg_trigger t where not t.tgisinternal
union all
select format('rule %s', pg_get_ruledef(r.oid)) from pg_rewrite r join pg_class c on c.oid = r.ev_class
  join own n on n.oid = c.relnamespace where r.rulename <> '_RETURN'
union all
select format('type %s.%s %s', n.nspname, t.typname, t.typtype) from pg_type t join own n on n.oid = t.typnamespace
union all
select format('sequence %s.%s %s', s.schemaname, s.sequencename, s.last_value) from pg_sequences s
order by 1`;

const TABLES = `
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relispopulated and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1`;

const SCHEMAS = `select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'`;

/** The catalog and all rows of a database, as lines. */
export async function databaseState(client: pg.Client): Promise<string[]> {
  const catalog = await client.query<[string]>({ text: CATALOG, rowMode: 'array' });
  const tables = await client.query<{ name: string }>(TABLES);
  const rows = tables.rows.map(
    ({ name }) => `select '${name.replaceAll("'", "''")} ' || t::text from ${name} as t`,
  );
  if (rows.length === 0) return catalog.rows.map(([line]) => line);
  const found = await client.query<[string]>({
    text: `${rows.join(' union all ')} order by 1`,
    rowMode: 'array',
  });
  return [...catalog.rows, ...found.rows].map(([line]) => line);
}

/** Empties a database of everything that `databaseState` tells of, and fills it again. */
export async function refill(client: pg.Client, template: string): Promise<void> {
  const schemas = await client.query<{ name: string }>(SCHEMAS);
  const drops = schemas.rows.map(({ name }) => `drop schema ${ident(name)} cascade;`).join(' ');
  await client.query(`set client_min_messages = warning; ${drops} create schema public; ${template}`);
}
