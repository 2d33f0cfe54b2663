import type { ClientBase } from 'pg';
import type { OwedBuckets } from '../ledger/derived.ts';
import { match } from '../ledger/matching.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import type { RelationName } from '../project/model.ts';
import {
  additiveColumns,
  CAME,
  countedColumns,
  deltaRows,
  groupedRows,
  lostColumn,
  WENT,
  where,
} from './aggregate.ts';
import { boundedParent, bucketOfDay, hasOwnParent, inBuckets } from './bounds.ts';
import { bucketsOfGroups, bucketsOfRows, isEmpty } from './buckets.ts';
import type { DeltaContext, EmptiedDelta, FreshDelta, GroupDelta, RowChange } from './delta.ts';
import {
  bucketText,
  mayBeNaN,
  rollupsOver,
  SUPPORT,
  workTable,
  type MeasureShape,
  type RollupShape,
} from './shape.ts';

/**
 * The change of a rollup whose touched buckets are empty; undefined when they are not, when rows go, or when rollups over
 * it must hear of each group.
 */
export async function freshGroups(
  { client, project }: DeltaContext,
  shape: RollupShape,
  { added, removed, day }: RowChange,
): Promise<FreshDelta | undefined> {
  if (rollupsOver(project, shape.rollup.name).length > 0 || !(await isEmpty(client, removed)))
    return undefined;
  const buckets = await bucketsOfRows({ client, project }, shape, added, day);
  if (await hasGroups(client, shape, buckets)) return undefined;
  const value = day === undefined ? undefined : bucketOfDay(project, shape, day)?.value;
  return { kind: 'fresh', shape, added, value, buckets };
}

/** The change of a rollup from whose touched buckets every row goes; undefined when some stay. */
async function emptiedBuckets(
  { client, project }: DeltaContext,
  shape: RollupShape,
  { added, removed, day }: RowChange,
): Promise<EmptiedDelta | undefined> {
  if (rollupsOver(project, shape.rollup.name).length > 0 || !(await isEmpty(client, added))) return undefined;
  const buckets = await bucketsOfRows({ client, project }, shape, removed, day);
  const found = await client.query<{ all: boolean }>(
    `SELECT (SELECT count(*) FROM ${qualified(removed)} AS rows${where(shape)})
          = (SELECT sum(r.${ident(SUPPORT)}) FROM ${qualified(shape.table)} r WHERE ${inBuckets(shape, 'r', buckets)}) AS all`,
  );
  return found.rows[0]?.all === true ? { kind: 'emptied', shape, buckets } : undefined;
}

