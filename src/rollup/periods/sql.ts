import { literal } from '../../ledger/sql.ts';
import type { Aggregate, Day, Period, Project } from '../../project/model.ts';
import { firstDay } from '../../project/period.ts';
import { windowOf } from '../../plan/aggregate-periods.ts';
import { Temporal } from 'temporal-polyfill';

/** The first days of periods as a constant. */
export function firstDays(periods: readonly Period[]): string {
  const days = periods.map((period) => literal(firstDay(period).toString()));
  return `ARRAY[${days.join(', ')}]::date[]`;
}

/**
 * The SELECT of some periods' rows. Periods and bounds stand in it as constants, so that the server can leave out
 * partitions and knows how many rows to expect.
 */
export function periodsSql(project: Project, aggregate: Aggregate, periods: readonly Period[]): string {
  const windows = periods.map((period) => windowOf(aggregate, period));
  const from = windows.map((window) => window.from).sort()[0] ?? '';
  const to =
    windows
      .map((window) => window.to)
      .sort()
      .at(-1) ?? '';
  const values: Record<string, string> = {
    periods: firstDays(periods),
    from: dayStart(project, aggregate, from),
    to: dayStart(project, aggregate, to),
  };
  // Not after a colon: `::from` would be a cast.
  return aggregate.sql.replaceAll(/(?<!:):(periods|from|to)\b/g, (_, name: string) => values[name] ?? '');
}

/** The start of a day as a constant of the type of the column that is read. */
function dayStart(project: Project, aggregate: Aggregate, day: Day): string {
  if (columnType(project, aggregate) === 'date') return `${literal(day)}::date`;
  const instant = Temporal.PlainDate.from(day).toZonedDateTime(aggregate.timeZone).toInstant();
  return `${literal(instant.toString())}::timestamptz`;
}

/** Whether the column that says which periods a row belongs to holds days or instants. */
export function columnType(project: Project, { over }: Aggregate): 'date' | 'instant' {
  const parent =
    project.datasets.find(({ name }) => name === over.name) ??
    project.aggregates.find(({ name }) => name === over.name);
  const type = parent?.table.columns.find(({ name }) => name === over.column)?.type ?? 'date';
  return type.trim().toLowerCase() === 'date' ? 'date' : 'instant';
}
