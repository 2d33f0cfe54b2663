import type { ClientBase } from 'pg';
import { readOwed, recordRefresh, WHOLE, type OwedBuckets } from '../ledger/derived.ts';
import { match } from '../ledger/matching.ts';
import { qualified } from '../ledger/sql.ts';
import type { Project, RelationName, Rollup } from '../project/model.ts';
import { setForDataset } from '../ledger/transaction.ts';
import { deltaRows } from './aggregate.ts';
import { applyAppearances } from './appearances.ts';
import type { Delta, DeltaContext, RowChange } from './delta.ts';
import { inBuckets } from './bounds.ts';
import { rollupHash } from './ensure.ts';
import { addToGroups } from './group-counts.ts';
import { groupHash } from './support.ts';
import {
  bucketText,
  countsRows,
  logicalRows,
  rollupShape,
  rollupsOver,
  workTable,
  type RollupShape,
} from './shape.ts';

/** The rollups directly over a dataset that follow its changes: those that are not owed as a whole. */
export async function followersOf(
  { client, project }: Pick<DeltaContext, 'client' | 'project'>,
  over: string,
): Promise<Rollup[]> {
  return followers(project, over, await readOwed(client, project.name));
}

/**
 * Computes what a change of a dataset's raw rows does to a rollup directly over it, before it is made. Nothing that
 * anybody reads is changed; the caller holds the dataset's table lock and is in a transaction, on any connection.
 */
export async function computeDelta(context: DeltaContext, rollup: Rollup, change: RowChange): Promise<Delta> {
  return deltaOf(context, rollup, change, await readOwed(context.client, context.project.name));
}

/**
 * Carries a change of a dataset's raw rows into every rollup over it, and on into the rollups over those, in the
 * caller's transaction, after the raw table has changed. Buckets that are owed are left alone: whoever recomputes them
 * reads everything. `computed` are deltas that computeDelta made of the same change. Returns the buckets that changed,
 * by rollup.
 */
export async function applyDeltas(
  context: DeltaContext,
  over: string,
  change: RowChange,
  computed: readonly Delta[] = [],
): Promise<Map<string, string[]>> {
  const owed = await readOwed(context.client, context.project.name);
  const touched = new Map<string, string[]>();
  await cascade({ ...context, touched }, over, change, owed, computed);
  return touched;
}

function followers(project: Project, over: string, owed: ReadonlyMap<string, OwedBuckets>): Rollup[] {
  return rollupsOver(project, over).filter(({ name }) => owed.get(name)?.buckets.includes(WHOLE) !== true);
}

async function cascade(
  context: DeltaContext,
  over: string,
  change: RowChange,
  owed: ReadonlyMap<string, OwedBuckets>,
  computed: readonly Delta[] = [],
): Promise<void> {
  for (const rollup of followers(context.project, over, owed)) {
    const delta =
      computed.find(({ shape }) => shape.rollup.name === rollup.name) ??
      (await deltaOf(context, rollup, change, owed));
    await applyDelta(context, delta, owed);
  }
}

async function deltaOf(
  { client, project, run }: DeltaContext,
  rollup: Rollup,
  change: RowChange,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<Delta> {
  const shape = rollupShape(project, rollup);
  const table = workTable(rollup, run, 'delta');
  await setForDataset(client, rollup);
  const isEmpty = async (rows: RelationName) =>
    (await client.query(`SELECT FROM ${qualified(rows)} LIMIT 1`)).rowCount === 0;
  const [onlyAdded, onlyRemoved] = [await isEmpty(change.removed), await isEmpty(change.added)];
  await client.query(`DROP TABLE IF EXISTS ${qualified(table)}`);
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(table)} AS SELECT d.*, ${bucketText(shape, 'd')} AS _bucket${countsRows(shape) ? '' : `, ${groupHash(shape, 'd')}`}
       FROM (${deltaRows(shape, qualified(change.added), onlyAdded ? undefined : qualified(change.removed))}) d`,
  );
  const leftAlone = owed.get(rollup.name)?.buckets ?? [];
  if (leftAlone.length > 0)
    await client.query(`DELETE FROM ${qualified(table)} WHERE _bucket = ANY ($1)`, [leftAlone]);
  // Its joins are of whole tables: their sizes are all that the planner must know.
  await client.query(`ANALYZE ${qualified(table)} (_bucket)`);
  return { shape, table, buckets: await bucketsOf(client, table), onlyAdded, onlyRemoved };
}

async function applyDelta(
  context: DeltaContext,
  delta: Delta,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<void> {
  const { client, project, run } = context;
  const { shape, table, buckets } = delta;
  const { rollup } = shape;
  context.touched?.set(rollup.name, buckets);
  await setForDataset(client, rollup);
  if (buckets.length > 0 && !countsRows(shape)) {
    const appeared = await applyAppearances(context, delta);
    await cascade(context, rollup.name, appeared, owed);
    for (const work of [appeared.added, appeared.removed])
      await client.query(`DROP TABLE ${qualified(work)}`);
  } else if (buckets.length > 0) {
    const touched = `${inBuckets(shape, 'r', buckets)} AND EXISTS (SELECT FROM ${qualified(table)} d WHERE ${match('d', 'r', shape.groups)})`;
    await withTransitions(context, shape, touched, owed, () => addToGroups(context, delta));
  }
  await client.query(`DROP TABLE ${qualified(table)}`);
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
