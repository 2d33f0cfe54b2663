import { match } from '../../ledger/matching.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import type { Dataset, Period } from '../../project/model.ts';
import { firstDay } from '../../project/period.ts';
import { columnOf, dayOfColumn } from '../days.ts';
import { BEFORE, DELIVERY } from '../../ledger/delivery-column.ts';
import { type RawShape } from '../publish/shape.ts';

/**
 * The delivery that a row of the original came from, as SQL over its columns. A delivery that carries its own period
 * is told by the row's day, also when dayboard did not bring it: loading that period then replaces the row, as it did
 * before. Rows of a merged table are older than every delivery unless the origins (alias o) say otherwise; those of a
 * snapshot that is replaced whole are `newest`'s, the newest that is published.
 */
export function deliveryOf(dataset: Dataset, newest: Period | undefined): string {
  const { carries } = dataset;
  if (carries.kind === 'period') return ownPeriod(dataset, carries.column);
  if ('key' in carries) return `coalesce(o.${ident(DELIVERY)}, ${BEFORE})`;
  return newest === undefined ? BEFORE : `${literal(firstDay(newest).toString())}::date`;
}

function ownPeriod(dataset: Dataset, name: string): string {
  const column = columnOf(dataset, name);
  const added = column.value?.kind === 'deliveryDay' ? column.value.addDays : 0;
  const day = `(${dayOfColumn(column, dataset.timeZone)} - ${added})`;
  const first = dataset.period === 'day' ? day : `date_trunc('${dataset.period}', ${day}::timestamp)::date`;
  // Stamped with the delivery's first day: any other is no delivery's.
  const of = column.value?.kind === 'deliveryDay' ? `CASE WHEN ${first} = ${day} THEN ${first} END` : first;
  return `coalesce(${of}, ${BEFORE})`;
}

/** The join that `deliveryOf` needs, over rows with the alias r. */
export function originJoin({ dataset, origin, key }: RawShape): string {
  if (dataset.carries.kind === 'period' || key === undefined) return '';
  return ` LEFT JOIN ${qualified(origin)} o ON ${match('r', 'o', key)}`;
}
