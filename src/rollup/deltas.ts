import type { ClientBase } from 'pg';
import { readOwed, recordRefresh, WHOLE, type OwedBuckets } from '../ledger/derived.ts';
import { match } from '../ledger/matching.ts';
import { relationState } from '../ledger/relations.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import type { Project, RelationName, Rollup } from '../project/model.ts';
import { setForDataset } from '../ledger/transaction.ts';
import { countedColumns, deltaRows, groupedRows } from './aggregate.ts';
import { boundedParent, inBuckets } from './bounds.ts';
import { rollupHash } from './ensure.ts';
import {
  bucketText,
  logicalRows,
  rollupShape,
  rollupsOver,
  SUPPORT,
  valuesColumn,
  workTable,
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
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(delta)} AS SELECT d.*, ${bucketText(shape, 'd')} AS _bucket
       FROM (${deltaRows(shape, qualified(change.added), qualified(change.removed))}) d`,
  );
  await client.query(`DELETE FROM ${qualified(delta)} WHERE _bucket = ANY ($1)`, [leftAlone]);
  await client.query(`ANALYZE ${qualified(delta)}`);
  const buckets = await bucketsOf(client, delta);
  if (buckets.length > 0) {
    const within = inBuckets(shape, 'r', buckets);
    const touched = `${within} AND EXISTS (SELECT FROM ${qualified(delta)} d WHERE ${match('d', 'r', shape.groups)})`;
    await withTransitions(context, shape, touched, owed, async () => {
      await upsert(client, shape, delta);
      await removeEmpty(client, shape, delta, within);
      if (shape.measures.some(({ extreme }) => extreme))
        await recomputeExtremes(context, shape, delta, buckets);
    });
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

async function upsert(client: ClientBase, shape: RollupShape, delta: RelationName): Promise<void> {
  const names = countedColumns(shape);
  const sums = [
    SUPPORT,
    ...shape.measures
      .filter(({ extreme }) => !extreme)
      .flatMap(({ name, measure }) => (measure.kind === 'sum' ? [name, valuesColumn(name)] : [name])),
  ];
  const set = sums.map((name) => `${ident(name)} = r.${ident(name)} + excluded.${ident(name)}`).join(', ');
  await client.query(
    `INSERT INTO ${qualified(shape.table)} AS r (${columns(names)}) SELECT ${columns(names)} FROM ${qualified(delta)}
     ON CONFLICT (${columns(shape.groups.map(({ name }) => name))}) DO UPDATE SET ${set}`,
  );
}

async function removeEmpty(
  client: ClientBase,
  shape: RollupShape,
  delta: RelationName,
  within: string,
): Promise<void> {
  await client.query(
    `DELETE FROM ${qualified(shape.table)} r USING ${qualified(delta)} d
      WHERE d.${ident(SUPPORT)} <= 0 AND r.${ident(SUPPORT)} = 0 AND ${match('r', 'd', shape.groups)} AND ${within}`,
  );
}

/** Smallest, greatest and picked values cannot be added up: touched groups take them from the parent's rows anew. */
async function recomputeExtremes(
  { client, project }: DeltaContext,
  shape: RollupShape,
  delta: RelationName,
  buckets: readonly string[],
): Promise<void> {
  const own = await hasOwnParent(client, project, shape.rollup);
  const numbered = shape.groups.map((group, at) => ({ ...group, name: `_g${at}` }));
  const computed = shape.rollup.groups.map(({ sql, type }, at) => `(${sql})::${type} AS _g${at}`).join(', ');
  const named = shape.groups.map(({ name }, at) => `${ident(name)} AS _g${at}`).join(', ');
  const rows = `(SELECT * FROM (SELECT *, ${computed} FROM ${boundedParent(project, shape, buckets, own)} AS bounded) g
     WHERE EXISTS (SELECT FROM (SELECT ${named} FROM ${qualified(delta)}) d WHERE ${match('d', 'g', numbered)}))`;
  const extremes = shape.measures.filter(({ extreme }) => extreme).map(({ name }) => name);
  const set = extremes.map((name) => `${ident(name)} = w.${ident(name)}`).join(', ');
  await client.query(
    `UPDATE ${qualified(shape.table)} r SET ${set} FROM (${groupedRows(shape, rows)}) w
      WHERE ${match('r', 'w', shape.groups)} AND ${inBuckets(shape, 'r', buckets)}`,
  );
}

/** Whether a rollup's rows come from a table that dayboard made. */
export async function hasOwnParent(client: ClientBase, project: Project, rollup: Rollup): Promise<boolean> {
  const dataset = project.datasets.find(({ name }) => name === rollup.over);
  return (
    dataset === undefined || (await relationState(client, project.name, dataset.table)).owner !== 'foreign'
  );
}
