import { match } from '../../ledger/matching.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import type { Day, Period, RelationName } from '../../project/model.ts';
import { firstDay, lastDay } from '../../project/period.ts';
import { typeFamily } from '../column-types.ts';
import { columnOf } from '../days.ts';
import { BEFORE, DELIVERY } from '../../ledger/delivery-column.ts';
import { boundsOf, dayRange, rawRows, withDelivery, type RawShape } from './shape.ts';

/** A change of what one delivery has in a raw table. */
export interface ChangeRequest {
  shape: RawShape;
  period: Period;
  /** The delivery's rows (raw columns and the delivery); undefined to take the delivery back. */
  rows: { relation: RelationName; count: number } | undefined;
  /** Days that the delivery's rows lie in, before or after. */
  days: readonly Day[];
  /** A version of the delivery is published now. */
  published: boolean;
  /** The newest other period that is published. */
  newestOther: Period | undefined;
  /** The keys that the change is about, where it is about some: the delivery's rows with other keys stay. */
  only?: RelationName;
}

type PeriodRows = Pick<ChangeRequest, 'shape' | 'period' | 'days'>;

/** SELECTs of the rows that leave the raw table, that come, and that the delivery has and another's stand for. */
export interface ChangeSql {
  removed: string;
  added: (removed: RelationName) => string;
  lost?: string;
  /** What the others are read from, to be made first. */
  pairs?: string;
}

/** @param pairs a table that may be made for the SELECTs to read from */
export function changeSql(request: ChangeRequest, delivery: string, pairs: RelationName): ChangeSql {
  const { shape, rows } = request;
  const { carries } = shape.dataset;
  if (carries.kind === 'period') return periodSql(request, delivery);
  // Rows that were there before dayboard may share a key, and have no one partner; a delivery that goes has none.
  if ('key' in carries)
    return mergeSql(request, delivery, shape.own && rows !== undefined ? pairs : undefined);
  return snapshotSql(request, delivery);
}

/** A delivery's first day as a constant, as its rows carry it. */
export function deliverySql(period: Period): string {
  return `${literal(firstDay(period).toString())}::date`;
}

function newRows({ shape, rows }: ChangeRequest, delivery: string): string {
  if (rows === undefined)
    return `SELECT ${columns(shape.columns)}, ${delivery} AS ${ident(DELIVERY)} FROM ${qualified(shape.raw)} WHERE false`;
  return `SELECT ${withDelivery(shape)} FROM ${qualified(rows.relation)}`;
}

/**
 * A period is replaced: row by row where its rows are told apart by a key, else whole, unless both sides hold the same
 * rows the same number of times.
 */
function periodSql(request: ChangeRequest, delivery: string): ChangeSql {
  const { shape } = request;
  const now = newRows(request, delivery);
  const old = `SELECT ${columns(shape.columns)}, ${delivery} AS ${ident(DELIVERY)} FROM ${qualified(shape.raw)}
    WHERE ${periodRows(request, delivery)}`;
  if (replacesRows(shape)) {
    const { key = [] } = shape;
    const [o, n] = ['o', 'n'].map((alias) => comparable(shape, shape.columns, alias).join(', '));
    const same = `${match('o', 'n', key)} AND (${o}) IS NOT DISTINCT FROM (${n})`;
    return {
      removed: `SELECT * FROM (${old}) o WHERE ${aboutKey(request, 'o')} AND NOT EXISTS (SELECT FROM (${now}) n WHERE ${same})`,
      added: () => `SELECT * FROM (${now}) n WHERE NOT EXISTS (SELECT FROM (${old}) o WHERE ${same})`,
    };
  }
  const differ = differs(shape, old, now);
  return {
    removed: `SELECT * FROM (${old}) o WHERE ${differ}`,
    added: () => `SELECT * FROM (${now}) n WHERE ${differ}`,
  };
}

/** Whether a period's rows are replaced one by one: nobody but dayboard can have brought a key twice. */
export function replacesRows({ dataset, own, key }: RawShape): boolean {
  return dataset.carries.kind === 'period' && own && key !== undefined;
}

/** Rows that a delivery of one period brought; in a table that does not say so, those of the period's days. */
export function periodRows({ shape, period, days }: PeriodRows, delivery: string, alias?: string): string {
  const { dataset, own } = shape;
  if (own) {
    const bounds = boundsOf(shape, days, alias);
    const column = `${alias === undefined ? '' : `${alias}.`}${ident(DELIVERY)}`;
    return `${column} = ${delivery}${bounds === undefined ? '' : ` AND ${bounds}`}`;
  }
  if (dataset.carries.kind !== 'period') throw new RangeError(`${dataset.name} carries no period`);
  const { name, value } = columnOf(dataset, dataset.carries.column);
  const first = firstDay(period).add({ days: value?.kind === 'deliveryDay' ? value.addDays : 0 });
  const last = value?.kind === 'deliveryDay' ? first : lastDay(period);
  // Others may have computed the day in another time zone: the instant behind it is asked.
  const asked = value?.kind === 'dayOf' ? value.column : name;
  return dayRange(dataset, asked, first.toString(), last.toString(), alias);
}

