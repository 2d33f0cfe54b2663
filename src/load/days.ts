import { ident, literal } from '../ledger/sql.ts';
import type { Column, Dataset } from '../project/model.ts';
import { typeFamily } from './column-types.ts';

/** The raw table's column of that name. */
export function columnOf(dataset: Dataset, name: string): Column {
  const found = dataset.table.columns.find((column) => column.name === name);
  if (found === undefined) throw new RangeError(`${dataset.name}: the table has no column "${name}"`);
  return found;
}

/**
 * The column whose day is the row's own: that of the partitions, or the one that says the period; undefined for tables
 * without days.
 */
export function dayColumn(dataset: Dataset): Column | undefined {
  const name =
    dataset.table.partitionBy ?? (dataset.carries.kind === 'period' ? dataset.carries.column : undefined);
  return name === undefined ? undefined : columnOf(dataset, name);
}

/**
 * The timestamptz column behind the rows' days, or behind any column that is the day of one; undefined when there is
 * none.
 */
export function instantColumn(dataset: Dataset): Column | undefined {
  const own = dayColumn(dataset);
  for (const column of own === undefined ? dataset.table.columns : [own]) {
    const source = column.value?.kind === 'dayOf' ? columnOf(dataset, column.value.column) : own;
    if (source !== undefined && typeFamily(source.type) === 'timestamptz') return source;
  }
  return undefined;
}

/** The day of a column's value as SQL of type date: timestamptz in the time zone, timestamp and date as they are. */
export function dayOfColumn(column: Column, timeZone: string): string {
  return `${localTime(column, timeZone)}::date`;
}

/** The time of day of a column's value as SQL of type time, in the time zone. */
export function timeOfColumn(column: Column, timeZone: string): string {
  return `${localTime(column, timeZone)}::time`;
}

function localTime(column: Column, timeZone: string): string {
  const name = ident(column.name);
  return typeFamily(column.type) === 'timestamptz' ? `(${name} AT TIME ZONE ${literal(timeZone)})` : name;
}
