import type { DescribeContext } from './describe-context.ts';
import type { Relation } from './describe-relation.ts';

/** Of a partition: whose, and which rows it holds. */
export async function partitionFooters(
  { oid }: Relation,
  verbose: boolean,
  context: DescribeContext,
): Promise<string[]> {
  const { rows } = await context.query(`select i.inhparent::pg_catalog.regclass,
  pg_catalog.pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending
  ${verbose ? ', pg_catalog.pg_get_partition_constraintdef(c.oid)' : ''}
from pg_catalog.pg_class c join pg_catalog.pg_inherits i on i.inhrelid = c.oid
where c.oid = ${oid}`);
  return rows.flatMap(([parent, bound, detaching, constraint]) => {
    const line = `Partition of: ${parent ?? ''} ${bound ?? ''}${detaching === 't' ? ' DETACH PENDING' : ''}`;
    if (!verbose) return [line];
    const holds =
      constraint === null || constraint === ''
        ? 'No partition constraint'
        : `Partition constraint: ${constraint ?? ''}`;
    return [line, holds];
  });
}

/** The tables that a table inherits from. */
export async function parentFooters({ oid }: Relation, context: DescribeContext): Promise<string[]> {
  const { rows } = await context.query(`select c.oid::pg_catalog.regclass
from pg_catalog.pg_class c join pg_catalog.pg_inherits i on i.inhparent = c.oid
where i.inhrelid = ${oid} and c.relkind not in ('p', 'I') order by i.inhseqno`);
  return listed(
    'Inherits',
    rows.map(([name]) => name ?? ''),
  );
}

/** Partitions or child tables: listed when verbose, else counted. */
export async function childFooters(
  { oid, kind }: Relation,
  verbose: boolean,
  context: DescribeContext,
): Promise<string[]> {
  const { rows } = await context.query(`select c.oid::pg_catalog.regclass, c.relkind, i.inhdetachpending,
  pg_catalog.pg_get_expr(c.relpartbound, c.oid)
from pg_catalog.pg_class c join pg_catalog.pg_inherits i on i.inhrelid = c.oid
where i.inhparent = ${oid}
order by pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', c.oid::pg_catalog.regclass::pg_catalog.text`);
  const partitioned = kind === 'p' || kind === 'I';
  const count = rows.length;
  if (partitioned && count === 0) return ['Number of partitions: 0'];
  if (count === 0) return [];
  if (!verbose)
    return [`Number of ${partitioned ? 'partitions' : 'child tables'}: ${count} (Use \\d+ to list them.)`];
  return listed(partitioned ? 'Partitions' : 'Child tables', rows.map(childText));
}

function childText([name, kind, detaching, bound]: ReadonlyArray<string | null>): string {
  return [
    name ?? '',
    bound === null || bound === undefined ? '' : ` ${bound}`,
    kind === 'p' || kind === 'I' ? ', PARTITIONED' : kind === 'f' ? ', FOREIGN' : '',
    detaching === 't' ? ' (DETACH PENDING)' : '',
  ].join('');
}

/** A heading with its entries one below the other. */
function listed(heading: string, entries: readonly string[]): string[] {
  const indent = ' '.repeat(heading.length + 2);
  return entries.map((entry, at) => {
    const comma = at < entries.length - 1 ? ',' : '';
    return `${at === 0 ? `${heading}: ` : indent}${entry}${comma}`;
  });
}
