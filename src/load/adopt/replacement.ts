import type { ClientBase } from 'pg';
import { shortName } from '../../ledger/short-name.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import type { Dataset, Day, RelationName } from '../../project/model.ts';
import { createIndexes } from '../publish/own-table.ts';
import { attachPartition, buildPartition, partitionName } from '../publish/partitions.ts';
import { BEFORE, DELIVERY } from '../../ledger/delivery-column.ts';
import { rawShape, type RawShape } from '../publish/shape.ts';
import { keyOf } from '../unique-rows.ts';
import { newName } from './names.ts';
import type { Original } from './original.ts';

/** Names of the indexes that the definition has, and what they are called until the switch. */
export function indexNames(dataset: Dataset): Array<{ made: string; name: string }> {
  const { table } = dataset;
  const key = keyOf(dataset) === undefined ? [] : [table.keyIndex ?? shortName(table.name, '_key')];
  return [...key, ...table.indexes.map(({ name }) => name)].map((name) => ({ made: newName(name), name }));
}

/** The layout of the new table under its name of before the switch, with the original's columns in their order. */
export function replacementShape(
  project: string,
  dataset: Dataset,
  original: Pick<Original, 'columns'>,
): RawShape {
  const { table } = dataset;
  const shape = rawShape(
    project,
    {
      ...dataset,
      table: {
        ...table,
        name: newName(table.name),
        keyIndex: newName(table.keyIndex ?? shortName(table.name, '_key')),
        indexes: table.indexes.map((index) => ({ ...index, name: newName(index.name) })),
      },
    },
    true,
  );
  return { ...shape, columns: original.columns.map(({ name }) => name) };
}

/** Creates the new table, partitioned and without partitions, in the caller's transaction. */
export async function createReplacement(
  client: ClientBase,
  shape: RawShape,
  original: Original,
): Promise<void> {
  const { dataset, raw } = shape;
  const { partitionBy = '' } = dataset.table;
  // Others' inserts go on working for days that have a partition. A delivery that carries its own period would not
  // know rows without one, so there they fail and are heard of.
  const otherwise = dataset.carries.kind === 'period' ? '' : ` DEFAULT ${BEFORE}`;
  await client.query(
    `CREATE TABLE ${qualified(raw)} (LIKE ${qualified(original)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION,
       ${ident(DELIVERY)} date NOT NULL${otherwise}) PARTITION BY RANGE (${ident(partitionBy)})`,
  );
  await client.query(
    `COMMENT ON COLUMN ${qualified(raw)}.${ident(DELIVERY)} IS 'First day of the delivery that the row came from (dayboard)'`,
  );
  for (const { name, nullable } of dataset.table.columns)
    await client.query(
      `ALTER TABLE ${qualified(raw)} ALTER COLUMN ${ident(name)} ${nullable ? 'DROP' : 'SET'} NOT NULL`,
    );
  await createIndexes(client, shape);
  await client.query(`ALTER TABLE ${qualified(raw)} OWNER TO ${ident(original.owner)}`);
}

/** Makes a day's partition of the new table under its last name, filled from `from` where that is given. */
export async function addPartition(
  client: ClientBase,
  shape: RawShape,
  original: Pick<Original, 'schema' | 'name' | 'owner'>,
  day: Day,
  from?: RelationName,
): Promise<number> {
  const made = partitionName(shape.raw, day);
  const built = await buildPartition(client, shape, day, made, from);
  await attachPartition(client, shape, built);
  const last = partitionName(original, day);
  await client.query(`ALTER TABLE ${qualified(made)} RENAME TO ${ident(last.name)}`);
  await renameIndexes(client, made, last);
  await client.query(`ALTER TABLE ${qualified(last)} OWNER TO ${ident(original.owner)}`);
  return built.rows;
}

/** A partition's indexes are named after it. */
async function renameIndexes(client: ClientBase, made: RelationName, last: RelationName): Promise<void> {
  const found = await client.query<{ name: string }>(
    'SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass',
    [qualified(last)],
  );
  const ends = found.rows.map((_, at) => `_i${at + 1}`);
  for (const end of ends) {
    const name = shortName(made.name, end);
    if (!found.rows.some((row) => row.name === name)) continue;
    await client.query(
      `ALTER INDEX ${qualified({ schema: last.schema, name })} RENAME TO ${ident(shortName(last.name, end))}`,
    );
  }
}

/** The days among these that the new table has no partition for. */
export async function daysWithout(
  client: ClientBase,
  shape: RawShape,
  original: RelationName,
  days: readonly Day[],
): Promise<Day[]> {
  const names = days.map((day) => partitionName(original, day).name);
  const found = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = $1::regclass AND c.relname = ANY ($2)`,
    [qualified(shape.raw), names],
  );
  const there = new Set(found.rows.map(({ name }) => name));
  return days.filter((_, at) => !there.has(names[at] ?? ''));
}

/** Names that the new table's partitions (or these others) would have and something else has. */
export async function takenNames(
  client: ClientBase,
  original: RelationName,
  days: readonly Day[],
  others: readonly string[],
): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2) ORDER BY 1 LIMIT 5`,
    [original.schema, [...others, ...days.map((day) => partitionName(original, day).name)]],
  );
  return found.rows.map(({ name }) => name);
}

/** Empties the new table of partitions: what was copied no longer counts. */
export async function dropPartitions(client: ClientBase, shape: RawShape): Promise<void> {
  const found = await client.query<RelationName>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.inhparent = $1::regclass`,
    [qualified(shape.raw)],
  );
  for (const partition of found.rows) await client.query(`DROP TABLE ${qualified(partition)}`);
}

/** Column list of the original, with an alias where one is given. */
export function originalColumns(shape: RawShape, alias?: string): string {
  return columns(shape.columns, alias);
}
