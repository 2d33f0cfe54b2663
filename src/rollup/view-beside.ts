import type { ClientBase } from 'pg';
import { definitionHash, recordRelation, type RelationState } from '../ledger/relations.ts';
import { shortName } from '../ledger/short-name.ts';
import { ident, qualified } from '../ledger/sql.ts';
import { lockTimeout, type Waiting, withRetries } from '../ledger/transaction.ts';
import type { Project, RelationName, View } from '../project/model.ts';
import type { Dependent } from './dependents.ts';
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

export function viewHash(view: View): string {
  return definitionHash([view.sql, view.indexes]);
}

/** How long a view's change waits for those who read it and what is built on it, and whom it tells. */
export function waitingOf(
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

/**
 * Builds a view under another name, with its indexes and readers, and puts it in the place of the one that has the name.
 * When it fails, or patience runs out, nothing of it stays.
 *
 * @param dependents views over the old one, to be bound to it in the same moment
 */
export async function buildBeside(
  options: RefreshOptions,
  state: RelationState,
  dependents: readonly Dependent[],
): Promise<void> {
  const { client, view, signal, onPhase } = options;
  const schema = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [view.schema]);
  if (schema.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(view.schema)}`);
  const beside: RelationName = { schema: view.schema, name: shortName(view.name, '_dayboard_new') };
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
    const name = shortName(view.name, `_dayboard_new_${at}`);
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
  const old = { schema: view.schema, name: shortName(view.name, '_dayboard_old') };
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