/** A condition on the rows of an alias: that their key is one that the change is about. */
function aboutKey({ shape, only }: ChangeRequest, alias: string): string {
  return only === undefined
    ? 'true'
    : `EXISTS (SELECT FROM ${qualified(only)} k WHERE ${match('k', alias, shape.key ?? [])})`;
}

function differs(shape: RawShape, old: string, now: string): string {
  const list = comparable(shape, shape.columns).join(', ');
  return `(EXISTS (SELECT ${list} FROM (${old}) o EXCEPT ALL SELECT ${list} FROM (${now}) n)
        OR EXISTS (SELECT ${list} FROM (${now}) n EXCEPT ALL SELECT ${list} FROM (${old}) o))`;
}

/** Columns in a form that can be compared: not every type knows when two values are equal. */
export function comparable(shape: RawShape, names: readonly string[], alias?: string): string[] {
  return names.map((name) => {
    const column = columns([name], alias);
    return typeFamily(columnOf(shape.dataset, name).type) === 'other' ? `${column}::text` : column;
  });
}

/** The raw table holds the newest snapshot; the others stand in the shadow, whole, until it is taken back. */
function snapshotSql(request: ChangeRequest, delivery: string): ChangeSql {
  const { shape, period, rows, newestOther, published: isCurrent } = request;
  const now = newRows(request, delivery);
  if (newestOther !== undefined && newestOther > period)
    return { removed: `${now} LIMIT 0`, added: () => `${now} LIMIT 0`, lost: now };
  const before = newestOther === undefined ? BEFORE : `${literal(firstDay(newestOther).toString())}::date`;
  const old = `SELECT ${columns(shape.columns)}, ${isCurrent ? delivery : before} AS ${ident(DELIVERY)} FROM ${qualified(shape.raw)}`;
  const promoted = `SELECT ${withDelivery(shape)} FROM ${qualified(shape.shadow)} WHERE ${ident(DELIVERY)} = ${before}`;
  if (rows === undefined)
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
function mergeSql(request: ChangeRequest, delivery: string, pairs: RelationName | undefined): ChangeSql {
  const { shape, days } = request;
  const { carries } = shape.dataset;
  const { key } = shape;
  if (key === undefined || !('winner' in carries))
    throw new RangeError(`${shape.dataset.name} is merged and has no key`);
  const on = (left: string, right: string) => match(left, right, key);
  const raw = `(SELECT * FROM (${rawRows(shape, days, on)}) every WHERE ${aboutKey(request, 'every')})`;
  const now = `(${newRows(request, delivery)})`;
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
  if (pairs !== undefined) return pairedSql(shape, pairs, { raw, now, on, delivery, gives, promoted });
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

interface Merging {
  raw: string;
  now: string;
  on: (left: string, right: string) => string;
  delivery: string;
  gives: string;
  promoted: (removed: RelationName) => string;
}

/**
 * The same from one pass over both sides, where no two rows share a key: each row beside its partner, those that differ
 * in what is to be done.
 */
function pairedSql(shape: RawShape, pairs: RelationName, merging: Merging): ChangeSql {
  const { raw, now, on, delivery, gives, promoted } = merging;
  const names = [...shape.columns, DELIVERY];
  const side = (alias: 'r' | 'n') => names.map((name, at) => `${alias}.${ident(name)} AS ${alias}${at}`);
  const of = (alias: 'r' | 'n') => names.map((name, at) => `${alias}${at} AS ${ident(name)}`).join(', ');
  const last = names.length - 1;
  const d = ident(DELIVERY);
  const from = (alias: 'r' | 'n', where: string) =>
    `SELECT ${of(alias)} FROM ${qualified(pairs)} WHERE ${where}`;
  return {
    pairs: `SELECT ${[...side('r'), ...side('n')].join(', ')}, ${gives} AS gives FROM ${raw} r FULL JOIN ${now} n ON ${on('r', 'n')}
      WHERE r.${d} IS NULL OR (n.${d} IS NULL AND r.${d} = ${delivery}) OR (n.${d} IS NOT NULL AND (${gives} OR r.${d} <> ${delivery}))`,
    removed: from('r', `r${last} IS NOT NULL AND (n${last} IS NULL OR gives)`),
    added: (removed) =>
      `${from('n', `n${last} IS NOT NULL AND (r${last} IS NULL OR gives)`)} UNION ALL ${promoted(removed)}`,
    lost: from('n', `r${last} IS NOT NULL AND n${last} IS NOT NULL AND NOT gives`),
  };
}
