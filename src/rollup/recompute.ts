import type { ClientBase } from 'pg';
import { owe, readOwed, recordRefresh, settle, WHOLE } from '../ledger/derived.ts';
import { recordRelation, relationState } from '../ledger/relations.ts';
import { ident, qualified } from '../ledger/sql.ts';
import type { RelationName, Rollup } from '../project/model.ts';
import { groupedRows } from './aggregate.ts';
import { setForDataset, setLockTimeout, withRetries } from '../ledger/transaction.ts';
import { boundedParent, hasOwnParent, inBuckets } from './bounds.ts';
import type { DeltaContext } from './delta.ts';
import { withTransitions } from './deltas.ts';
import { createCounted, rollupHash } from './ensure.ts';
import { ensurePublished, movePublished } from './published.ts';
import { lockView } from './rights.ts';
import { countsRows, rollupShape, rollupsOver, workTable, type RollupShape } from './shape.ts';
import { inSupport, storeGroups, supportTable } from './support.ts';

/**
 * Computes buckets of a rollup (their first days, or 'all') from what it is over, and takes them off what is owed. The
 * rollups over it follow by the difference, or are owed when it was built anew. The whole is built beside and swapped,
 * so that readers are never without it; `onWait` is told whom the swap waits for. In the caller's transaction, which ends
 * with it; the caller holds the root dataset's table lock.
 */
export async function recomputeBuckets(
  context: DeltaContext,
  rollup: Rollup,
  buckets: readonly string[] | typeof WHOLE,
  onWait?: (who: string) => void,
): Promise<void> {
  const { client, project } = context;
  const shape = rollupShape(project, rollup);
  await setForDataset(client, rollup);
  const whole = buckets === WHOLE || buckets.includes(WHOLE);
  const beside = whole ? await buildAnew(context, shape) : undefined;
  if (whole) {
    for (const child of rollupsOver(project, rollup.name))
      await owe(client, project.name, child.name, [WHOLE], `${rollup.name} was computed anew.`);
  } else {
    const owed = await readOwed(client, project.name);
    const touched = inBuckets(shape, 'r', buckets);
    await withTransitions(context, shape, touched, owed, () => replaceBuckets(context, shape, buckets));
    await client.query(`ANALYZE ${qualified(shape.table)}`);
  }
  const settled = whole
    ? [WHOLE, ...((await readOwed(client, project.name)).get(rollup.name)?.buckets ?? [])]
    : buckets;
  await settle(client, project.name, rollup.name, settled);
  await recordRefresh(client, project.name, {
    name: rollup.name,
    kind: 'rollup',
    definitionHash: rollupHash(project, rollup),
    run: context.run,
  });
  // Last, so that readers wait for nothing else.
  if (beside !== undefined) await takePlace(context, shape, beside, onWait);
}

async function replaceBuckets(
  { client, project, run }: DeltaContext,
  shape: RollupShape,
  buckets: readonly string[],
): Promise<void> {
  const own = await hasOwnParent(client, project, shape.rollup);
  const into = { table: shape.table, support: supportTable(project.name, shape.rollup.name) };
  await client.query(`DELETE FROM ${qualified(into.table)} r WHERE ${inBuckets(shape, 'r', buckets)}`);
  if (!countsRows(shape))
    await client.query(`DELETE FROM ${qualified(into.support)} s WHERE ${inSupport('s', buckets)}`);
  const groups = `SELECT * FROM (${groupedRows(shape, boundedParent(project, shape, buckets, own))}) g
      WHERE ${inBuckets(shape, 'g', buckets)}`;
  await storeGroups(client, shape, into, groups, run);
}

async function buildAnew({ client, project, run }: DeltaContext, shape: RollupShape): Promise<RelationName> {
  const beside = { schema: 'dayboard', name: workTable(shape.rollup, run, 'new').name };
  await createCounted(client, project, shape, beside);
  const into = { table: beside, support: supportTable(project.name, shape.rollup.name) };
  await storeGroups(client, shape, into, groupedRows(shape, shape.parent), run);
  await client.query(`ANALYZE ${qualified(beside)}`);
  return beside;
}

async function takePlace(
  { client, project }: DeltaContext,
  shape: RollupShape,
  beside: RelationName,
  onWait: ((who: string) => void) | undefined,
): Promise<void> {
  const { published } = shape.rollup;
  const ours =
    published !== undefined && (await relationState(client, project.name, published)).owner === 'ours';
  await recordRelation(client, project.name, shape.table, {
    kind: 'rollup',
    owner: shape.rollup.name,
    definitionHash: rollupHash(project, shape.rollup),
    under: beside.name,
  });
  await keepReadersOut(client, ours ? [published, shape.table] : [shape.table], onWait);
  await movePublished(client, project, shape, beside);
  await client.query(
    `DROP TABLE ${qualified(shape.table)}; ALTER TABLE ${qualified(beside)} RENAME TO ${ident(shape.table.name)}`,
  );
  if (!ours) await ensurePublished(client, project, shape);
}

/**
 * Takes the locks that readers wait for: views, and the table under them at the end. Without making later readers wait
 * behind one that takes long.
 */
async function keepReadersOut(
  client: ClientBase,
  relations: readonly RelationName[],
  onWait: ((who: string) => void) | undefined,
): Promise<void> {
  const [views, table] = [relations.slice(0, -1), relations.at(-1) as RelationName];
  await client.query('SAVEPOINT swap');
  await withRetries(
    undefined,
    async () => {
      try {
        await setLockTimeout(client, relations.length);
        for (const view of views) await lockView(client, view);
        await client.query(`LOCK TABLE ${qualified(table)} IN ACCESS EXCLUSIVE MODE`);
      } catch (thrown) {
        await client.query('ROLLBACK TO SAVEPOINT swap');
        throw thrown;
      }
    },
    { client, relations, onWait },
  );
}
