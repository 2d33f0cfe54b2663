import type { ClientBase } from 'pg';
import { readOwed, recordRefresh, WHOLE, type OwedBuckets } from '../ledger/derived.ts';
import { match } from '../ledger/matching.ts';
import { relationState } from '../ledger/relations.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import type { Project, RelationName, Rollup } from '../project/model.ts';
import { setForDataset } from '../ledger/transaction.ts';
import { additiveColumns, countedColumns, deltaRows, groupedRows } from './aggregate.ts';
import { boundedParent, inBuckets } from './bounds.ts';
import { rollupHash } from './ensure.ts';
import {
  bucketText,
  logicalRows,
  mayBeNaN,
  rollupShape,
  rollupsOver,
  SUPPORT,
  workTable,
  type MeasureShape,
  type RollupShape,
} from './shape.ts';

/** Rows that came and rows that went, of a raw table or of a rollup. */
export interface RowChange {
  added: RelationName;
  removed: RelationName;
}

export interface DeltaContext {
  client: ClientBase;
  project: Project;
  run: string;
}

/**
 * Carries a change of a dataset's raw rows into every rollup over it, and on into the rollups over those, in the
 * caller's transaction, after the raw table has changed. Buckets that are owed are left alone: whoever recomputes them
 * reads everything.
 */
export async function applyDeltas(context: DeltaContext, over: string, change: RowChange): Promise<void> {
  const owed = await readOwed(context.client, context.project.name);
  await cascade(context, over, change, owed);
}

async function cascade(
  context: DeltaContext,
  over: string,
  change: RowChange,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<void> {
  for (const rollup of rollupsOver(context.project, over)) {
    const left = owed.get(rollup.name)?.buckets ?? [];
    if (left.includes(WHOLE)) continue;
    await applyTo(context, rollup, change, left, owed);
  }
}

async function applyTo(
  context: DeltaContext,
  rollup: Rollup,
  change: RowChange,
  leftAlone: readonly string[],
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<void> {
  const { client, project, run } = context;
  const shape = rollupShape(project, rollup);
  const delta = workTable(rollup, run, 'delta');
  await setForDataset(client, rollup);
  const went = await client.query(`SELECT FROM ${qualified(change.removed)} LIMIT 1`);
  const removed = went.rowCount === 0 ? undefined : qualified(change.removed);
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(delta)} AS SELECT d.*, ${bucketText(shape, 'd')} AS _bucket
       FROM (${deltaRows(shape, qualified(change.added), removed)}) d`,
  );
  await client.query(`DELETE FROM ${qualified(delta)} WHERE _bucket = ANY ($1)`, [leftAlone]);
  await client.query(`ANALYZE ${qualified(delta)}`);
  const buckets = await bucketsOf(client, delta);
  if (buckets.length > 0) {
    const within = inBuckets(shape, 'r', buckets);
    const change = async (): Promise<void> => {
      await addUp(client, shape, delta, within);
      const others = shape.measures.filter(({ additive }) => !additive);
      const touched = removed === undefined ? olderGroups(shape, delta, within) : qualified(delta);
      await recompute(context, shape, others, touched, buckets);
      await recomputeNaN(context, shape, delta, buckets);
    };
    if (rollupsOver(project, rollup.name).length === 0) await change();
    else if (shape.measures.length === 0) await withAppearances(context, shape, delta, within, owed, change);
    else {
      const touched = `${within} AND EXISTS (SELECT FROM ${qualified(delta)} d WHERE ${match('d', 'r', shape.groups)})`;
      await withTransitions(context, shape, touched, owed, change);
    }
  }
  await client.query(`DROP TABLE ${qualified(delta)}`);
  await recordRefresh(client, project.name, {
    name: rollup.name,
    kind: 'rollup',
    definitionHash: rollupHash(project, rollup),
    run,
  });
}

async function bucketsOf(client: ClientBase, delta: RelationName): Promise<string[]> {
  const found = await client.query<{ bucket: string }>(
    `SELECT DISTINCT _bucket AS bucket FROM ${qualified(delta)}`,
  );
  return found.rows.map((row) => row.bucket);
}

/** Runs a change of a rollup's rows and hands what readers see of it (rows as they were, rows as they are) to its children. */
export async function withTransitions(
  context: DeltaContext,
  shape: RollupShape,
  touched: string,
  owed: ReadonlyMap<string, OwedBuckets>,
  change: () => Promise<void>,
): Promise<void> {
  const { client, project, run } = context;
  const { rollup } = shape;
  if (rollupsOver(project, rollup.name).length === 0) return change();
  const [before, after, gone, come] = (['before', 'after', 'gone', 'come'] as const).map((purpose) =>
    workTable(rollup, run, purpose),
  ) as [RelationName, RelationName, RelationName, RelationName];
  const rows = logicalRows(shape).replace(qualified(shape.table), `${qualified(shape.table)} AS r`);
  const save = (table: RelationName, select: string) =>
    client.query(`CREATE UNLOGGED TABLE ${qualified(table)} AS ${select}`);
  await save(before, `${rows} WHERE ${touched}`);
  await change();
  await save(after, `${rows} WHERE ${touched}`);
  await save(gone, `SELECT * FROM ${qualified(before)} EXCEPT ALL SELECT * FROM ${qualified(after)}`);
  await save(come, `SELECT * FROM ${qualified(after)} EXCEPT ALL SELECT * FROM ${qualified(before)}`);
  await cascade(context, rollup.name, { added: come, removed: gone }, owed);
  for (const table of [before, after, gone, come]) await client.query(`DROP TABLE ${qualified(table)}`);
}

/** Of a rollup without measures its children see groups come and go alone: that is known before the change is made. */
async function withAppearances(
  context: DeltaContext,
  shape: RollupShape,
  delta: RelationName,
  within: string,
  owed: ReadonlyMap<string, OwedBuckets>,
  change: () => Promise<void>,
): Promise<void> {
  const { client, run } = context;
  const { rollup, table } = shape;
  const [gone, come] = [workTable(rollup, run, 'gone'), workTable(rollup, run, 'come')];
  const support = ident(SUPPORT);
  const on = `${match('r', 'd', shape.groups)} AND ${within}`;
  const groups = columns(
    shape.groups.map(({ name }) => name),
    'd',
  );
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(come)} AS SELECT ${groups} FROM ${qualified(delta)} d
      WHERE d.${support} > 0 AND NOT EXISTS (SELECT FROM ${qualified(table)} r WHERE ${on})`,
  );
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(gone)} AS SELECT ${groups} FROM ${qualified(table)} r
       JOIN (SELECT * FROM ${qualified(delta)} WHERE ${support} < 0) d ON ${on} WHERE r.${support} + d.${support} <= 0`,
  );
  await change();
  await cascade(context, rollup.name, { added: come, removed: gone }, owed);
  for (const work of [gone, come]) await client.query(`DROP TABLE ${qualified(work)}`);
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
  const there = await client.query(`SELECT FROM ${qualified(shape.table)} r WHERE ${within} LIMIT 1`);
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

/** Whether a rollup's rows come from a table that dayboard made. */
export async function hasOwnParent(client: ClientBase, project: Project, rollup: Rollup): Promise<boolean> {
  const dataset = project.datasets.find(({ name }) => name === rollup.over);
  return (
    dataset === undefined || (await relationState(client, project.name, dataset.table)).owner !== 'foreign'
  );
}
