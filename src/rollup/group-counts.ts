import type { ClientBase } from 'pg';
import { match } from '../ledger/matching.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import type { RelationName } from '../project/model.ts';
import { additiveColumns, countedColumns, groupedRows } from './aggregate.ts';
import { boundedParent, hasOwnParent, inBuckets } from './bounds.ts';
import type { Delta, DeltaContext } from './delta.ts';
import { mayBeNaN, SUPPORT, type MeasureShape, type RollupShape } from './shape.ts';

/** Adds a delta to the groups of a rollup that counts its rows; what cannot be added up is taken anew. */
export async function addToGroups(context: DeltaContext, delta: Delta): Promise<void> {
  const { shape, table, buckets, onlyAdded } = delta;
  const within = inBuckets(shape, 'r', buckets);
  await addUp(context.client, shape, table, within);
  const others = shape.measures.filter(({ additive }) => !additive);
  const touched = onlyAdded ? olderGroups(shape, table, within) : qualified(table);
  await recompute(context, shape, others, touched, buckets);
  await recomputeNaN(context, shape, table, buckets);
}

/** Adds the change to the groups it touches; a group comes with its first row and goes with its last. */
async function addUp(
  client: ClientBase,
  shape: RollupShape,
  delta: RelationName,
  within: string,
): Promise<void> {
  const names = countedColumns(shape);
  const set = additiveColumns(shape).map((name) => `${ident(name)} = r.${ident(name)} + d.${ident(name)}`);
  const support = ident(SUPPORT);
  // In the order of the index, or rows that cannot match are read until one does.
  const there = await client.query(
    `SELECT FROM ${qualified(shape.table)} r WHERE ${within} ORDER BY r.${ident(shape.rollup.bucket.group)} LIMIT 1`,
  );
  if (there.rowCount === 0) {
    await client.query(
      `INSERT INTO ${qualified(shape.table)} (${columns(names)}) SELECT ${columns(names)} FROM ${qualified(delta)} WHERE ${support} > 0`,
    );
    return;
  }
  await client.query(
    `MERGE INTO ${qualified(shape.table)} r USING ${qualified(delta)} d ON ${match('r', 'd', shape.groups)} AND ${within}
       WHEN MATCHED AND r.${support} + d.${support} <= 0 THEN DELETE
       WHEN MATCHED THEN UPDATE SET ${set.join(', ')}
       WHEN NOT MATCHED AND d.${support} > 0 THEN INSERT (${columns(names)}) VALUES (${columns(names, 'd')})`,
  );
}

/** The groups of a delta that were there before it was added: those that it did not make support alone. */
function olderGroups(shape: RollupShape, delta: RelationName, within: string): string {
  const support = ident(SUPPORT);
  return `(SELECT d.* FROM ${qualified(delta)} d WHERE EXISTS (SELECT FROM ${qualified(shape.table)} r
      WHERE ${match('r', 'd', shape.groups)} AND ${within} AND r.${support} <> d.${support}))`;
}

/**
 * What cannot be added up (smallest, greatest, picked, rounded) is taken anew from the parent's rows, for the groups
 * that `touched` gives as a table or subquery.
 */
async function recompute(
  { client, project }: DeltaContext,
  shape: RollupShape,
  measures: readonly MeasureShape[],
  touched: string,
  buckets: readonly string[],
): Promise<void> {
  if (measures.length === 0) return;
  const own = await hasOwnParent(client, project, shape.rollup);
  const numbered = shape.groups.map((group, at) => ({ ...group, name: `_g${at}` }));
  const computed = shape.rollup.groups.map(({ sql, type }, at) => `(${sql})::${type} AS _g${at}`).join(', ');
  const named = shape.groups.map(({ name }, at) => `${ident(name)} AS _g${at}`).join(', ');
  const rows = `(SELECT * FROM (SELECT *, ${computed} FROM ${boundedParent(project, shape, buckets, own)} AS bounded) g
     WHERE EXISTS (SELECT FROM (SELECT ${named} FROM ${touched} AS touched) d WHERE ${match('d', 'g', numbered)}))`;
  const set = measures.map(({ name }) => `${ident(name)} = w.${ident(name)}`).join(', ');
  await client.query(
    `UPDATE ${qualified(shape.table)} r SET ${set} FROM (${groupedRows(shape, rows)}) w
      WHERE ${match('r', 'w', shape.groups)} AND ${inBuckets(shape, 'r', buckets)}`,
  );
}

/** From NaN nothing can be subtracted: groups whose sum is NaN now may have lost the row that made it so. */
async function recomputeNaN(
  context: DeltaContext,
  shape: RollupShape,
  delta: RelationName,
  buckets: readonly string[],
): Promise<void> {
  const sums = shape.measures.filter(mayBeNaN);
  if (sums.length === 0) return;
  const isNaN = sums.map(({ name }) => `r.${ident(name)} = 'NaN'`).join(' OR ');
  const touched = `(SELECT d.* FROM ${qualified(delta)} d JOIN ${qualified(shape.table)} r
      ON ${match('r', 'd', shape.groups)} AND ${inBuckets(shape, 'r', buckets)} AND (${isNaN}))`;
  const found = await context.client.query(`SELECT FROM ${touched} AS touched LIMIT 1`);
  if (found.rowCount !== 0) await recompute(context, shape, sums, touched, buckets);
}
