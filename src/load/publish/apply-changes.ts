import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { periodRows, replacesRows } from './change-sql.ts';
import { appliedChanges, type Changes } from './changes.ts';
import { attachPartition } from './partitions.ts';
import { insertWhole } from './whole.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { boundsOf, dayRange, withDelivery } from './shape.ts';

/** Applies a change to the raw table, the shadow and the origins, in the caller's transaction. */
export async function applyChanges(client: ClientBase, changes: Changes): Promise<void> {
  const { shape, removed, delivery, only } = changes;
  const { added } = appliedChanges(changes);
  const d = ident(DELIVERY);
  if (changes.removedRows > 0)
    await client.query((await emptiesItsDays(client, changes)) ?? deleteSql(changes));
  for (const partition of changes.built) await attachPartition(client, shape, partition);
  if (changes.whole === undefined) await insertRest(client, changes);
  else await insertWhole(client, changes, changes.whole);
  if (shape.dataset.carries.kind === 'period') return;
  const shadow = qualified(shape.shadow);
  await client.query(
    only === undefined
      ? `DELETE FROM ${shadow} WHERE ${d} = ${delivery}`
      : `DELETE FROM ${shadow} s USING ${qualified(only)} k WHERE s.${d} = ${delivery} AND ${match('s', 'k', shape.key ?? [])}`,
  );
  if (shape.key === undefined) {
    await client.query(
      `DELETE FROM ${shadow} s USING (SELECT DISTINCT ${d} FROM ${qualified(added)}) a WHERE s.${d} = a.${d}`,
    );
  } else {
    await client.query(
      `DELETE FROM ${shadow} s USING ${qualified(added)} a WHERE a.${d} <> ${delivery} AND s.${d} = a.${d} AND ${match('s', 'a', shape.key)}`,
    );
  }
  await client.query(
    `INSERT INTO ${shadow} (${withDelivery(shape)}) SELECT ${withDelivery(shape)} FROM ${qualified(removed)} WHERE ${d} <> ${delivery}`,
  );
  if (changes.lost !== undefined)
    await client.query(
      `INSERT INTO ${shadow} (${withDelivery(shape)}) SELECT ${withDelivery(shape)} FROM ${qualified(changes.lost)}`,
    );
  if (!shape.own && shape.key !== undefined) await moveOrigins(client, changes);
}

/** The rows that did not come with a partition. */
async function insertRest(client: ClientBase, { shape, added, addedRows, built }: Changes): Promise<void> {
  if (addedRows === built.reduce((sum, { rows }) => sum + rows, 0)) return;
  const names = shape.own ? withDelivery(shape) : columns(shape.columns);
  const column = shape.dataset.table.partitionBy ?? '';
  const filled = built.filter(({ rows }) => rows > 0);
  const there = filled.map(({ day }) => dayRange(shape.dataset, column, day, day));
  await client.query(
    `INSERT INTO ${qualified(shape.raw)} (${names}) SELECT ${names} FROM ${qualified(added)}
      ${there.length === 0 ? '' : `WHERE (${there.map((range) => `(${range})`).join(' OR ')}) IS NOT TRUE`}`,
  );
}

/** A DELETE of whole days, where a delivery leaves nothing behind: to find row by row what goes takes longer. */
async function emptiesItsDays(
  client: ClientBase,
  { shape, days, addedRows, removedRows }: Changes,
): Promise<string | undefined> {
  const bounds = boundsOf(shape, days);
  if (!shape.own || bounds === undefined || addedRows > 0) return undefined;
  const raw = qualified(shape.raw);
  // One more than go tells enough.
  const found = await client.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM (SELECT FROM ${raw} WHERE ${bounds} LIMIT ${removedRows + 1}) there`,
  );
  return Number(found.rows[0]?.rows) === removedRows ? `DELETE FROM ${raw} WHERE ${bounds}` : undefined;
}

function deleteSql(changes: Changes): string {
  const { shape, removed, days, delivery } = changes;
  const raw = qualified(shape.raw);
  if (replacesRows(shape))
    return `DELETE FROM ${raw} r USING ${qualified(removed)} gone
      WHERE ${match('r', 'gone', shape.key ?? [])} AND ${periodRows(changes, delivery, 'r')}`;
  if (shape.dataset.carries.kind === 'period')
    return `DELETE FROM ${raw} WHERE ${periodRows(changes, delivery)}`;
  if (shape.key === undefined) return `DELETE FROM ${raw}`;
  const bounds = boundsOf(shape, days, 'r');
  return `DELETE FROM ${raw} r USING ${qualified(removed)} gone WHERE ${match('r', 'gone', shape.key)}${bounds === undefined ? '' : ` AND ${bounds}`}`;
}

async function moveOrigins(client: ClientBase, { shape, removed, added }: Changes): Promise<void> {
  const key = shape.key ?? [];
  const origin = qualified(shape.origin);
  const names = columns(key.map((each) => each.name));
  await client.query(
    `DELETE FROM ${origin} o USING ${qualified(removed)} gone WHERE ${match('o', 'gone', key)}`,
  );
  await client.query(
    `INSERT INTO ${origin} (${names}, ${ident(DELIVERY)}) SELECT ${names}, ${ident(DELIVERY)} FROM ${qualified(added)} WHERE ${ident(DELIVERY)} > '-infinity'`,
  );
}
