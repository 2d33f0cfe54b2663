import { readOwed, recordRefresh, WHOLE, type OwedBuckets } from '../ledger/derived.ts';
import { match } from '../ledger/matching.ts';
import { qualified } from '../ledger/sql.ts';
import { setForDataset } from '../ledger/transaction.ts';
import type { Project, RelationName, Rollup } from '../project/model.ts';
import { inBuckets } from './bounds.ts';
import { workTablesOf, type Delta, type DeltaContext, type FreshDelta, type RowChange } from './delta.ts';
import { rollupHash } from './ensure.ts';
import { addToGroups, computeGroups, freshGroups, insertFreshGroups } from './group-counts.ts';
import { applyList, computeList } from './lists.ts';
import { countsRows, logicalRows, rollupShape, rollupsOver, workTable, type RollupShape } from './shape.ts';

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
 * What a change does to a rollup whose touched buckets are empty: undefined when it is more than to insert the groups of
 * the rows that come. Otherwise like computeDelta.
 */
export async function freshDelta(
  context: DeltaContext,
  rollup: Rollup,
  change: RowChange,
): Promise<FreshDelta | undefined> {
  const owed = await readOwed(context.client, context.project.name);
  const shape = rollupShape(context.project, rollup);
  if (!countsRows(shape) || (owed.get(rollup.name)?.buckets.length ?? 0) > 0) return undefined;
  await setForDataset(context.client, rollup);
  return freshGroups(context, shape, change);
}

/** Inserts the groups of fresh deltas, in the transaction that applies the change. */
export async function insertFresh({ client }: DeltaContext, deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) {
    if (delta.kind !== 'fresh') continue;
    await setForDataset(client, delta.shape.rollup);
    await insertFreshGroups(client, delta);
  }
}

/**
 * Carries a change of a dataset's raw rows into every rollup over it, and on into the rollups over those, in the
 * caller's transaction, after the raw table has changed. Buckets that are owed are left alone: whoever recomputes them
 * reads everything. `computed` are deltas that computeDelta made of the same change. Returns the buckets that changed,
 * by rollup. Those that are fresh
 * must be inserted (insertFresh).
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
  context: DeltaContext,
  rollup: Rollup,
  change: RowChange,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<Delta> {
  const shape = rollupShape(context.project, rollup);
  await setForDataset(context.client, rollup);
  const compute = countsRows(shape) ? computeGroups : computeList;
  return compute(context, shape, change, owed);
}

async function applyDelta(
  context: DeltaContext,
  delta: Delta,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<void> {
  const { client, project, run } = context;
  const { shape, buckets } = delta;
  const { rollup } = shape;
  context.touched?.set(rollup.name, buckets);
  await setForDataset(client, rollup);
  if (buckets.length > 0 && delta.kind === 'list') {
    const appeared = await applyList(context, delta);
    await cascade(context, rollup.name, appeared, owed);
    await client.query(`DROP TABLE ${qualified(appeared.removed)}`);
  } else if (buckets.length > 0 && delta.kind === 'groups') {
    const touched = touchedGroups(delta.table, shape, buckets);
    await withTransitions(context, shape, touched, owed, () => addToGroups(context, delta));
  } else if (delta.kind === 'emptied') {
    await client.query(`DELETE FROM ${qualified(shape.table)} r WHERE ${inBuckets(shape, 'r', buckets)}`);
  }
  for (const work of workTablesOf(delta)) await client.query(`DROP TABLE ${qualified(work)}`);
  await recordRefresh(client, project.name, {
    name: rollup.name,
    kind: 'rollup',
    definitionHash: rollupHash(project, rollup),
    run,
  });
}

function touchedGroups(delta: RelationName, shape: RollupShape, buckets: readonly string[]): string {
  return `${inBuckets(shape, 'r', buckets)} AND EXISTS (SELECT FROM ${qualified(delta)} d WHERE ${match('d', 'r', shape.groups)})`;
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
