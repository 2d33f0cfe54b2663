import { literal } from '../../ledger/sql.ts';
import type { Dependent } from './dependents.ts';

/**
 * Statements after which the next refresh builds dayboard's own materialized views anew: what they were made from has
 * another name now. Until then they show what they showed.
 */
export function rebuildSql(project: string, views: readonly Dependent[]): string[] {
  const of = literal(project);
  return views.flatMap(({ oid }) => [
    `UPDATE dayboard.relation SET definition_hash = 'of another table' WHERE project = ${of} AND relation_oid = ${oid}`,
    `INSERT INTO dayboard.owed (project, name, bucket, why)
     SELECT project, owner, 'all', 'What it reads was taken over.' FROM dayboard.relation WHERE project = ${of} AND relation_oid = ${oid}
     ON CONFLICT (project, name, bucket) DO UPDATE SET since = clock_timestamp()`,
  ]);
}
