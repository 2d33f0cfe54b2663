import type { ClientBase } from 'pg';
import { qualified } from '../../ledger/sql.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Dataset, Project } from '../../project/model.ts';
import { countedTable } from '../../rollup/shape.ts';

/**
 * Analyses the dataset's partitions and rollups that never were, or have more than doubled since: until then the planner
 * guesses, and wrong row counts are shown. Later ones are autovacuum's. Outside the publish, because it is of no consequence when it fails.
 */
export async function analyzeNew(client: ClientBase, project: Project, dataset: Dataset): Promise<void> {
  const affected = affectedDerived(project, [dataset.name]);
  const rollups = project.rollups.filter((rollup) => affected.has(rollup.name));
  const relations = [dataset.table, ...rollups.map((rollup) => countedTable(project.name, rollup.name))];
  const found = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name
       FROM unnest($1::text[]) AS wanted
      CROSS JOIN LATERAL (SELECT to_regclass(wanted) AS oid UNION SELECT relid FROM pg_partition_tree(to_regclass(wanted))) AS parts
       JOIN pg_class c ON c.oid = parts.oid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0
        AND (c.reltuples < 0 OR pg_relation_size(c.oid) > 2 * c.relpages::bigint * current_setting('block_size')::bigint)
        AND pg_has_role(c.relowner, 'MEMBER')`,
    [relations.map(qualified)],
  );
  for (const relation of found.rows) await client.query(`ANALYZE ${qualified(relation)}`);
}
