import type { ClientBase } from 'pg';
import { Temporal } from 'temporal-polyfill';
import { LONGEST_MOVED_NAME, shortName } from '../../ledger/short-name.ts';
import { errorCode } from '../../ledger/errors.ts';
import { ident, qualified } from '../../ledger/sql.ts';
import { inTransaction } from '../../ledger/transaction.ts';
import type { Day, RelationName } from '../../project/model.ts';
import { makeLikeParent } from './like-parent.ts';
import { dayRange, dayStart, withDelivery, type RawShape } from './shape.ts';

/** The name of a day's partition: 'user_daily_visits_p20241114'. Long names are told apart by a hash. */
export function partitionName({ schema, name }: RelationName, day: Day): RelationName {
  return { schema, name: shortName(name, `_p${day.replaceAll('-', '')}`, LONGEST_MOVED_NAME) };
}

/** The days among these that a raw table of ours has no partition for; none of a table without partitions. */
export async function daysWithoutPartition(
  client: ClientBase,
  { raw, dataset, own }: RawShape,
  days: readonly Day[],
): Promise<Day[]> {
  if (!own || dataset.table.partitionBy === undefined || days.length === 0) return [];
  const names = new Map(days.map((day) => [partitionName(raw, day).name, day]));
  const found = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass AND c.relname = ANY ($2)`,
    [qualified(raw), [...names.keys()]],
  );
  for (const row of found.rows) names.delete(row.name);
  return [...names.values()];
}

/** A partition that is filled and indexed beside the raw table, where nobody sees it, until it is attached. */
export interface BuiltPartition {
  day: Day;
  beside: RelationName;
  rows: number;
}

/** What proves to PostgreSQL that the rows are the day's, so that attaching does not read them again. */
const PROOF = 'dayboard_day';

/**
 * Builds a day's partition from the rows of `from` that are the day's, in a table that must not be there. Rows first and indexes after them: one by one
 * an index costs several times as much.
 */
export async function buildPartition(
  client: ClientBase,
  shape: RawShape,
  day: Day,
  beside: RelationName,
  from?: RelationName,
): Promise<BuiltPartition> {
  const { raw, dataset } = shape;
  const column = dataset.table.partitionBy ?? '';
  const table = qualified(beside);
  await client.query(
    `CREATE TABLE ${table} (LIKE ${qualified(raw)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
  );
  const range = dayRange(dataset, column, day, day);
  const filled =
    from === undefined
      ? undefined
      : await client.query(
          `INSERT INTO ${table} (${withDelivery(shape)}) SELECT ${withDelivery(shape)} FROM ${qualified(from)} WHERE ${range}`,
        );
  await client.query(
    `ALTER TABLE ${table} ADD CONSTRAINT ${ident(PROOF)} CHECK (${ident(column)} IS NOT NULL AND ${range})`,
  );
  await indexPartition(client, shape, beside);
  return { day, beside, rows: filled?.rowCount ?? 0 };
}

/** Indexes a filled partition to be, and has it measured. */
export async function indexPartition(
  client: ClientBase,
  { raw, dataset }: RawShape,
  beside: RelationName,
): Promise<void> {
  await createIndexesLike(client, raw, beside);
  await makeLikeParent(client, raw, beside);
  // A rough idea will do until autovacuum comes round: a sample of every wide column costs as much as an index.
  await client.query('SET LOCAL default_statistics_target = 10');
  await client.query(`ANALYZE ${qualified(beside)} (${ident(dataset.table.partitionBy ?? '')})`);
}

/**
 * Constraints, defaults and the like that a table made by a SELECT does not have, and columns that are not alike. A
 * replica identity is given under a lock that whoever reads the rows meanwhile would hold up.
 */
const UNLIKE = `
  SELECT EXISTS (SELECT FROM pg_class WHERE oid = $2::regclass AND relpersistence <> 'p')
      OR EXISTS (SELECT FROM pg_class WHERE oid = $1::regclass AND relreplident <> 'd')
      OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c')
      OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND (atthasdef OR attidentity <> '' OR attgenerated <> ''))
      OR EXISTS (SELECT FROM (SELECT attname, atttypid, atttypmod, attcollation, attrelid FROM pg_attribute
                               WHERE attrelid IN ($1::regclass, $2::regclass) AND attnum > 0 AND NOT attisdropped) a
                  GROUP BY attname, atttypid, atttypmod, attcollation HAVING count(*) < 2) AS unlike`;

/**
 * Makes a table that holds just the rows of a day ready to become its partition, in the caller's transaction. Returns
 * false, and changes nothing, when it cannot become one as it stands. It has no indexes yet.
 */
export async function takeAsPartition(
  client: ClientBase,
  { raw, dataset }: RawShape,
  day: Day,
  table: RelationName,
): Promise<boolean> {
  const names = [qualified(raw), qualified(table)];
  const unlike = await client.query<{ unlike: boolean }>(UNLIKE, names);
  if (unlike.rows[0]?.unlike !== false) return false;
  const required = await client.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped',
    names.slice(0, 1),
  );
  const column = dataset.table.partitionBy ?? '';
  const proof = `ADD CONSTRAINT ${ident(PROOF)} CHECK (${ident(column)} IS NOT NULL AND ${dayRange(dataset, column, day, day)})`;
  const changes = [...required.rows.map(({ name }) => `ALTER ${ident(name)} SET NOT NULL`), proof];
  await client.query('SAVEPOINT taken');
  try {
    await client.query(`ALTER TABLE ${qualified(table)} ${changes.join(', ')}`);
    return true;
  } catch (thrown) {
    // A row of another day, or without a value: whoever copies the rows tells which.
    if (!['23514', '23502'].includes(errorCode(thrown) ?? '')) throw thrown;
    await client.query('ROLLBACK TO SAVEPOINT taken');
    return false;
  }
}

