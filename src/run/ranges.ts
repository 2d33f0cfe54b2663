import type { DeliveryRange } from '../ledger/deliveries.ts';
import type { Dataset, Period } from '../project/model.ts';
import { addPeriods, periodOf, periodRange, today } from '../project/period.ts';

/** What part of the board is wanted: so many periods back from today, or the periods that hold a range of days. */
export type BoardRange = { columns: number } | { first: string; last: string };

/** The periods of a dataset or aggregate in a range, oldest first. `now` is RFC 3339. */
export function boardPeriods(
  dataset: Pick<Dataset, 'period' | 'timeZone'>,
  range: BoardRange,
  now: string,
): Period[] {
  if ('first' in range)
    return periodRange(periodOf(range.first, dataset.period), periodOf(range.last, dataset.period));
  const current = periodOf(today(now, dataset.timeZone), dataset.period);
  return periodRange(addPeriods(current, 1 - range.columns), current);
}

/** The same as first and last, for the ledger. */
export function deliveryRange(dataset: string, periods: readonly Period[]): DeliveryRange[] {
  const first = periods[0];
  const last = periods.at(-1);
  return first === undefined || last === undefined ? [] : [{ dataset, first, last }];
}
