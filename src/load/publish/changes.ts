import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import type { Day, Period, RelationName } from '../../project/model.ts';
import { firstDay, lastDay } from '../../project/period.ts';
import { typeFamily } from '../column-types.ts';
import { columnOf } from '../days.ts';
import { stagingName } from '../staging-name.ts';
import { BEFORE, boundsOf, dayRange, DELIVERY, rawRows, withDelivery, type RawShape } from './shape.ts';

/** The change that a publish makes, as rows: what leaves the raw table, what comes, and what the delivery lost. */
export interface Changes {
  shape: RawShape;
  /** First day of the delivery, as SQL. */
  delivery: string;
  /** Raw columns and the delivery each row came from. */
  added: RelationName;
  removed: RelationName;
  /** Rows of this delivery whose key stays with another; undefined where keys are not shared. */
  lost: RelationName | undefined;
  addedRows: number;
  removedRows: number;
  /** Days that the changed rows lie in, for bounds; undefined when the layout has no days. */
  days: Day[];
}

export interface ChangeRequest {
  client: ClientBase;
  shape: RawShape;
  period: Period;
  run: string;
  /** The delivery's rows; undefined to take the delivery back. */
  prepared: { relation: RelationName; days: Record<Day, number> } | undefined;
  /** Days of the current version that is replaced or taken back; undefined when there is none. */
  oldDays: readonly Day[] | undefined;
  /** The newest other period that is published. */
  newestOther: Period | undefined;
}

/**
 * Computes the change of a publish into work tables. The caller holds the table's lock, so that what is read here is
 * still so when the change is applied. Rows that are the same before and after are in none of the tables.
 */
export async function computeChanges(request: ChangeRequest): Promise<Changes> {
  const { client, shape, period, run } = request;
  const work = (purpose: 'added' | 'removed' | 'lost') =>
    stagingName(shape.dataset.name, period, run, purpose);
  const { carries } = shape.dataset;
  const delivery = `${literal(firstDay(period).toString())}::date`;
  const days = [
    ...new Set([...Object.keys(request.prepared?.days ?? {}), ...(request.oldDays ?? [])]),
  ].sort();
  const sql =
    carries.kind === 'period'
      ? periodSql(request, delivery, days)
      : 'key' in carries
        ? mergeSql(request, delivery, days)
        : snapshotSql(request, delivery);
  const added = work('added');
  const removed = work('removed');
  const removedRows = await create(client, removed, sql.removed);
  const addedRows = await create(client, added, sql.added(removed));
  const lost = sql.lost === undefined ? undefined : work('lost');
  if (lost !== undefined && sql.lost !== undefined) await create(client, lost, sql.lost);
  return { shape, delivery, added, removed, lost, addedRows, removedRows, days };
}

interface ChangeSql {
  removed: string;
  added: (removed: RelationName) => string;
  lost?: string;
}

async function create(client: ClientBase, relation: RelationName, select: string): Promise<number> {
  await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
  const made = await client.query(`CREATE UNLOGGED TABLE ${qualified(relation)} AS ${select}`);
  await client.query(`ANALYZE ${qualified(relation)}`);
  return made.rowCount ?? 0;
}

function preparedRows({ shape, prepared }: ChangeRequest, delivery: string): string {
  if (prepared === undefined)
    return `SELECT ${columns(shape.columns)}, ${delivery} AS ${ident(DELIVERY)} FROM ${qualified(shape.raw)} WHERE false`;
  return `SELECT ${columns(shape.columns)}, ${delivery} AS ${ident(DELIVERY)} FROM ${qualified(prepared.relation)}`;
}

/** A period is replaced whole, unless both sides hold the same rows the same number of times. */
function periodSql(request: ChangeRequest, delivery: string, days: readonly Day[]): ChangeSql {
  const { shape, period } = request;
  const now = preparedRows(request, delivery);
  const old = `SELECT ${columns(shape.columns)}, ${delivery} AS ${ident(DELIVERY)} FROM ${qualified(shape.raw)}
    WHERE ${periodRows(shape, period, days, delivery)}`;
  const differ = differs(shape, old, now);
  return {
    removed: `SELECT * FROM (${old}) o WHERE ${differ}`,
    added: () => `SELECT * FROM (${now}) n WHERE ${differ}`,
  };
}

/** Rows that a delivery of one period brought; in a table that does not say so, those of the period's days. */
function periodRows(shape: RawShape, period: Period, days: readonly Day[], delivery: string): string {
  const { dataset, own } = shape;
  if (own) {
    const bounds = boundsOf(shape, days);
    return `${ident(DELIVERY)} = ${delivery}${bounds === undefined ? '' : ` AND ${bounds}`}`;
  }
  if (dataset.carries.kind !== 'period') throw new RangeError(`${dataset.name} carries no period`);
  const { name, value } = columnOf(dataset, dataset.carries.column);
  const first = firstDay(period).add({ days: value?.kind === 'deliveryDay' ? value.addDays : 0 });
  const last = value?.kind === 'deliveryDay' ? first : lastDay(period);
  return dayRange(dataset, name, first.toString(), last.toString());
}

function differs(shape: RawShape, old: string, now: string): string {
  const list = comparable(shape, shape.columns).join(', ');
  return `(EXISTS (SELECT ${list} FROM (${old}) o EXCEPT ALL SELECT ${list} FROM (${now}) n)
        OR EXISTS (SELECT ${list} FROM (${now}) n EXCEPT ALL SELECT ${list} FROM (${old}) o))`;
}

/** Columns in a form that can be compared: not every type knows when two values are equal. */
function comparable(shape: RawShape, names: readonly string[], alias?: string): string[] {
  return names.map((name) => {
    const column = columns([name], alias);
    return typeFamily(columnOf(shape.dataset, name).type) === 'other' ? `${column}::text` : column;
  });
}

