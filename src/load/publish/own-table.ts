import type { ClientBase } from 'pg';
import { Temporal } from 'temporal-polyfill';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Column, RelationName } from '../../project/model.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { shortName } from '../../ledger/short-name.ts';
import { isByInstant, type RawShape } from './shape.ts';

export function columnSql({ name, type, nullable }: Column): string {
  return `${ident(name)} ${type}${nullable ? '' : ' NOT NULL'}`;
}

/** Columns that no two rows of the raw table share; undefined when rows may repeat. */
function uniqueColumns({ dataset, key }: RawShape): string[] | undefined {
  if (key === undefined) return undefined;
  const { partitionBy } = dataset.table;
  const names = key.map(({ name }) => name);
  // A unique index of a partitioned table must hold the column that partitions it.
  if (partitionBy !== undefined && !names.includes(partitionBy)) names.push(partitionBy);
  // A delivery of one period has a key once; another delivery may have it too.
  if (dataset.carries.kind === 'period') names.push(DELIVERY);
  return names;
}

/** Creates the indexes of a raw table that dayboard makes: the key's, those of the definition, and its own. */
export async function createIndexes(client: ClientBase, shape: RawShape): Promise<void> {
  const { dataset, raw, key } = shape;
  const unique = uniqueColumns(shape);
  if (unique !== undefined) {
    const nulls = key?.some(({ nullable }) => nullable) ? ' NULLS NOT DISTINCT' : '';
    const name = dataset.table.keyIndex ?? shortName(raw.name, '_key');
    await client.query(
      `CREATE UNIQUE INDEX ${ident(name)} ON ${qualified(raw)} (${columns(unique)})${nulls}`,
    );
  }
  await createDeclared(client, shape);
  // In a partitioned table a delivery's rows are found by their days.
  if (dataset.table.partitionBy === undefined)
    await client.query(`CREATE INDEX ON ${qualified(raw)} (${ident(DELIVERY)})`);
}

/** Creates the indexes of the definition that are not there by name. */
async function createDeclared(client: ClientBase, shape: RawShape): Promise<void> {
  for (const statement of await missingIndexes(client, shape)) await client.query(statement);
}

/** The statements that create the indexes of the definition which are not there by name. */
export async function missingIndexes(client: ClientBase, { dataset, raw }: RawShape): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    'SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass',
    [qualified(raw)],
  );
  return dataset.table.indexes
    .filter((index) => found.rows.every(({ name }) => name !== index.name))
    .map((index) => {
      const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
      return `CREATE INDEX ${ident(index.name)} ON ${qualified(raw)} (${index.columns.join(', ')})${where}`;
    });
}

/**
 * Brings a raw table that dayboard made to what the definition has become, but for its indexes: new nullable columns are
 * added, columns that may be NULL now lose their constraint. 'relation.columns' (refused) names every change that needs
 * a hand.
 */
export async function alterOwn(client: ClientBase, shape: RawShape): Promise<void> {
  const { dataset, raw, shadow } = shape;
  const found = await client.query<{ name: string; type: string; required: boolean }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [qualified(raw)],
  );
  const there = new Map(found.rows.map((row) => [row.name, row]));
  const changed = [...(await keyChanges(client, shape)), ...(await otherDays(client, shape))];
  const alters: string[] = [];
  for (const column of dataset.table.columns) {
    const has = there.get(column.name);
    there.delete(column.name);
    if (has === undefined) {
      if (column.nullable) alters.push(`ADD COLUMN IF NOT EXISTS ${columnSql(column)}`);
      else changed.push(`${column.name} is new and not nullable`);
    } else if (!(await isType(client, has.type, column.type))) {
      changed.push(`${column.name} is ${has.type} there and ${column.type} in the definition`);
    } else if (!has.required && !column.nullable) {
      changed.push(`${column.name} may be NULL there and not in the definition`);
    } else if (has.required && column.nullable) {
      alters.push(`ALTER COLUMN ${ident(column.name)} DROP NOT NULL`);
    }
  }
  there.delete(DELIVERY);
  for (const { name, required } of there.values())
    if (required) changed.push(`${name} must have a value and the definition has none`);
  if (changed.length > 0) throw changedTable(raw, changed);
  for (const alter of alters) {
    await client.query(`ALTER TABLE ${qualified(raw)} ${alter}`);
    await client.query(`ALTER TABLE IF EXISTS ${qualified(shadow)} ${alter}`);
  }
}

/** The same type, of the same length or precision. */
async function isType(client: ClientBase, there: string, declared: string): Promise<boolean> {
  const found = await client.query<{ same: boolean }>(
    'SELECT to_regtype($1) IS NOT DISTINCT FROM to_regtype($2) AS same',
    [there, declared],
  );
  return found.rows[0]?.same === true && modifierOf(there) === modifierOf(declared);
}

function modifierOf(type: string): string {
  return /\([^)]*\)/.exec(type)?.[0].replaceAll(' ', '') ?? '';
}

/** Partitions that hold the days of another time zone than the definition's: what lies between would have no place. */
async function otherDays(client: ClientBase, { dataset, raw }: RawShape): Promise<string[]> {
  if (!isByInstant(dataset)) return [];
  const found = await client.query<{ name: string; start: Date | null }>(
    `SELECT c.relname AS name, (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz AS start
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [qualified(raw)],
  );
  const other = found.rows.find(({ start }) => {
    const local =
      start === null
        ? undefined
        : Temporal.Instant.from(start.toISOString()).toZonedDateTimeISO(dataset.timeZone);
    return local !== undefined && !local.startOfDay().equals(local);
  });
  return other === undefined
    ? []
    : [
        `its partition ${other.name} begins at another hour than the days of ${dataset.timeZone}, the definition's time zone, do`,
      ];
}

/** How rows are told apart and laid out cannot change under the rows that are there. */
async function keyChanges(client: ClientBase, shape: RawShape): Promise<string[]> {
  const { dataset, raw } = shape;
  const found = await client.query<{ partition: string | null; keys: string[][] }>(
    `SELECT (SELECT a.attname FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
              WHERE p.partrelid = $1::regclass)::text AS partition,
            coalesce((SELECT jsonb_agg((SELECT jsonb_agg(a.attname ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_attribute a
                                         WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)))
                        FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique), '[]') AS keys`,
    [qualified(raw)],
  );
  const { partition, keys } = found.rows[0] ?? { partition: null, keys: [] };
  const { partitionBy } = dataset.table;
  const by = (name: string | undefined) => (name === undefined ? 'nothing' : ident(name));
  // The key of a partitioned table holds that column: one change is told once.
  if ((partition ?? undefined) !== partitionBy)
    return [
      `it is partitioned by ${by(partition ?? undefined)} there and by ${by(partitionBy)} in the definition`,
    ];
  const unique = uniqueColumns(shape);
  if (keys.length === 0 && unique === undefined) return [];
  if (unique !== undefined && keys.some((key) => [...key].sort().join() === [...unique].sort().join()))
    return [];
  const list = (names: readonly string[] | undefined) =>
    names === undefined ? 'nothing' : `(${names.join(', ')})`;
  return [`its key is ${list(keys[0])} there and ${list(unique)} in the definition`];
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
