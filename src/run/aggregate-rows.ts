import type { BoardRow, Cell } from '../plan/board.ts';
import { type AggregateFacts, type PeriodState, periodStates } from '../plan/aggregate-periods.ts';
import type { Aggregate, Period } from '../project/model.ts';
import { firstDay } from '../project/period.ts';
import { aggregateFacts, type DerivedInput } from './derived-status.ts';
import { boardPeriods, type BoardRange } from './ranges.ts';

/** The rows of the board that aggregates have beside the datasets; what is computed only on request has none. */
export function aggregateRows(input: DerivedInput, range: BoardRange): BoardRow[] {
  return input.project.aggregates.flatMap((aggregate) => {
    const { period: unit, table } = aggregate;
    if (aggregate.onRequest || unit === 'year') return [];
    const facts = aggregateFacts(aggregate, input);
    const periods = boardPeriods({ period: unit, timeZone: aggregate.timeZone }, range, input.now);
    return [
      {
        dataset: aggregate.name,
        computed: true as const,
        relation: `${table.schema}.${table.name}`,
        unit,
        cells: periodStates(aggregate, periods, facts).map((state, index) =>
          cellOf(aggregate, periods[index] ?? '', facts, state),
        ),
      },
    ];
  });
}

function cellOf(
  aggregate: Aggregate,
  period: Period,
  facts: AggregateFacts,
  { state, why, since }: PeriodState,
): Cell {
  const computed = facts.computed.get(firstDay(period).toString());
  const run = facts.running?.run ?? computed?.run;
  return {
    dataset: aggregate.name,
    computed: true,
    period,
    state,
    why,
    version: 0,
    publishedBefore: computed !== undefined,
    ...(computed === undefined ? {} : { rows: computed.rows }),
    ...(run === undefined ? {} : { run }),
    ...(since === undefined ? {} : { since }),
  };
}
