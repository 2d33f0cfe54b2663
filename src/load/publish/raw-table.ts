import type { ClientBase } from 'pg';
import { databaseError, errorCode } from '../../ledger/errors.ts';
import {
  definitionHash,
  recordRelation,
  relationState,
  takenRelation,
  type RelationKind,
} from '../../ledger/relations.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import type { Dataset, RelationName } from '../../project/model.ts';
import { inTransaction, setLockTimeout } from '../../ledger/transaction.ts';
import { keyOf } from '../unique-rows.ts';
import { checkForeignTable } from './foreign-table.ts';
import { missingRight } from './missing-right.ts';
import { alterOwn, columnSql, createIndexes, missingIndexes } from './own-table.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { isByInstant, rawShape, type RawShape } from './shape.ts';

/**
 * Makes sure of a dataset's raw table: creates it (with shadow table and indexes) when nothing has its name, adds
 * columns that the definition has gained to one of ours, and checks that somebody else's can take the rows. Never
 * changes a table that dayboard did not make. The caller holds the table's lock.
 *
 * Errors: 'relation.columns', 'relation.kind', 'relation.permission' (all refused).
 */
export async function ensureRawTable(
  client: ClientBase,
  project: string,
  dataset: Dataset,
): Promise<RawShape> {
  const state = await relationState(client, project, dataset.table);
  const shape = rawShape(project, dataset, state.owner !== 'foreign');
  const isChanged = state.owner === 'ours' && state.definitionHash !== hashOf(dataset);
  try {
    await inTransaction(client, async () => {
      await setLockTimeout(client);
      if (state.owner === 'absent') await createOwn(client, project, shape);
      if (isChanged) await alterOwn(client, shape);
      if (state.owner === 'foreign') await checkForeignTable(client, dataset);
      await ensureBeside(client, project, shape);
    });
    if (isChanged) await addIndexes(client, project, shape);
    return shape;
  } catch (thrown) {
    throw errorCode(thrown) === '42501'
      ? await missingRight(client, dataset, thrown instanceof Error ? thrown.message : String(thrown), thrown)
      : databaseError(thrown, { dataset: dataset.name });
  }
}

function hashOf(dataset: Dataset): string {
  const { columns: described, indexes, keyIndex, partitionBy } = dataset.table;
  return definitionHash([
    described.map(({ name, type, nullable }) => [name, type, nullable]),
    indexes,
    keyIndex,
    partitionBy,
    keyOf(dataset),
    isByInstant(dataset) ? dataset.timeZone : undefined,
  ]);
}

async function createOwn(client: ClientBase, project: string, shape: RawShape): Promise<void> {
  const { dataset, raw } = shape;
  const { partitionBy } = dataset.table;
  await ensureSchema(client, raw.schema);
  const partition = partitionBy === undefined ? '' : ` PARTITION BY RANGE (${ident(partitionBy)})`;
  const body = [...dataset.table.columns.map(columnSql), `${ident(DELIVERY)} date NOT NULL`].join(', ');
  await client.query(`CREATE TABLE ${qualified(raw)} (${body})${partition}`);
  await client.query(
    `COMMENT ON COLUMN ${qualified(raw)}.${ident(DELIVERY)} IS 'First day of the delivery that the row came from (dayboard)'`,
  );
  await createIndexes(client, shape);
  await record(client, project, raw, 'raw', dataset);
}

async function ensureSchema(client: ClientBase, schema: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(schema)}`);
}

/**
 * Adds the indexes that the definition gained, each in a transaction of its own: readers go on meanwhile, which they
 * could not in one with the changes of columns. The table is as the definition has it once all are there; until then
 * whoever comes next goes on.
 */
async function addIndexes(client: ClientBase, project: string, shape: RawShape): Promise<void> {
  for (const statement of await missingIndexes(client, shape))
    await inTransaction(client, async () => {
      await setLockTimeout(client);
      await client.query(statement);
    });
  await record(client, project, shape.raw, 'raw', shape.dataset);
}

/** Shadow and, for a table that carries no deliveries, origins. Both are keyed like the raw table. */
async function ensureBeside(client: ClientBase, project: string, shape: RawShape): Promise<void> {
  const { dataset, shadow, origin, key } = shape;
  if (dataset.carries.kind === 'period') return;
  const { schema, name } = dataset.table;
  if (await isAbsent(client, project, shadow)) {
    const body = [...dataset.table.columns.map(columnSql), `${ident(DELIVERY)} date NOT NULL`].join(', ');
    await client.query(`CREATE TABLE ${qualified(shadow)} (${body})`);
    if (key !== undefined)
      await client.query(
        `CREATE INDEX ON ${qualified(shadow)} (${columns(key.map((column) => column.name))})`,
      );
    await client.query(`CREATE INDEX ON ${qualified(shadow)} (${ident(DELIVERY)})`);
    await client.query(
      `COMMENT ON TABLE ${qualified(shadow)} IS ${literal(`Rows of deliveries of ${schema}.${name} whose key another delivery holds`)}`,
    );
    await record(client, project, shadow, 'shadow', dataset);
  }
  if (shape.own || key === undefined || !(await isAbsent(client, project, origin))) return;
  const keyColumns = dataset.table.columns.filter((column) => key.some((each) => each.name === column.name));
  await client.query(
    `CREATE TABLE ${qualified(origin)} (${[...keyColumns.map(columnSql), `${ident(DELIVERY)} date NOT NULL`].join(', ')})`,
  );
  const nulls = key.some(({ nullable }) => nullable) ? ' NULLS NOT DISTINCT' : '';
  await client.query(
    `CREATE UNIQUE INDEX ON ${qualified(origin)} (${columns(key.map((column) => column.name))})${nulls}`,
  );
  await client.query(`CREATE INDEX ON ${qualified(origin)} (${ident(DELIVERY)})`);
  await client.query(
    `COMMENT ON TABLE ${qualified(origin)} IS ${literal(`Which delivery a row of ${schema}.${name} came from; rows without one were there before dayboard`)}`,
  );
  await record(client, project, origin, 'origin', dataset);
}

async function isAbsent(client: ClientBase, project: string, relation: RelationName): Promise<boolean> {
  const { owner } = await relationState(client, project, relation);
  if (owner === 'foreign') throw takenRelation(relation);
  return owner === 'absent';
}

function record(
  client: ClientBase,
  project: string,
  relation: RelationName,
  kind: RelationKind,
  dataset: Dataset,
): Promise<void> {
  return recordRelation(client, project, relation, {
    kind,
    owner: dataset.name,
    definitionHash: hashOf(dataset),
  });
}
