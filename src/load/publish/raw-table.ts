import type { ClientBase } from 'pg';
import { databaseError, errorCode } from '../../ledger/errors.ts';
import { definitionHash, recordRelation, relationState, type RelationKind } from '../../ledger/relations.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Column, Dataset, Day, RelationName } from '../../project/model.ts';
import { Temporal } from 'temporal-polyfill';
import { inTransaction } from '../../ledger/transaction.ts';
import { checkForeignTable } from './foreign-table.ts';
import { dayStart, DELIVERY, rawShape, type RawShape } from './shape.ts';

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
  try {
    return await inTransaction(client, async () => {
      const shape = rawShape(dataset, state.owner !== 'foreign');
      if (state.owner === 'absent') await createOwn(client, project, shape);
      if (state.owner === 'ours') await bringUpToDate(client, project, shape, state.definitionHash);
      if (state.owner === 'foreign') await checkForeignTable(client, dataset);
      await ensureBeside(client, project, shape);
      return shape;
    });
  } catch (thrown) {
    throw errorCode(thrown) === '42501'
      ? await missingRight(client, dataset, thrown)
      : databaseError(thrown, { dataset: dataset.name });
  }
}

function columnSql({ name, type, nullable }: Column): string {
  return `${ident(name)} ${type}${nullable ? '' : ' NOT NULL'}`;
}

function hashOf(dataset: Dataset): string {
  const { columns: described, indexes, keyIndex, partitionBy } = dataset.table;
  return definitionHash([
    described.map(({ name, type, nullable }) => [name, type, nullable]),
    indexes,
    keyIndex,
    partitionBy,
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
  await recordRelation(client, project, raw, {
    kind: 'raw',
    owner: dataset.name,
    definitionHash: hashOf(dataset),
  });
}

async function ensureSchema(client: ClientBase, schema: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${ident(schema)}`);
}

async function createIndexes(client: ClientBase, { dataset, raw, key }: RawShape): Promise<void> {
  const { partitionBy, keyIndex, indexes } = dataset.table;
  if (key !== undefined) {
    const names = key.map(({ name }) => name);
    // A unique index of a partitioned table must hold the column that partitions it.
    if (partitionBy !== undefined && !names.includes(partitionBy)) names.push(partitionBy);
    // A delivery of one period has a key once; another delivery may have it too.
    if (dataset.carries.kind === 'period') names.push(DELIVERY);
    const nulls = key.some(({ nullable }) => nullable) ? ' NULLS NOT DISTINCT' : '';
    const name = keyIndex ?? `${raw.name}_key`;
    await client.query(`CREATE UNIQUE INDEX ${ident(name)} ON ${qualified(raw)} (${columns(names)})${nulls}`);
  }
  for (const index of indexes) {
    const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
    await client.query(
      `CREATE INDEX ${ident(index.name)} ON ${qualified(raw)} (${index.columns.join(', ')})${where}`,
    );
  }
  // In a partitioned table a delivery's rows are found by their days.
  if (partitionBy === undefined) await client.query(`CREATE INDEX ON ${qualified(raw)} (${ident(DELIVERY)})`);
}

async function bringUpToDate(
  client: ClientBase,
  project: string,
  shape: RawShape,
  hash: string | undefined,
): Promise<void> {
  const { dataset, raw } = shape;
  if (hash === hashOf(dataset)) return;
  const found = await client.query<{ name: string; type: string }>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
      WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
    [qualified(raw)],
  );
  const there = new Map(found.rows.map((row) => [row.name, row.type]));
  const changed: string[] = [];
  for (const column of dataset.table.columns) {
    const wanted = (
      await client.query<{ type: string }>('SELECT to_regtype($1)::text AS type', [column.type])
    ).rows[0]?.type;
    const type = there.get(column.name);
    if (type === undefined && column.nullable) await addColumn(client, shape, column);
    else if (type === undefined) changed.push(`${column.name} is new and not nullable`);
    else if (wanted !== null && wanted !== undefined && !type.startsWith(wanted))
      changed.push(`${column.name} is ${type} there and ${column.type} in the definition`);
  }
  if (changed.length > 0) throw changedTable(raw, changed);
  await recordRelation(client, project, raw, {
    kind: 'raw',
    owner: dataset.name,
    definitionHash: hashOf(dataset),
  });
}

async function addColumn(client: ClientBase, { raw, shadow }: RawShape, column: Column): Promise<void> {
  await client.query(`ALTER TABLE ${qualified(raw)} ADD COLUMN ${columnSql(column)}`);
  await client.query(
    `ALTER TABLE IF EXISTS ${qualified(shadow)} ADD COLUMN IF NOT EXISTS ${columnSql(column)}`,
  );
}

function changedTable(raw: RelationName, changed: readonly string[]): DayboardError {
  return new DayboardError({
    code: 'relation.columns',
    kind: 'refused',
    message: `${raw.schema}.${raw.name} is not as the definition has it: ${changed.join('; ')}. Nothing was changed.`,
    facts: { relation: `${raw.schema}.${raw.name}` },
    next: 'Make new columns nullable, or change the table by hand, or give the definition another table name and load the days again.',
  });
}

/** Shadow and, for a table that carries no deliveries, origins. Both are keyed like the raw table. */
async function ensureBeside(client: ClientBase, project: string, shape: RawShape): Promise<void> {
  const { dataset, shadow, origin, key } = shape;
  if (dataset.carries.kind === 'period') return;
  const { schema, name } = dataset.table;
  if ((await relationState(client, project, shadow)).owner === 'absent') {
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
  if (shape.own || key === undefined || (await relationState(client, project, origin)).owner !== 'absent')
    return;
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

async function missingRight(client: ClientBase, dataset: Dataset, cause: unknown): Promise<DayboardError> {
  const { schema, name } = dataset.table;
  const who = await client.query<{ user: string }>('SELECT quote_ident(current_user) AS user');
  const user = who.rows[0]?.user ?? 'USER';
  return new DayboardError({
    code: 'relation.permission',
    kind: 'refused',
    message: `This user may not make or fill ${schema}.${name}: ${cause instanceof Error ? cause.message : String(cause)}. Nothing was changed.`,
    facts: { dataset: dataset.name, relation: `${schema}.${name}` },
    next: `As an owner run: GRANT USAGE, CREATE ON SCHEMA ${ident(schema)} TO ${user}; and, where the table exists, GRANT SELECT, INSERT, DELETE ON ${qualified(dataset.table)} TO ${user}; \`dayboard doctor\` lists all that is missing.`,
    cause,
  });
}

