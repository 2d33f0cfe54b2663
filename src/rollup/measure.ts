import type { Queryable } from '../ledger/client.ts';
import { ident, qualified } from '../ledger/sql.ts';
import type { Aggregate, Dataset, Day, Project, RelationName, Rollup, View } from '../project/model.ts';
import { lastDay, periodOf } from '../project/period.ts';
import { bucketText, countedTable, rollupShape } from './shape.ts';

/** How far a relation reaches, and how large it is. */
export interface Measurement {
  /** The newest day inside; undefined when it is empty or does not say. */
  through?: Day;
  /** The planner's estimate. */
  rows: number;
  /** With indexes and partitions. */
  bytes: number;
}

/** Measures a dataset's raw table by the column that its freshness names. */
export async function measureDataset(client: Queryable, dataset: Dataset): Promise<Measurement> {
  const column = dataset.table.columns.find((each) => each.name === dataset.freshness?.column);
  const value =
    column === undefined ? 'NULL' : `(SELECT max(${ident(column.name)}) FROM ${qualified(dataset.table)})`;
  const local =
    column !== undefined && /^timestamp( with|tz)/i.test(column.type)
      ? `${value} AT TIME ZONE '${dataset.timeZone.replaceAll("'", "''")}'`
      : value;
  return measure(client, dataset.table, column === undefined ? 'NULL' : `to_char(${local}, 'YYYY-MM-DD')`);
}

/** Measures a rollup by its buckets. */
export function measureRollup(client: Queryable, project: Project, rollup: Rollup): Promise<Measurement> {
  const shape = rollupShape(project, rollup);
  const { group } = rollup.bucket;
  const newest = `(SELECT ${ident(group)} FROM ${qualified(shape.table)} WHERE ${ident(group)} IS NOT NULL ORDER BY ${ident(group)} DESC LIMIT 1)`;
  return measure(
    client,
    countedTable(project.name, rollup.name),
    `(SELECT nullif(${bucketText(shape)}, '') FROM (SELECT ${newest} AS ${ident(group)}) newest)`,
  );
}

/** Measures an aggregate: all its tables where each period has its own. */
export async function measureAggregate(
  client: Queryable,
  project: Project,
  aggregate: Aggregate,
): Promise<Measurement> {
  if (aggregate.column !== undefined) {
    const { table, column, period } = aggregate;
    const newest = `(SELECT to_char(max(${ident(column)}), 'YYYY-MM-DD') FROM ${qualified(table)})`;
    const { through, ...size } = await measure(client, table, newest);
    return through === undefined ? size : { ...size, through: lastDay(periodOf(through, period)).toString() };
  }
  const found = await client.query<{ rows: string; bytes: string }>(
    `SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint AS rows,
            coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
       FROM dayboard.relation r JOIN pg_class c ON c.oid = r.relation_oid
      WHERE r.project = $1 AND r.owner = $2 AND r.kind = 'aggregate'`,
    [project.name, aggregate.name],
  );
  const row = found.rows[0] as { rows: string; bytes: string };
  return { rows: Number(row.rows), bytes: Number(row.bytes) };
}

/** Measures a plain view by its `through` expression. */
export function measureView(client: Queryable, view: View): Promise<Measurement> {
  return measure(
    client,
    view,
    view.through === undefined
      ? 'NULL'
      : `(SELECT to_char((${view.through})::date, 'YYYY-MM-DD') FROM ${qualified(view)})`,
  );
}

async function measure(client: Queryable, relation: RelationName, through: string): Promise<Measurement> {
  const found = await client.query<{ through: string | null; rows: string; bytes: string }>(
    `SELECT ${through} AS through, sizes.rows, sizes.bytes
       FROM (SELECT coalesce(sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind <> 'p'), 0)::bigint AS rows,
                    coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
               FROM pg_class c
              WHERE c.oid = $1::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree($1::regclass))) sizes`,
    [qualified(relation)],
  );
  const row = found.rows[0] as { through: string | null; rows: string; bytes: string };
  return {
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    ...(row.through === null ? {} : { through: row.through }),
  };
}