/** The raw table holds the newest snapshot; the others stand in the shadow, whole, until it is taken back. */
function snapshotSql(request: ChangeRequest, delivery: string): ChangeSql {
  const { shape, period, prepared, newestOther, oldDays } = request;
  const now = preparedRows(request, delivery);
  const isCurrent = oldDays !== undefined;
  if (newestOther !== undefined && newestOther > period)
    return { removed: `${now} LIMIT 0`, added: () => `${now} LIMIT 0`, lost: now };
  const before = newestOther === undefined ? BEFORE : `${literal(firstDay(newestOther).toString())}::date`;
  const old = `SELECT ${columns(shape.columns)}, ${isCurrent ? delivery : before} AS ${ident(DELIVERY)} FROM ${qualified(shape.raw)}`;
  const promoted = `SELECT ${withDelivery(shape)} FROM ${qualified(shape.shadow)} WHERE ${ident(DELIVERY)} = ${before}`;
  if (prepared === undefined)
    return {
      removed: isCurrent ? old : `${old} LIMIT 0`,
      added: () => (isCurrent ? promoted : `${now} LIMIT 0`),
    };
  const differ = isCurrent ? differs(shape, old, now) : 'true';
  return {
    removed: `SELECT * FROM (${old}) o WHERE ${differ}`,
    added: () => `SELECT * FROM (${now}) n WHERE ${differ}`,
  };
}

/** Rows are merged by key; which delivery holds a key is decided by the winner alone, never by the order of loads. */
function mergeSql(request: ChangeRequest, delivery: string, days: readonly Day[]): ChangeSql {
  const { shape } = request;
  const { carries } = shape.dataset;
  const { key } = shape;
  if (key === undefined || !('winner' in carries))
    throw new RangeError(`${shape.dataset.name} is merged and has no key`);
  const on = (left: string, right: string) => match(left, right, key);
  const raw = `(${rawRows(shape, days, on)})`;
  const now = `(${preparedRows(request, delivery)})`;
  const wins = carries.winner === 'newest' ? '>' : '<';
  const best = carries.winner === 'newest' ? 'DESC' : 'ASC';
  const d = ident(DELIVERY);
  const keyNames = key.map(({ name }) => name);
  const values = shape.columns.filter((name) => !keyNames.includes(name));
  const [left, right] = ['n', 'r'].map((alias) => comparable(shape, values, alias).join(', '));
  const changed = values.length === 0 ? 'false' : `(${left}) IS DISTINCT FROM (${right})`;
  const gives = `((r.${d} = ${delivery} AND ${changed}) OR (r.${d} <> ${delivery} AND ${delivery} ${wins} r.${d}))`;
  // Rows that were there before dayboard may share a key: hence "exists", and every row of the best delivery.
  const promoted = (removed: RelationName) => `SELECT ${withDelivery(shape)} FROM (
      SELECT s.*, rank() OVER (PARTITION BY ${columns(keyNames, 's')} ORDER BY s.${d} ${best}) AS _rank
        FROM ${qualified(shape.shadow)} s JOIN ${qualified(removed)} gone ON ${on('s', 'gone')}
       WHERE s.${d} <> ${delivery} AND gone.${d} = ${delivery}
         AND NOT EXISTS (SELECT FROM ${now} n WHERE ${on('n', 'gone')})) ranked WHERE _rank = 1`;
  return {
    removed: `SELECT ${withDelivery(shape, 'r')} FROM ${raw} r JOIN ${now} n ON ${on('r', 'n')} WHERE ${gives}
      UNION ALL
      SELECT ${withDelivery(shape, 'r')} FROM ${raw} r
       WHERE r.${d} = ${delivery} AND NOT EXISTS (SELECT FROM ${now} n WHERE ${on('r', 'n')})`,
    added: (removed) => `SELECT ${withDelivery(shape, 'n')} FROM ${now} n
       WHERE NOT EXISTS (SELECT FROM ${raw} r WHERE ${on('r', 'n')} AND NOT ${gives})
      UNION ALL ${promoted(removed)}`,
    lost: `SELECT ${withDelivery(shape, 'n')} FROM ${now} n
       WHERE EXISTS (SELECT FROM ${raw} r WHERE ${on('r', 'n')} AND r.${d} <> ${delivery} AND NOT ${delivery} ${wins} r.${d})`,
  };
}

/** Applies a change to the raw table, the shadow and the origins, in the caller's transaction. */
export async function applyChanges(client: ClientBase, changes: Changes, period: Period): Promise<void> {
  const { shape, removed, added, delivery } = changes;
  const d = ident(DELIVERY);
  if (changes.removedRows > 0) await client.query(deleteSql(changes, period));
  if (changes.addedRows > 0) {
    const [names, values] = shape.own
      ? [withDelivery(shape), withDelivery(shape)]
      : [columns(shape.columns), columns(shape.columns)];
    await client.query(
      `INSERT INTO ${qualified(shape.raw)} (${names}) SELECT ${values} FROM ${qualified(added)}`,
    );
  }
  if (shape.dataset.carries.kind === 'period') return;
  const shadow = qualified(shape.shadow);
  await client.query(`DELETE FROM ${shadow} WHERE ${d} = ${delivery}`);
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

function deleteSql(changes: Changes, period: Period): string {
  const { shape, removed, days, delivery } = changes;
  const raw = qualified(shape.raw);
  if (shape.dataset.carries.kind === 'period')
    return `DELETE FROM ${raw} WHERE ${periodRows(shape, period, days, delivery)}`;
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
