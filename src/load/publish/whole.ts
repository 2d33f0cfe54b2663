import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import type { RelationName } from '../../project/model.ts';
import { comparable, periodRows } from './change-sql.ts';
import type { Changes } from './changes.ts';
import { boundsOf, type RawShape } from './shape.ts';

/**
 * Keeps the rows that a change takes out of somebody else's table as they stand there, with the columns that the
 * definition does not know: an undo brings them back, too. Before the change is applied and in its transaction. False
 * when there is nothing to keep.
 */
export async function keepWhole(client: ClientBase, changes: Changes, whole: RelationName): Promise<boolean> {
  const { shape, removedRows } = changes;
  if (shape.own || removedRows === 0 || (await otherColumns(client, shape, shape.raw)).length === 0)
    return false;
  await client.query(
    `CREATE TABLE ${qualified(whole)} AS SELECT r.* FROM ${qualified(shape.raw)} r WHERE ${goneRows(changes)}`,
  );
  return true;
}

/** The rows of the raw table that the change deletes. */
function goneRows({ shape, removed, days, delivery, period }: Changes): string {
  if (shape.dataset.carries.kind === 'period') return periodRows({ shape, period, days }, delivery, 'r');
  if (shape.key === undefined) return 'true';
  const bounds = boundsOf(shape, days, 'r');
  const gone = `EXISTS (SELECT FROM ${qualified(removed)} gone WHERE ${match('r', 'gone', shape.key)})`;
  return bounds === undefined ? gone : `${gone} AND ${bounds}`;
}

/** Columns of a relation that the definition does not know and that can be given a value. */
async function otherColumns(client: ClientBase, shape: RawShape, relation: RelationName): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> ALL ($2)`,
    [qualified(relation), shape.columns],
  );
  return found.rows.map(({ name }) => name);
}

/**
 * Inserts the rows that an undo brings back into somebody else's table: those that stood there just so get the values
 * of the other columns again, the others what the table gives them. Rows that are alike are taken one for one.
 */
export async function insertWhole(
  client: ClientBase,
  { shape, added }: Pick<Changes, 'shape' | 'added'>,
  whole: RelationName,
): Promise<void> {
  const there = new Set(await otherColumns(client, shape, shape.raw));
  const others = (await otherColumns(client, shape, whole)).filter((name) => there.has(name));
  const { key } = shape;
  const [a, k] = ['a', 'k'].map((alias) => comparable(shape, shape.columns, alias).join(', '));
  const number = ident('_dayboard_number');
  const text = ident('_dayboard_text');
  const numbered = (relation: RelationName, alias: string, names: readonly string[]) => {
    const row = `ROW(${columns(shape.columns, alias)})::text`;
    const alike =
      key === undefined
        ? row
        : columns(
            key.map(({ name }) => name),
            alias,
          );
    return `SELECT ${columns(names, alias)}, ${key === undefined ? row : 'NULL'} AS ${text}, row_number() OVER (PARTITION BY ${alike}) AS ${number} FROM ${qualified(relation)} ${alias}`;
  };
  const on =
    key === undefined
      ? `a.${text} = k.${text}`
      : `${match('a', 'k', key)} AND (${a}) IS NOT DISTINCT FROM (${k})`;
  const pairs = `FROM (${numbered(added, 'a', shape.columns)}) a
    LEFT JOIN (${numbered(whole, 'k', [...shape.columns, ...others])}) k ON ${on} AND a.${number} = k.${number}`;
  const raw = qualified(shape.raw);
  if (others.length > 0)
    await client.query(
      `INSERT INTO ${raw} (${columns([...shape.columns, ...others])}) OVERRIDING SYSTEM VALUE
       SELECT ${columns(shape.columns, 'a')}, ${columns(others, 'k')} ${pairs} WHERE k.${number} IS NOT NULL`,
    );
  await client.query(
    `INSERT INTO ${raw} (${columns(shape.columns)}) SELECT ${columns(shape.columns, 'a')} ${pairs}
     ${others.length > 0 ? `WHERE k.${number} IS NULL` : ''}`,
  );
}
