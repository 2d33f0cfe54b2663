import type { RelationName } from '../project/model.ts';
import type { Queryable } from './client.ts';
import { qualified } from './sql.ts';

/**
 * Bytes of tables with their partitions and indexes, by the names given to them, as of their last vacuum or analyze: the
 * catalogue alone is asked, so that a table that is locked holds nobody up. Those of which it knows nothing are left out.
 */
export async function readTableBytes(
  client: Queryable,
  tables: ReadonlyMap<string, RelationName>,
): Promise<Map<string, number>> {
  const found = await client.query<{ name: string; bytes: string }>(
    `SELECT t.name, sum((greatest(c.relpages, 0) + coalesce(toast.relpages, 0) + coalesce(i.pages, 0)) * current_setting('block_size')::bigint)::bigint AS bytes
       FROM (SELECT name, to_regclass(relation)::oid AS root FROM unnest($1::text[], $2::text[]) AS given(name, relation)) t
       CROSS JOIN LATERAL (SELECT t.root AS oid UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = t.root) part
       JOIN pg_class c ON c.oid = part.oid
       LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
       LEFT JOIN LATERAL (SELECT sum(x.relpages) AS pages FROM pg_index n JOIN pg_class x ON x.oid = n.indexrelid
                           WHERE n.indrelid = c.oid AND x.relkind = 'i') i ON true
      GROUP BY t.name HAVING sum(greatest(c.relpages, 0)) > 0`,
    [[...tables.keys()], [...tables.values()].map(qualified)],
  );
  return new Map(found.rows.map(({ name, bytes }) => [name, Number(bytes)]));
}
