import type { ClientBase } from 'pg';
import { owe, WHOLE } from '../ledger/derived.ts';
import { databaseError } from '../ledger/errors.ts';
import type { Afresh } from '../ledger/known-commit.ts';
import { match } from '../ledger/matching.ts';
import { columns as columnList, ident, qualified } from '../ledger/sql.ts';
import { inTransaction, setForDataset } from '../ledger/transaction.ts';
import { affectedDerived } from '../plan/derived.ts';
import type { Dataset, Follow, Project, RelationName } from '../project/model.ts';
import { oweTouched } from '../rollup/owed.ts';
import { oweAggregates } from '../rollup/periods/touched.ts';
import { columnOf } from './days.ts';
import { followed, follows } from './follow-sql.ts';
import { applied } from './publish/publish.ts';
import { rawShape } from './publish/shape.ts';
import { stagingName } from './staging-name.ts';

/** The changed value, beside the row's own columns. */
const BECOMES = ident('_becomes');

export interface FollowOptions {
  /** A connection of its own, outside a transaction, that holds the dataset's table lock. */
  client: ClientBase;
  project: Project;
  dataset: Dataset;
  follow: Follow;
  run: string;
  /** Opens a new connection when this one is lost while a change is committed: to ask whether it was. */
  afresh?: Afresh;
  signal: AbortSignal;
}

/**
 * Brings a column to what other tables of the target say now, in all rows that are published, however old. What is
 * derived of the days that change is owed, in the same transaction. Returns how many rows changed.
 *
 * Errors: 'database.…'; the table is as it was.
 */
export async function followTables(options: FollowOptions): Promise<number> {
  const { client, dataset, follow, run } = options;
  const [removed, added] = (['removed', 'added'] as const).map((purpose) =>
    stagingName(dataset.name, follow.name, run, purpose),
  ) as [RelationName, RelationName];
  try {
    const rows = await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      return findChanges(options, removed, added);
    });
    if (rows > 0) await applied(options, () => change(options, removed, added));
    return rows;
  } catch (thrown) {
    throw databaseError(thrown, { dataset: dataset.name, follow: follow.name });
  } finally {
    for (const table of [removed, added])
      await client.query(`DROP TABLE IF EXISTS ${qualified(table)}`).catch(() => undefined);
  }
}

/** The rows as they are and as they become, in work tables. */
async function findChanges(
  { client, dataset, follow }: FollowOptions,
  removed: RelationName,
  added: RelationName,
): Promise<number> {
  const names = dataset.table.columns.map(({ name }) => name);
  const { type } = columnOf(dataset, follow.column);
  const becoming = names.map((name) =>
    name === follow.column ? `${BECOMES} AS ${ident(name)}` : ident(name),
  );
  const found = await client.query(
    `CREATE UNLOGGED TABLE ${qualified(removed)} AS
     SELECT ${columnList(names, 'r')}, f.becomes::${type} AS ${BECOMES}
       FROM ${qualified(dataset.table)} r JOIN (${followed(follow)}) f ON ${follows(follow, 'r', 'f')}`,
  );
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(added)} AS SELECT ${becoming.join(', ')} FROM ${qualified(removed)}`,
  );
  return found.rowCount ?? 0;
}

async function change(
  { client, project, dataset, follow }: FollowOptions,
  removed: RelationName,
  added: RelationName,
): Promise<void> {
  const column = ident(follow.column);
  const key = rawShape(project.name, dataset, true).key ?? [];
  await client.query(
    `UPDATE ${qualified(dataset.table)} r SET ${column} = g.${BECOMES} FROM ${qualified(removed)} g
      WHERE ${match('r', 'g', key)} AND r.${column} = g.${column}`,
  );
  const why = `${follow.name} changed ${follow.column} in rows of ${dataset.name}.`;
  await oweTouched(client, project, dataset.name, { added, removed }, why);
  await oweAggregates(client, project, dataset.name, { added, removed }, why);
  const affected = affectedDerived(project, [dataset.name]);
  for (const view of project.views)
    if (affected.has(view.name)) await owe(client, project.name, view.name, [WHOLE], why);
}