/** The name of a day's partition: 'user_daily_visits_p20241114'. */
function partitionName({ schema, name }: RelationName, day: Day): RelationName {
  const end = `_p${day.replaceAll('-', '')}`;
  return {
    schema,
    name:
      Buffer.from(name)
        .subarray(0, 63 - end.length)
        .toString() + end,
  };
}

/**
 * Makes the partitions of days that have none. Made beside and attached, because to create one in place would keep
 * readers of the whole table out.
 */
export async function ensurePartitions(
  client: ClientBase,
  shape: RawShape,
  days: readonly Day[],
): Promise<void> {
  const { raw, dataset } = shape;
  const { partitionBy } = dataset.table;
  if (!shape.own || partitionBy === undefined || days.length === 0) return;
  const start = (day: Day) => dayStart(dataset, partitionBy, day);
  const names = new Map(days.map((day) => [partitionName(raw, day).name, day]));
  const found = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass AND c.relname = ANY ($2)`,
    [qualified(raw), [...names.keys()]],
  );
  for (const row of found.rows) names.delete(row.name);
  for (const [name, day] of names) {
    const partition = qualified({ schema: raw.schema, name });
    const after = Temporal.PlainDate.from(day).add({ days: 1 }).toString();
    await inTransaction(client, async () => {
      await client.query(
        `CREATE TABLE ${partition} (LIKE ${qualified(raw)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
      );
      await client.query(
        `ALTER TABLE ${qualified(raw)} ATTACH PARTITION ${partition} FOR VALUES FROM (${start(day)}) TO (${start(after)})`,
      );
    });
  }
}