/** What a change of rows does to a rollup that counts them, before it is made. */
export async function computeGroups(
  context: DeltaContext,
  shape: RollupShape,
  change: RowChange,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<GroupDelta | EmptiedDelta> {
  const { client, run } = context;
  const { rollup } = shape;
  const leftAlone = owed.get(rollup.name)?.buckets ?? [];
  const emptied = leftAlone.length === 0 ? await emptiedBuckets(context, shape, change) : undefined;
  if (emptied !== undefined) return emptied;
  const onlyAdded = await isEmpty(client, change.removed);
  const table = workTable(rollup, run, 'delta');
  await client.query(`DROP TABLE IF EXISTS ${qualified(table)}`);
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(table)} AS ${deltaRows(shape, qualified(change.added), onlyAdded ? undefined : qualified(change.removed))}`,
  );
  if (leftAlone.length > 0)
    await client.query(`DELETE FROM ${qualified(table)} d WHERE ${bucketText(shape, 'd')} = ANY ($1)`, [
      leftAlone,
    ]);
  // Its joins are of whole tables: their sizes are all that the planner must know.
  await client.query(`ANALYZE ${qualified(table)} (${ident(rollup.bucket.group)})`);
  return { kind: 'groups', shape, table, buckets: await bucketsOfGroups(client, shape, table), onlyAdded };
}

/** In the order of the index, or rows that cannot match are read until one does. */
async function hasGroups(
  client: ClientBase,
  shape: RollupShape,
  buckets: readonly string[],
): Promise<boolean> {
  const found = await client.query(
    `SELECT FROM ${qualified(shape.table)} r WHERE ${inBuckets(shape, 'r', buckets)} ORDER BY r.${ident(shape.rollup.bucket.group)} LIMIT 1`,
  );
  return found.rowCount !== 0;
}

/** Adds a delta to the groups of a rollup that counts its rows; what cannot be added up is taken anew. */
export async function addToGroups(context: DeltaContext, delta: GroupDelta): Promise<void> {
  const { client, project } = context;
  const { shape, table, buckets, onlyAdded } = delta;
  const within = inBuckets(shape, 'r', buckets);
  // Somebody else's texts may sort otherwise than those that are kept.
  const merges = await hasOwnParent(client, project, shape.rollup);
  if (await hasGroups(client, shape, buckets)) await mergeGroups(client, shape, delta, within, merges);
  else await insertGroups(client, shape, qualified(table));
  const chosen = shape.measures.filter(({ additive }) => !additive);
  const merged = chosen.filter((measure) => merges && measure.merged !== undefined);
  const others = chosen.filter((measure) => !merged.includes(measure));
  const touched = onlyAdded ? olderGroups(shape, table, within) : qualified(table);
  await recompute(context, shape, others, touched, buckets);
  if (!onlyAdded && merged.length > 0) {
    const left = groupsWhere(shape, table, within, merged.map(lostItsValue).join(' OR '));
    await recomputeAny(context, shape, merged, left, buckets);
  }
  await recomputeNaN(context, shape, table, within, buckets);
}

/** Inserts the groups of a fresh delta. */
export function insertFreshGroups(client: ClientBase, { shape, added, value }: FreshDelta): Promise<void> {
  const groups = shape.rollup.groups.map((group) =>
    value !== undefined && group.name === shape.rollup.bucket.group ? { ...group, sql: value } : group,
  );
  const told = { ...shape, rollup: { ...shape.rollup, groups } };
  return storeGroups(client, told, shape.table, qualified(added));
}

/** Fills a counted table with the groups of rows; only those of `buckets`, when they are given. */
export function storeGroups(
  client: ClientBase,
  shape: RollupShape,
  into: RelationName,
  rows: string,
  buckets?: readonly string[],
): Promise<void> {
  const groups = groupedRows(shape, rows);
  const within =
    buckets === undefined ? groups : `SELECT * FROM (${groups}) g WHERE ${inBuckets(shape, 'g', buckets)}`;
  return insertGroups(client, shape, `(${within})`, into);
}

async function insertGroups(
  client: ClientBase,
  shape: RollupShape,
  groups: string,
  into: RelationName = shape.table,
): Promise<void> {
  const names = columns(countedColumns(shape));
  await client.query(
    `INSERT INTO ${qualified(into)} (${names}) SELECT ${names} FROM ${groups} AS groups WHERE ${ident(SUPPORT)} > 0`,
  );
}

/** Adds the change to the groups it touches; a group comes with its first row and goes with its last. */
async function mergeGroups(
  client: ClientBase,
  shape: RollupShape,
  { table, onlyAdded }: GroupDelta,
  within: string,
  merges: boolean,
): Promise<void> {
  const names = countedColumns(shape);
  const set = [
    ...additiveColumns(shape).map((name) => `${ident(name)} = r.${ident(name)} + d.${ident(name)}`),
    ...(merges ? shape.measures.flatMap((measure) => mergedValue(measure, onlyAdded)) : []),
  ];
  const support = ident(SUPPORT);
  await client.query(
    `MERGE INTO ${qualified(shape.table)} r USING ${qualified(table)} d ON ${match('r', 'd', shape.groups)} AND ${within}
       WHEN MATCHED AND r.${support} + d.${support} <= 0 THEN DELETE
       WHEN MATCHED THEN UPDATE SET ${set.join(', ')}
       WHEN NOT MATCHED AND d.${support} > 0 THEN INSERT (${columns(names)}) VALUES (${columns(names, 'd')})`,
  );
}

/** What stands of a group's value and that of the rows that came, if any did. */
function mergedValue({ name, merged }: MeasureShape, onlyAdded: boolean): string[] {
  if (merged === undefined) return [];
  const [r, d] = [`r.${ident(name)}`, `d.${ident(name)}`];
  if (typeof merged === 'string') return [`${ident(name)} = ${merged}(${r}, ${d})`];
  const came = onlyAdded ? '' : `d.${ident(CAME)} AND `;
  return [`${ident(name)} = CASE WHEN ${came}${isBefore(merged.before)} THEN ${d} ELSE ${r} END`];
}

/**
 * That a group's value, merged with that of the rows that came, may have been that of a row that went. What is left is
 * not less (or does not come before it): it is asked only where the value is one that went and none that came.
 */
function lostItsValue({ name, merged }: MeasureShape): string {
  const columns = typeof merged === 'object' ? merged.before : [name];
  const is = (of: (name: string) => string) =>
    columns.map((each) => `r.${ident(each)} IS NOT DISTINCT FROM d.${ident(of(each))}`).join(' AND ');
  const isOne = typeof merged === 'object' ? '' : ` AND r.${ident(name)} IS NOT NULL`;
  return `(d.${ident(WENT)}${isOne} AND ${is(lostColumn)} AND NOT (d.${ident(CAME)} AND ${is((each) => each)}))`;
}

/** That the row of a delta sorts before that of the group; NULL comes last, as ORDER BY has it. */
function isBefore(names: readonly string[]): string {
  return names.reduceRight((rest, name) => {
    const [r, d] = [`r.${ident(name)}`, `d.${ident(name)}`];
    return `(${d} < ${r} OR (${r} IS NULL AND ${d} IS NOT NULL) OR (${d} IS NOT DISTINCT FROM ${r} AND ${rest}))`;
  }, 'false');
}

/** The groups of a delta that were there before it was added: those that it did not make support alone. */
function olderGroups(shape: RollupShape, delta: RelationName, within: string): string {
  return groupsWhere(shape, delta, within, `r.${ident(SUPPORT)} <> d.${ident(SUPPORT)}`);
}

/** The groups of a delta that are in the rollup and hold to a condition on both (r and d). */
function groupsWhere(shape: RollupShape, delta: RelationName, within: string, condition: string): string {
  return `(SELECT d.* FROM ${qualified(delta)} d WHERE EXISTS (SELECT FROM ${qualified(shape.table)} r
      WHERE ${match('r', 'd', shape.groups)} AND ${within} AND (${condition})))`;
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
  within: string,
  buckets: readonly string[],
): Promise<void> {
  const sums = shape.measures.filter(mayBeNaN);
  if (sums.length === 0) return;
  const isNaN = sums.map(({ name }) => `r.${ident(name)} = 'NaN'`).join(' OR ');
  await recomputeAny(context, shape, sums, groupsWhere(shape, delta, within, isNaN), buckets);
}

/** Like recompute, where there mostly is none: to ask costs less than to read the parent's rows for nothing. */
async function recomputeAny(
  context: DeltaContext,
  shape: RollupShape,
  measures: readonly MeasureShape[],
  touched: string,
  buckets: readonly string[],
): Promise<void> {
  const found = await context.client.query(`SELECT FROM ${touched} AS touched LIMIT 1`);
  if (found.rowCount !== 0) await recompute(context, shape, measures, touched, buckets);
}
