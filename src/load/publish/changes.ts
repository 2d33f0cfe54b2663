import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import type { Day, Period, RelationName } from '../../project/model.ts';
import { firstDay, lastDay } from '../../project/period.ts';
import { columnOf, dayOfColumn } from '../days.ts';
import { stagingName } from '../staging-name.ts';
import { boundsOf, DELIVERY, rawRows, withDelivery, type RawShape } from './shape.ts';

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
  /** Days of the version that is replaced. */
  oldDays: readonly Day[];
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
  const days = [...new Set([...Object.keys(request.prepared?.days ?? {}), ...request.oldDays])].sort();
  const sql =
    carries.kind === 'period' || (carries.kind === 'snapshot' && carries.mode === 'replace')
      ? replaceSql(request, delivery)
      : mergeSql(request, delivery, days);
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

/** A period or a snapshot is replaced whole, unless both sides hold the same rows the same number of times. */
function replaceSql(request: ChangeRequest, delivery: string): ChangeSql {
  const { shape, period } = request;
  const list = columns(shape.columns);
  const old = oldRows(shape, period, delivery);
  const now = preparedRows(request, delivery);
  const differ = `(EXISTS (SELECT ${list} FROM (${old}) o EXCEPT ALL SELECT ${list} FROM (${now}) n)
               OR EXISTS (SELECT ${list} FROM (${now}) n EXCEPT ALL SELECT ${list} FROM (${old}) o))`;
  const promoted = `SELECT ${withDelivery(shape)} FROM ${qualified(shape.shadow)}
    WHERE ${ident(DELIVERY)} = (SELECT max(${ident(DELIVERY)}) FROM ${qualified(shape.shadow)} WHERE ${ident(DELIVERY)} <> ${delivery})`;
  const takesBack = request.prepared === undefined && shape.dataset.carries.kind === 'snapshot';
  return {
    removed: `SELECT * FROM (${old}) o WHERE ${differ}`,
    // A snapshot that is taken back leaves the one before it.
    added: (removed) =>
      takesBack
        ? `${promoted} AND EXISTS (SELECT FROM ${qualified(removed)})`
        : `SELECT * FROM (${now}) n WHERE ${differ}`,
  };
}

function oldRows(shape: RawShape, period: Period, delivery: string): string {
  const { carries, timeZone } = shape.dataset;
  const from = `SELECT ${columns(shape.columns)}, ${shape.own ? ident(DELIVERY) : `${delivery} AS ${ident(DELIVERY)}`} FROM ${qualified(shape.raw)}`;
  if (carries.kind !== 'period') return from;
  return `${from} WHERE ${periodCondition(shape, period, carries.column, timeZone)}`;
}

/** Rows of a period, by the column that says so. A computed delivery day says it with its shift. */
export function periodCondition(shape: RawShape, period: Period, name: string, timeZone: string): string {
  const column = columnOf(shape.dataset, name);
  const shift = column.value?.kind === 'deliveryDay' ? column.value.addDays : 0;
  const first = firstDay(period).add({ days: shift }).toString();
  const last = column.value?.kind === 'deliveryDay' ? first : lastDay(period).toString();
  return `${dayOfColumn(column, timeZone)} BETWEEN ${literal(first)}::date AND ${literal(last)}::date`;
}

/** Rows are merged by key; which delivery holds a key is decided by the winner alone, never by the order of loads. */
function mergeSql(request: ChangeRequest, delivery: string, days: readonly Day[]): ChangeSql {
  const { shape } = request;
  const { carries, table } = shape.dataset;
  if (shape.key === undefined || !('winner' in carries))
    throw new RangeError(`${shape.dataset.name} is merged and has no key`);
  const key = shape.key;
  const on = (left: string, right: string) => match(left, right, key);
  const bounded = table.partitionBy === undefined ? undefined : days;
  const raw = `(${rawRows(shape, bounded, on)})`;
  const now = `(${preparedRows(request, delivery)})`;
  const wins = carries.winner === 'newest' ? '>' : '<';
  const d = ident(DELIVERY);
  const others = shape.columns.filter((name) => !key.some((each) => each.name === name));
  const differs =
    others.length === 0 ? 'false' : `(${columns(others, 'n')}) IS DISTINCT FROM (${columns(others, 'r')})`;
  const shadow = `(SELECT * FROM ${qualified(shape.shadow)} WHERE ${d} <> ${delivery})`;
  const changes = `((r.${d} = ${delivery} AND ${differs}) OR (r.${d} <> ${delivery} AND ${delivery} ${wins} r.${d}))`;
  return {
    removed: `SELECT ${withDelivery(shape, 'r')} FROM ${raw} r JOIN ${now} n ON ${on('r', 'n')} WHERE ${changes}
      UNION ALL
      SELECT ${withDelivery(shape, 'r')} FROM ${raw} r
       WHERE r.${d} = ${delivery} AND NOT EXISTS (SELECT FROM ${now} n WHERE ${on('r', 'n')})`,
    added: (
      removed,
    ) => `SELECT ${withDelivery(shape, 'n')} FROM ${now} n LEFT JOIN ${raw} r ON ${on('r', 'n')}
       WHERE r.${d} IS NULL OR ${changes}
      UNION ALL
      SELECT * FROM (SELECT DISTINCT ON (${columns(
        key.map((each) => each.name),
        's',
      )}) ${withDelivery(shape, 's')}
        FROM ${shadow} s JOIN ${qualified(removed)} gone ON ${on('s', 'gone')}
       WHERE gone.${d} = ${delivery} AND NOT EXISTS (SELECT FROM ${now} n WHERE ${on('n', 'gone')})
       ORDER BY ${columns(
         key.map((each) => each.name),
         's',
       )}, s.${d} ${carries.winner === 'newest' ? 'DESC' : 'ASC'}) promoted`,
    lost: `SELECT ${withDelivery(shape, 'n')} FROM ${now} n JOIN ${raw} r ON ${on('r', 'n')}
       WHERE r.${d} <> ${delivery} AND NOT ${delivery} ${wins} r.${d}`,
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
  const { shape, removed } = changes;
  const { carries, timeZone } = shape.dataset;
  const raw = qualified(shape.raw);
  if (carries.kind === 'period')
    return `DELETE FROM ${raw} WHERE ${periodCondition(shape, period, carries.column, timeZone)}`;
  if (shape.key === undefined) return `DELETE FROM ${raw}`;
  const bounds = boundsOf(shape, changes.days, 'r');
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
