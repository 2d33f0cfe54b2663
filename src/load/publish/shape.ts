import { Temporal } from 'temporal-polyfill';
import { BEFORE, DELIVERY } from '../../ledger/delivery-column.ts';
import { columns, ident, literal, qualified } from '../../ledger/sql.ts';
import type { MatchColumn } from '../../ledger/matching.ts';
import { ownTable } from '../../ledger/short-name.ts';
import type { Dataset, Day, RelationName } from '../../project/model.ts';
import { columnOf } from '../days.ts';
import { typeFamily } from '../column-types.ts';
import { keyOf } from '../unique-rows.ts';

/** How a dataset's raw table is laid out, as the SQL of publishing needs it. */
export interface RawShape {
  dataset: Dataset;
  /** Made by dayboard: rows carry their delivery. Else it stands in the origin table beside. */
  own: boolean;
  raw: RelationName;
  shadow: RelationName;
  origin: RelationName;
  /** Names of the raw table's columns without the delivery. */
  columns: readonly string[];
  key: readonly MatchColumn[] | undefined;
}

export function rawShape(project: string, dataset: Dataset, own: boolean): RawShape {
  const { schema, name } = dataset.table;
  return {
    dataset,
    own,
    raw: { schema, name },
    shadow: ownTable('shadow', project, dataset.name),
    origin: ownTable('origin', project, dataset.name),
    columns: dataset.table.columns.map((column) => column.name),
    key: keyOf(dataset)?.map((column) => {
      const { name: named, nullable, type } = columnOf(dataset, column);
      return { name: named, nullable, type };
    }),
  };
}

/** Column list with the delivery at its end. */
export function withDelivery(shape: RawShape, alias?: string): string {
  return `${columns(shape.columns, alias)}, ${alias === undefined ? '' : `${alias}.`}${ident(DELIVERY)}`;
}

/** SELECT of all raw rows with their delivery, between two days where the layout allows to bound it. */
export function rawRows(
  shape: RawShape,
  days: readonly Day[] | undefined,
  match: (raw: string, origin: string) => string,
): string {
  const bounds = boundsOf(shape, days, 'r');
  const where = bounds === undefined ? '' : ` WHERE ${bounds}`;
  if (shape.own) return `SELECT ${withDelivery(shape, 'r')} FROM ${qualified(shape.raw)} r${where}`;
  return `SELECT ${columns(shape.columns, 'r')}, coalesce(o.${ident(DELIVERY)}, ${BEFORE}) AS ${ident(DELIVERY)}
            FROM ${qualified(shape.raw)} r LEFT JOIN ${qualified(shape.origin)} o ON ${match('r', 'o')}${where}`;
}

/**
 * A condition that lets the planner leave out partitions (or use an index) of days that cannot matter. Only where a
 * key cannot move to another day: the column is part of the key, or the day of one that is. Rows that somebody else
 * brought may have computed their day otherwise: there the column behind it is asked.
 */
export function boundsOf(
  shape: RawShape,
  days: readonly Day[] | undefined,
  alias?: string,
): string | undefined {
  const { dataset } = shape;
  const { partitionBy } = dataset.table;
  if (days === undefined || partitionBy === undefined) return undefined;
  const key = keyOf(dataset);
  const { value } = columnOf(dataset, partitionBy);
  const settledBy =
    dataset.carries.kind === 'period' || key === undefined || key.includes(partitionBy)
      ? partitionBy
      : value?.kind === 'dayOf' && key.includes(value.column)
        ? value.column
        : undefined;
  if (settledBy === undefined) return undefined;
  const sorted = [...days].sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return 'false';
  return dayRange(dataset, shape.own ? partitionBy : settledBy, first, last, alias);
}

/** The rows whose column lies in these days, both included, as a range that indexes and partitions can use. */
export function dayRange(dataset: Dataset, name: string, first: Day, last: Day, alias?: string): string {
  const column = `${alias === undefined ? '' : `${alias}.`}${ident(name)}`;
  const after = Temporal.PlainDate.from(last).add({ days: 1 }).toString();
  return `${column} >= ${dayStart(dataset, name, first)} AND ${column} < ${dayStart(dataset, name, after)}`;
}

/** Whether the days of the partitions are those of a time zone. */
export function isByInstant(dataset: Dataset): boolean {
  const { partitionBy } = dataset.table;
  return partitionBy !== undefined && typeFamily(columnOf(dataset, partitionBy).type) === 'timestamptz';
}

/** The start of a day, in the dataset's time zone, as a constant of the column's type. */
export function dayStart(dataset: Dataset, name: string, day: Day): string {
  if (typeFamily(columnOf(dataset, name).type) !== 'timestamptz') return literal(day);
  const instant = Temporal.PlainDate.from(day).toZonedDateTime(dataset.timeZone).toInstant();
  return `${literal(instant.toString())}::timestamptz`;
}