/**
 * The indexes of a partitioned table for a partition to be, so that attaching finds them made. They are made together:
 * one that has some was made ready before, by a connection that was lost afterwards.
 */
async function createIndexesLike(client: ClientBase, raw: RelationName, beside: RelationName): Promise<void> {
  const found = await client.query<{ unique: boolean; rest: string }>(
    `SELECT indisunique AS unique, substring(pg_get_indexdef(indexrelid) FROM ' USING .*$') AS rest
       FROM pg_index WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = $2::regclass)
      ORDER BY indexrelid`,
    [qualified(raw), qualified(beside)],
  );
  for (const { unique, rest } of found.rows)
    await client.query(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX ON ${qualified(beside)}${rest}`);
}

/** Indexes under the partition's name: beside it they have that of a work table. */
async function renameIndexes(client: ClientBase, beside: RelationName, partition: string): Promise<void> {
  const found = await client.query<{ name: string }>(
    'SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass ORDER BY c.oid',
    [qualified(beside)],
  );
  for (const [at, { name }] of found.rows.entries()) {
    const index = qualified({ schema: beside.schema, name });
    await client.query(`ALTER INDEX ${index} RENAME TO ${ident(shortName(partition, `_i${at + 1}`))}`);
  }
}

/** Makes a built partition one of the raw table, in the caller's transaction. Readers of the table do not wait. */
export async function attachPartition(
  client: ClientBase,
  { raw, dataset }: RawShape,
  { day, beside }: BuiltPartition,
): Promise<void> {
  const partition = partitionName(raw, day);
  const start = (of: Day) => dayStart(dataset, dataset.table.partitionBy ?? '', of);
  const after = Temporal.PlainDate.from(day).add({ days: 1 }).toString();
  if (beside.name !== partition.name)
    await client.query(`ALTER TABLE ${qualified(beside)} RENAME TO ${ident(partition.name)}`);
  // Only now: in the schema of work tables another run may have the same partition's indexes.
  if (beside.schema !== partition.schema)
    await client.query(
      `ALTER TABLE ${qualified({ ...beside, name: partition.name })} SET SCHEMA ${ident(partition.schema)}`,
    );
  await renameIndexes(client, partition, partition.name);
  await client.query(
    `ALTER TABLE ${qualified(raw)} ATTACH PARTITION ${qualified(partition)} FOR VALUES FROM (${start(day)}) TO (${start(after)})`,
  );
  await client.query(`ALTER TABLE ${qualified(partition)} DROP CONSTRAINT ${ident(PROOF)}`);
}

/**
 * Makes the partitions of days that have none, empty. Made beside and attached, because to create one in place would
 * keep readers of the whole table out.
 */
export async function ensurePartitions(
  client: ClientBase,
  shape: RawShape,
  days: readonly Day[],
): Promise<void> {
  for (const day of await daysWithoutPartition(client, shape, days)) {
    await inTransaction(client, async () => {
      await attachPartition(
        client,
        shape,
        await buildPartition(client, shape, day, partitionName(shape.raw, day)),
      );
    });
  }
}
