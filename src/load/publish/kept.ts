import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { ownTable } from '../../ledger/short-name.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { inTransaction, setLockTimeout, withRetries } from '../../ledger/transaction.ts';
import type { Dataset, Period, RelationName } from '../../project/model.ts';
import { comparable, replacesRows } from './change-sql.ts';
import type { Changes } from './changes.ts';
import { columnSql } from './own-table.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { withDelivery, type RawShape } from './shape.ts';

/** What a version took away from the one before it, so that it can be taken back. */
export interface Kept {
  /** Rows (raw columns and the delivery) of the former version that the new one does not have. */
  rows: RelationName;
  /** Keys of the rows that the new version has and the former had not; undefined where a delivery is replaced whole. */
  keys: RelationName | undefined;
  /** Rows that went out of somebody else's table, as they stood there. */
  whole: RelationName;
}

/**
 * The tables that keep a version of a delivery (0 for what was there before its first) for its return, and the run that
 * does: what another run kept of the same version may still be there, because somebody reads it.
 */
export function keptTables(
  project: string,
  shape: RawShape,
  period: Period,
  version: number,
  run: string,
): Kept {
  const table = (end: string) =>
    ownTable('kept', project, `${shape.dataset.name}_${period}`, `_v${version}_r${run}${end}`);
  return { rows: table(''), keys: isRowWise(shape) ? table('_keys') : undefined, whole: table('_whole') };
}

/** Whether versions of a delivery are told apart row by row. */
export function isRowWise(shape: RawShape): boolean {
  const { carries } = shape.dataset;
  return carries.kind === 'period' ? replacesRows(shape) : shape.key !== undefined;
}

/**
 * Keeps what a change takes away from a delivery's former version, before the change is applied and in its transaction.
 * The rows are those of the delivery wherever they stand: in the raw table or, where another delivery's stands for
 * them, in the shadow. Returns how many rows are kept.
 */
export async function keepFormer(
  client: ClientBase,
  changes: Changes,
  kept: Omit<Kept, 'whole'>,
): Promise<number> {
  const { shape, removed, added, lost, delivery } = changes;
  const d = ident(DELIVERY);
  const shadowed = shape.dataset.carries.kind !== 'period';
  const of = (relation: RelationName) =>
    `SELECT ${withDelivery(shape)} FROM ${qualified(relation)} WHERE ${d} = ${delivery}`;
  const parts = [of(removed)];
  if (shadowed)
    parts.push(lost === undefined ? of(shape.shadow) : without(shape, of(shape.shadow), of(lost)));
  const made = await client.query(`CREATE TABLE ${qualified(kept.rows)} AS ${parts.join(' UNION ALL ')}`);
  if (kept.keys !== undefined) {
    const key = columns((shape.key ?? []).map(({ name }) => name));
    const come = [of(added)];
    if (lost !== undefined) come.push(without(shape, of(lost), of(shape.shadow)));
    await client.query(
      `CREATE TABLE ${qualified(kept.keys)} AS SELECT DISTINCT ${key} FROM (${[...come, `SELECT ${withDelivery(shape)} FROM ${qualified(kept.rows)}`].join(' UNION ALL ')}) both_sides`,
    );
  }
  return made.rowCount ?? 0;
}

/** The rows of one SELECT that the other has not just so. */
function without(shape: RawShape, rows: string, others: string): string {
  if (shape.key === undefined) return rows;
  const [a, b] = ['a', 'b'].map((alias) => comparable(shape, shape.columns, alias).join(', '));
  return `SELECT ${withDelivery(shape, 'a')} FROM (${rows}) a
     WHERE NOT EXISTS (SELECT FROM (${others}) b WHERE ${match('a', 'b', shape.key)} AND (${a}) IS NOT DISTINCT FROM (${b}))`;
}

/**
 * Columns that the definition gained since the rows were kept: those rows have none of them. Asked first, because
 * whoever reads the table, as a backup does, keeps ALTER waiting also where it has nothing to do.
 */
export async function addNewColumns(
  client: ClientBase,
  kept: Pick<Kept, 'rows'>,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<void> {
  const found = await client.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped',
    [qualified(kept.rows)],
  );
  const there = new Set(found.rows.map(({ name }) => name));
  const missing = dataset.table.columns.filter(({ name }) => !there.has(name));
  if (missing.length === 0) return;
  const adds = missing.map((column) => `ADD COLUMN ${columnSql({ ...column, nullable: true })}`);
  await withRetries(
    signal,
    () =>
      inTransaction(client, async () => {
        await setLockTimeout(client);
        await client.query(`ALTER TABLE ${qualified(kept.rows)} ${adds.join(', ')}`);
      }),
    { client, relations: [kept.rows] },
  );
}
