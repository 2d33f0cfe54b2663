import type { ClientBase } from 'pg';
import { markOwed, recordRefresh, settleMarked } from '../ledger/derived.ts';
import {
  definitionHash,
  foreignRelation,
  recordRelation,
  relationState,
  type RelationState,
} from '../ledger/relations.ts';
import { ident, qualified } from '../ledger/sql.ts';
import type { Project, RelationName, View } from '../project/model.ts';
import { inTransaction, setLockTimeout, withRetries } from '../ledger/transaction.ts';
import { dropKeepingRights, giveOwner, grantRights, readRights, type Rights } from './rights.ts';

export interface RefreshOptions {
  client: ClientBase;
  project: Project;
  view: View;
  run: string;
}

/** How a view was brought up to date; 'in place' keeps readers waiting. */
export type RefreshMethod = 'created' | 'concurrently' | 'rebuilt' | 'in place';

export function viewHash(view: View): string {
  return definitionHash([view.sql, view.indexes]);
}

/**
 * Brings a plain SQL view up to date without keeping readers out: concurrently where a unique index allows it, else
 * built beside and renamed; in place, with readers waiting, only where neither is possible because the view has no
 * unique index and somebody's views are built on it. A view of ours whose definition changed is rebuilt; a foreign one
 * of its name is left ('keep': then nothing is refreshed), replaced, or refused. The connection is outside a
 * transaction.
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

async function refresh(
  { client, project, view }: RefreshOptions,
  state: RelationState,
): Promise<RefreshMethod> {
  const unchanged = state.owner === 'ours' && state.definitionHash === viewHash(view);
  if (
    unchanged &&
    view.indexes.some((index) => index.unique === true && index.where === undefined) &&
    (await isPopulated(client, view))
  ) {
    await client.query(`REFRESH MATERIALIZED VIEW CONCURRENTLY ${qualified(view)}`);
    return 'concurrently';
  }
  if (unchanged && (await isBuiltUpon(client, view))) {
    await client.query(`REFRESH MATERIALIZED VIEW ${qualified(view)}`);
    return 'in place';
  }
  await buildBeside(client, project, view, state);
  return state.owner === 'absent' ? 'created' : 'rebuilt';
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

async function buildBeside(
  client: ClientBase,
  project: Project,
  view: View,
  state: RelationState,
): Promise<void> {
  const schema = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [view.schema]);
  if (schema.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(view.schema)}`);
  const beside: RelationName = { schema: view.schema, name: `${view.name.slice(0, 50)}_dayboard_new` };
  await client.query(`DROP MATERIALIZED VIEW IF EXISTS ${qualified(beside)}`);
  try {
    await client.query(`CREATE MATERIALIZED VIEW ${qualified(beside)} AS ${view.sql}`);
    const indexes = await indexBeside(client, view, beside);
    await withRetries(undefined, () =>
      inTransaction(client, () => swap(client, project, view, state, beside, indexes)),
    );
  } catch (thrown) {
    await client.query(`DROP MATERIALIZED VIEW IF EXISTS ${qualified(beside)}`).catch(() => undefined);
    throw thrown;
  }
}

/** Index names are the schema's own: they are taken over once the old view has gone. */
async function indexBeside(
  client: ClientBase,
  view: View,
  beside: RelationName,
): Promise<Array<{ made: string; name: string }>> {
  const made = [];
  for (const [at, index] of view.indexes.entries()) {
    const name = `${view.name.slice(0, 40)}_dayboard_new_${at}`;
    const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
    await client.query(
      `CREATE ${index.unique === true ? 'UNIQUE ' : ''}INDEX ${ident(name)} ON ${qualified(beside)} (${index.columns.join(', ')})${where}`,
    );
    made.push({ made: name, name: index.name });
  }
  await client.query(`ANALYZE ${qualified(beside)}`);
  return made;
}

async function swap(
  client: ClientBase,
  project: Project,
  view: View,
  state: RelationState,
  beside: RelationName,
  indexes: ReadonlyArray<{ made: string; name: string }>,
): Promise<void> {
  await setLockTimeout(client);
  let rights: Rights | undefined;
  if (state.owner === 'ours') {
    rights = await readRights(client, view);
    await client.query(`DROP MATERIALIZED VIEW ${qualified(view)}`);
  } else if (state.owner === 'foreign') {
    rights = await dropKeepingRights(client, view, state.relkind);
  }
  await client.query(`ALTER MATERIALIZED VIEW ${qualified(beside)} RENAME TO ${ident(view.name)}`);
  for (const { made, name } of indexes)
    await client.query(
      `ALTER INDEX ${qualified({ schema: view.schema, name: made })} RENAME TO ${ident(name)}`,
    );
  if (rights !== undefined) {
    await grantRights(client, view, rights);
    if (state.owner === 'foreign') await giveOwner(client, view, rights);
  }
  await recordRelation(client, project.name, view, {
    kind: 'view',
    owner: view.name,
    definitionHash: viewHash(view),
  });
}
