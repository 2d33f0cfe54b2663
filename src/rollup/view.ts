import type { ClientBase } from 'pg';
import { markOwed, recordRefresh, settleMarked } from '../ledger/derived.ts';
import { foreignRelation, relationState, type RelationState } from '../ledger/relations.ts';
import { qualified } from '../ledger/sql.ts';
import { inTransaction, setLockTimeout, withRetries } from '../ledger/transaction.ts';
import { DayboardError } from '../project/errors.ts';
import type { View } from '../project/model.ts';
import { type Dependent, readDependents, withPlainNames } from './dependents.ts';
import { buildBeside, type RefreshOptions, viewHash, waitingOf } from './view-beside.ts';

/** How a view was brought up to date; 'in place' keeps readers waiting. */
export type RefreshMethod = 'created' | 'concurrently' | 'rebuilt' | 'in place';

/**
 * Brings a plain SQL view up to date without keeping readers out: concurrently where a unique index allows it, else
 * built beside and renamed, and views over it bound to the new one; in place, with readers waiting, only where neither
 * is possible because the view has no unique index, and a materialized view or somebody else's is built on it. A view
 * of ours whose definition changed is rebuilt; a foreign one of its name is left ('keep': then nothing is refreshed),
 * replaced, or refused. The connection is outside a transaction.
 */
export async function refreshView(options: RefreshOptions): Promise<RefreshMethod | 'kept'> {
  const { client, project, view, run } = options;
  const state = await relationState(client, project.name, view);
  const wanted = project.existing[`${view.schema}.${view.name}`];
  if (state.owner === 'foreign' && wanted === 'keep') return 'kept';
  if (state.owner === 'foreign' && wanted !== 'replace') throw foreignRelation(view, `the view ${view.name}`);
  const mark = await markOwed(client, project.name, view.name);
  const method = await refresh(options, state);
  if (mark !== undefined) await settleMarked(client, project.name, view.name, mark);
  await recordRefresh(client, project.name, {
    name: view.name,
    kind: 'view',
    definitionHash: viewHash(view),
    run,
  });
  return method;
}

async function refresh(options: RefreshOptions, state: RelationState): Promise<RefreshMethod> {
  const { client, view, onPhase } = options;
  const unchanged = state.owner === 'ours' && state.definitionHash === viewHash(view);
  if (
    unchanged &&
    view.indexes.some((index) => index.unique === true && index.where === undefined) &&
    (await isPopulated(client, view))
  ) {
    onPhase?.('refreshing concurrently');
    await client.query(`REFRESH MATERIALIZED VIEW CONCURRENTLY ${qualified(view)}`);
    return 'concurrently';
  }
  if (!unchanged || !(await isBuiltUpon(client, view))) {
    await buildBeside(options, state, []);
    return state.owner === 'absent' ? 'created' : 'rebuilt';
  }
  const dependents = await rebindable(client, view);
  if (dependents !== undefined && (await isRebuilt(options, state, dependents))) return 'rebuilt';
  await refreshInPlace(options);
  return 'in place';
}

/** The views that others built on it, when all of them can be bound to a new one by us; undefined otherwise. */
async function rebindable(client: ClientBase, view: View): Promise<Dependent[] | undefined> {
  const found = await client.query<{ oid: string }>('SELECT $1::regclass::oid::text AS oid', [
    qualified(view),
  ]);
  const dependents = await withPlainNames(client, () => readDependents(client, found.rows[0]?.oid ?? '0'));
  const areOurs = dependents.every(({ relkind, isOurs }) => relkind === 'v' && isOurs);
  return areOurs && dependents.length > 0 ? dependents : undefined;
}

/** False when something else depends on the old one (a function's body, a policy): then it must stay. */
async function isRebuilt(
  options: RefreshOptions,
  state: RelationState,
  dependents: readonly Dependent[],
): Promise<boolean> {
  try {
    await buildBeside(options, state, dependents);
    return true;
  } catch (thrown) {
    if (thrown instanceof DayboardError && thrown.code === 'database.depended-on') return false;
    throw thrown;
  }
}

/** Later readers do not wait behind it while it waits for those before; while it refreshes, they do. */
async function refreshInPlace(options: RefreshOptions): Promise<void> {
  const { client, view, signal, onPhase } = options;
  await withRetries(
    signal,
    () =>
      inTransaction(client, async () => {
        await setLockTimeout(client);
        onPhase?.('refreshing in place, its readers wait');
        await client.query(`REFRESH MATERIALIZED VIEW ${qualified(view)}`);
      }),
    waitingOf(options),
  );
}

/** A view that was never populated cannot be refreshed concurrently. */
async function isPopulated(client: ClientBase, view: View): Promise<boolean> {
  const found = await client.query<{ populated: boolean }>(
    'SELECT relispopulated AS populated FROM pg_class WHERE oid = $1::regclass',
    [qualified(view)],
  );
  return found.rows[0]?.populated === true;
}

/** Whether other relations read it: they would go on reading the old one, which therefore cannot be dropped. */
async function isBuiltUpon(client: ClientBase, view: View): Promise<boolean> {
  const found = await client.query(
    `SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
      WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = $1::regclass AND r.ev_class <> d.refobjid LIMIT 1`,
    [qualified(view)],
  );
  return found.rowCount !== 0;
}
