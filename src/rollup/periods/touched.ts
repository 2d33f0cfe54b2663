import type { ClientBase } from 'pg';
import { owe, WHOLE } from '../../ledger/derived.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { aggregatesOver, periodsAbove, periodsTouchedBy } from '../../plan/aggregate-periods.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Aggregate, Period, Project } from '../../project/model.ts';
import { firstDay } from '../../project/period.ts';
import type { RowChange } from '../delta.ts';
import { columnType } from './sql.ts';

/**
 * Notes the periods in whose windows a change of a dataset's rows lies as owed, in the aggregates over it and in those
 * over them. In the transaction that changes the rows.
 */
export async function oweAggregates(
  client: ClientBase,
  project: Project,
  dataset: string,
  change: RowChange,
  why: string,
): Promise<void> {
  const days = new Map<string, Array<{ day: string; start: boolean }>>();
  for (const aggregate of aggregatesOver(project, dataset)) {
    const { over, timeZone } = aggregate;
    const local =
      columnType(project, aggregate) === 'date'
        ? `${ident(over.column)}::timestamp`
        : `(${ident(over.column)} AT TIME ZONE ${literal(timeZone)})`;
    let touched = days.get(local);
    if (touched === undefined) {
      touched = await touchedDays(client, local, over.column, change);
      days.set(local, touched);
    }
    const periods = new Set(touched.flatMap(({ day, start }) => periodsTouchedBy(aggregate, day, start)));
    await oweUp(client, project, aggregate, [...periods], why);
  }
}

async function touchedDays(
  client: ClientBase,
  local: string,
  column: string,
  change: RowChange,
): Promise<Array<{ day: string; start: boolean }>> {
  const name = ident(column);
  const found = await client.query<{ day: string; start: boolean }>(
    `SELECT to_char(${local}, 'YYYY-MM-DD') AS day, bool_or(${local} = date_trunc('day', ${local})) AS start
       FROM (SELECT ${name} FROM ${qualified(change.added)} UNION ALL SELECT ${name} FROM ${qualified(change.removed)}) AS rows
      WHERE isfinite(${name}) GROUP BY 1`,
  );
  return found.rows;
}

/** Notes periods of an aggregate as owed, and what is computed from them. */
async function oweUp(
  client: ClientBase,
  project: Project,
  aggregate: Aggregate,
  periods: readonly Period[],
  why: string,
): Promise<void> {
  const days = periods.map((period) => firstDay(period).toString());
  await owe(client, project.name, aggregate.name, days, why);
  for (const above of aggregatesOver(project, aggregate.name))
    await oweUp(client, project, above, periodsAbove(above, periods), why);
}

/** Notes what is computed from periods of an aggregate as owed, once they hold other rows. */
export async function oweAbove(
  client: ClientBase,
  project: Project,
  aggregate: Aggregate,
  periods: readonly Period[],
): Promise<void> {
  if (periods.length === 0) return;
  const why = `${aggregate.name} changed.`;
  for (const above of aggregatesOver(project, aggregate.name))
    await oweUp(client, project, above, periodsAbove(above, periods), why);
  const affected = affectedDerived(project, [aggregate.name]);
  for (const view of project.views)
    if (affected.has(view.name)) await owe(client, project.name, view.name, [WHOLE], why);
}
