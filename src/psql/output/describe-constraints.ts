import type { DescribeContext } from './describe-context.ts';
import type { Relation } from './describe-relation.ts';

/** Below a table: its checks, its foreign keys, and those that point to it. */
export async function constraintFooters(relation: Relation, context: DescribeContext): Promise<string[]> {
  const keys = relation.hasTriggers || relation.kind === 'p';
  return [
    ...(relation.hasChecks ? await checks(relation, context) : []),
    ...(keys ? await foreignKeys(relation, context) : []),
    ...(keys ? await referencing(relation, context) : []),
  ];
}

async function checks({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select conname, pg_catalog.pg_get_constraintdef(oid, true)
from pg_catalog.pg_constraint where conrelid = ${oid} and contype = 'c' order by 1`);
  const lines = rows.map(([name, definition]) => `    "${name ?? ''}" ${definition ?? ''}`);
  return lines.length === 0 ? [] : ['Check constraints:', ...lines];
}

/** Of a partition also those that it has from the tables that it is a part of. */
async function foreignKeys(
  { oid, kind, isPartition }: Relation,
  context: DescribeContext,
): Promise<string[]> {
  const own = `conrelid = ${oid}`;
  const tables =
    kind === 'p' || isPartition
      ? `conrelid in (select relid from pg_catalog.pg_partition_ancestors(${oid}))`
      : own;
  const { rows } = await context.query(`select ${own}, conname, pg_catalog.pg_get_constraintdef(oid, true),
  conrelid::pg_catalog.regclass
from pg_catalog.pg_constraint where ${tables} and contype = 'f' and conparentid = 0
order by ${own} desc, conname`);
  const lines = rows.map(([same, name, definition, table]) =>
    same === 't'
      ? `    "${name ?? ''}" ${definition ?? ''}`
      : `    TABLE "${table ?? ''}" CONSTRAINT "${name ?? ''}" ${definition ?? ''}`,
  );
  return lines.length === 0 ? [] : ['Foreign-key constraints:', ...lines];
}

async function referencing({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select conname, conrelid::pg_catalog.regclass,
  pg_catalog.pg_get_constraintdef(oid, true)
from pg_catalog.pg_constraint
where confrelid in (select pg_catalog.pg_partition_ancestors(${oid}) union all values (${oid}::pg_catalog.regclass))
  and contype = 'f' and conparentid = 0
order by conname`);
  const lines = rows.map(
    ([name, table, definition]) =>
      `    TABLE "${table ?? ''}" CONSTRAINT "${name ?? ''}" ${definition ?? ''}`,
  );
  return lines.length === 0 ? [] : ['Referenced by:', ...lines];
}
