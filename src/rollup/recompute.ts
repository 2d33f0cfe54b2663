import type { ClientBase } from 'pg';
import { forgetArrival } from '../ledger/arrivals.ts';
import { owe, readOwed, recordRefresh, settle, WHOLE } from '../ledger/derived.ts';
import { errorCode } from '../ledger/errors.ts';
import { recordRelation, relationState } from '../ledger/relations.ts';
import { ident, qualified } from '../ledger/sql.ts';
import type { RelationName, Rollup } from '../project/model.ts';
import { lockTimeout, setForDataset, withRetries } from '../ledger/transaction.ts';
import { boundedParent, hasOwnParent, inBuckets } from './bounds.ts';
import type { DeltaContext } from './delta.ts';
import { withTransitions } from './deltas.ts';
import { createCounted, indexCounted, rollupHash } from './ensure.ts';
import { storeGroups } from './group-counts.ts';
import { storeList } from './lists.ts';
import { ensurePublished, movePublishedSql } from './published.ts';
import { lockViewSql, readRights, type Rights } from './rights.ts';
import { countsRows, rollupShape, rollupsOver, rootDataset, workTable, type RollupShape } from './shape.ts';

/**
 * Computes buckets of a rollup (their first days, or 'all') from what it is over, and takes them off what is owed. The
 * rollups over it follow by the difference, or are owed when it was built anew. The whole is built beside and swapped,
 * so that readers are never without it; `onWait` is told whom the swap waits for. In the caller's transaction, which a
 * swap commits: what the caller does after it is another. The caller holds the root dataset's table lock.
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
  if (!countsRows(shape)) await forgetArrival(client, project.name, rootDataset(project, rollup));
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
  context: DeltaContext,
  shape: RollupShape,
  buckets: readonly string[],
): Promise<void> {
  const { client, project } = context;
  const own = await hasOwnParent(client, project, shape.rollup);
  const rows = boundedParent(project, shape, buckets, own);
  await client.query(`DELETE FROM ${qualified(shape.table)} r WHERE ${inBuckets(shape, 'r', buckets)}`);
  if (countsRows(shape)) await storeGroups(client, shape, shape.table, rows, buckets);
  else await storeList(context, shape, shape.table, rows, buckets);
}

async function buildAnew(context: DeltaContext, shape: RollupShape): Promise<RelationName> {
  const { client, project, run } = context;
  const beside = { schema: 'dayboard', name: workTable(shape.rollup, run, 'new').name };
  await createCounted(client, shape, beside);
  if (countsRows(shape)) await storeGroups(client, shape, beside, shape.parent);
  else await storeList(context, shape, beside, shape.parent);
  await indexCounted(client, project, shape, beside);
  await client.query(`ANALYZE ${qualified(beside)}`);
  return beside;
}

/** How long vacuum is given to make way, in milliseconds. Nobody else waits for it. */
const VACUUM_WAIT = 3_000;

/**
 * Puts a table that was built beside in the place of the counted one. All that can be done before is done before; what
 * readers wait for is one message that ends with the commit, so that no way over the network is part of it.
 */
async function takePlace(
  { client, project }: DeltaContext,
  shape: RollupShape,
  beside: RelationName,
  onWait: ((who: string) => void) | undefined,
): Promise<void> {
  const known = await knownView(client, project.name, shape);
  await recordRelation(client, project.name, shape.table, {
    kind: 'rollup',
    owner: shape.rollup.name,
    definitionHash: rollupHash(project, shape.rollup),
    under: beside.name,
  });
  const moved = known && (await movePublishedSql(client, project, shape, known.view, known.rights, beside));
  const table = qualified(shape.table);
  const relations = known === undefined ? [shape.table] : [known.view, shape.table];
  const swap = (views: readonly string[]) =>
    [
      // A weaker lock first: it keeps nobody out but vacuum, which gives way to it, and would not to a try that short. On
      // the new table, too: while that is waited for nobody may be kept out of the old one.
      `SET LOCAL lock_timeout = ${VACUUM_WAIT}`,
      `LOCK TABLE ${table}, ${qualified(beside)} IN SHARE UPDATE EXCLUSIVE MODE`,
      `SET LOCAL lock_timeout = ${lockTimeout(relations.length)}`,
      // Views before what they read, as their readers lock them.
      ...(known === undefined ? [] : [lockViewSql(known.view, known.rights)]),
      `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
      ...views,
      `DROP TABLE ${table}`,
      `ALTER TABLE ${qualified(beside)} RENAME TO ${ident(shape.table.name)}`,
      // What the caller still does and commits is in a transaction of its own.
      ...(known === undefined ? [] : ['COMMIT AND CHAIN']),
    ].join(';\n');
  await client.query('SAVEPOINT swap');
  const attempt = async (views: readonly string[]) => {
    try {
      await client.query(swap(views));
    } catch (thrown) {
      await client.query('ROLLBACK TO SAVEPOINT swap').catch(() => undefined);
      throw thrown;
    }
  };
  await withRetries(
    undefined,
    async () => {
      try {
        await attempt(moved?.replaced ?? []);
      } catch (thrown) {
        if (moved === undefined || errorCode(thrown) !== '42P16') throw thrown;
        await attempt(moved.madeAnew);
      }
    },
    { client, relations, onWait },
  );
  // Nobody reads what has no name for readers yet.
  if (known === undefined) await ensurePublished(client, project, shape);
}

/** The view that readers know, where it is ours. */
async function knownView(
  client: ClientBase,
  project: string,
  { rollup: { published } }: RollupShape,
): Promise<{ view: RelationName; rights: Rights } | undefined> {
  if (published === undefined || (await relationState(client, project, published)).owner !== 'ours')
    return undefined;
  return { view: published, rights: await readRights(client, published) };
}
