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
import { DayboardError } from '../project/errors.ts';
import type { Project, RelationName, View } from '../project/model.ts';
import {
  inTransaction,
  lockTimeout,
  setLockTimeout,
  type Waiting,
  withRetries,
} from '../ledger/transaction.ts';
import { type Dependent, readDependents, withPlainNames } from './dependents.ts';
import { dropSql, giveOwner, grantRights, readRights } from './rights.ts';

export interface RefreshOptions {
  client: ClientBase;
  project: Project;
  view: View;
  run: string;
  /** Ends the waiting for others. */
  signal?: AbortSignal;
  /** What is being done, for people: 'index totals_day (1 of 2)'. */
  onPhase?: (phase: string) => void;
  /** Whom the new rows wait for, before they can take the old ones' place; called again when it is somebody else. */
  onWait?: (who: string) => void;
  /** For how long they wait, in milliseconds; ten minutes when not said. */
  patience?: number;
}

/** They may have taken long to compute, and a dashboard's query or a forgotten session may take long to end. */
const PATIENCE_MILLISECONDS = 10 * 60_000;

/** How long vacuum is given to make way, in milliseconds: it waits for a second itself. No reader waits meanwhile. */
const VACUUM_WAIT_MILLISECONDS = 3_000;

/** How a view was brought up to date; 'in place' keeps readers waiting. */
export type RefreshMethod = 'created' | 'concurrently' | 'rebuilt' | 'in place';

export function viewHash(view: View): string {
  return definitionHash([view.sql, view.indexes]);
}

/**
 * Brings a plain SQL view up to date without keeping readers out: concurrently where a unique index allows it, else
 * built beside and renamed, and views over it bound to the new one; in place, with readers waiting, only where neither
 * is possible because the view has no unique index, and a materialized view or somebody else's is built on it. A view of ours whose definition changed is rebuilt; a foreign one
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

function waitingOf(
  { client, view, patience, onPhase, onWait }: RefreshOptions,
  dependents: readonly Dependent[] = [],
): Waiting {
  return {
    client,
    relations: [view, ...dependents],
    patience: patience ?? PATIENCE_MILLISECONDS,
    onWait: (who) => {
      onPhase?.('waiting for a moment in which nobody reads it');
      onWait?.(who);
    },
  };
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
  options: RefreshOptions,
  state: RelationState,
  dependents: readonly Dependent[],
): Promise<void> {
  const { client, view, signal, onPhase } = options;
  const schema = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [view.schema]);
  if (schema.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(view.schema)}`);
  const beside: RelationName = { schema: view.schema, name: `${view.name.slice(0, 50)}_dayboard_new` };
  await client.query(`DROP MATERIALIZED VIEW IF EXISTS ${qualified(beside)}`);
  try {
    onPhase?.('building beside');
    await client.query(`CREATE MATERIALIZED VIEW ${qualified(beside)} AS ${view.sql}`);
    const indexes = await indexBeside(options, beside);
    onPhase?.('taking its place');
    await withRetries(
      signal,
      () => swap(options, state, { beside, indexes, dependents }),
      waitingOf(options, dependents),
    );
  } catch (thrown) {
    await client.query(`DROP MATERIALIZED VIEW IF EXISTS ${qualified(beside)}`).catch(() => undefined);
    throw thrown;
  }
}

interface MadeIndex {
  made: string;
  name: string;
}

/** What stands beside, ready to take the old one's place. */
interface Successor {
  beside: RelationName;
  indexes: readonly MadeIndex[];
  /** Views over the old one that are bound to it. */
  dependents: readonly Dependent[];
}

/** Index names are the schema's own: they are taken over once the old view has gone. */
async function indexBeside(
  { client, view, onPhase }: RefreshOptions,
  beside: RelationName,
): Promise<MadeIndex[]> {
  const made = [];
  for (const [at, index] of view.indexes.entries()) {
    const name = `${view.name.slice(0, 40)}_dayboard_new_${at}`;
    const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
    onPhase?.(`index ${index.name} (${at + 1} of ${view.indexes.length})`);
    await client.query(
      `CREATE ${index.unique === true ? 'UNIQUE ' : ''}INDEX ${ident(name)} ON ${qualified(beside)} (${index.columns.join(', ')})${where}`,
    );
    made.push({ made: name, name: index.name });
  }
  onPhase?.('analyze');
  await client.query(`ANALYZE ${qualified(beside)}`);
  return made;
}

/**
 * Puts the new relation in the place of the old. All that can be done before is done before; what readers wait for is
 * one message, so that no way over the network is part of it.
 */
async function swap(
  { client, project, view }: RefreshOptions,
  state: RelationState,
  successor: Successor,
): Promise<void> {
  const { beside } = successor;
  await client.query('BEGIN');
  try {
    if (state.owner !== 'absent') await takeOverRights(client, view, beside, state.owner);
    await recordRelation(client, project.name, view, {
      kind: 'view',
      owner: view.name,
      definitionHash: viewHash(view),
      under: beside.name,
    });
    await client.query([...swapStatements(view, state, successor), 'COMMIT'].join(';\n'));
  } catch (thrown) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

async function takeOverRights(
  client: ClientBase,
  view: RelationName,
  beside: RelationName,
  owner: 'ours' | 'foreign',
): Promise<void> {
  const rights = await readRights(client, view);
  await grantRights(client, beside, rights);
  if (owner === 'foreign') await giveOwner(client, beside, rights);
}

function swapStatements(
  view: RelationName,
  state: RelationState,
  { beside, indexes, dependents }: Successor,
): string[] {
  const named = `ALTER MATERIALIZED VIEW ${qualified(beside)} RENAME TO ${ident(view.name)}`;
  const renamed = indexes.map(
    ({ made, name }) =>
      `ALTER INDEX ${qualified({ schema: view.schema, name: made })} RENAME TO ${ident(name)}`,
  );
  if (state.owner === 'absent') return [named, ...renamed];
  const first = [
    ...vacuumAway(view, state.relkind),
    `SET LOCAL lock_timeout = ${lockTimeout(1 + dependents.length)}`,
  ];
  if (dependents.length === 0) return [...first, dropSql(view, state.relkind), named, ...renamed];
  const old = { schema: view.schema, name: `${view.name.slice(0, 50)}_dayboard_old` };
  return [
    ...first,
    // Views before what they read, as their readers lock them: a statement that changes nothing takes the lock.
    ...dependents.map((each) => `ALTER VIEW ${qualified(each)} OWNER TO ${ident(each.owner)}`),
    `ALTER MATERIALIZED VIEW ${qualified(view)} RENAME TO ${ident(old.name)}`,
    named,
    'SET LOCAL search_path = pg_catalog',
    ...dependents.map(({ rebind }) => rebind),
    dropSql(old, state.relkind),
    ...renamed,
  ];
}

/**
 * A weaker lock comes first, which a comment takes: nobody waits for it but vacuum, which gives way to it after a
 * second and would not to a try that is shorter.
 */
function vacuumAway(view: RelationName, relkind: string): string[] {
  const kind = relkind === 'm' ? 'MATERIALIZED VIEW' : relkind === 'r' ? 'TABLE' : undefined;
  if (kind === undefined) return [];
  return [
    `SET LOCAL lock_timeout = ${VACUUM_WAIT_MILLISECONDS}`,
    `COMMENT ON ${kind} ${qualified(view)} IS NULL`,
  ];
}
