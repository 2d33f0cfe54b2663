import { Temporal } from 'temporal-polyfill';
import type { CountedDelivery } from '../ledger/versions.ts';
import type { Dataset, Period } from '../project/model.ts';
import { firstDay } from '../project/period.ts';

/** Weeks back in which a weekday is compared with itself, and how many of them make it comparable. */
const WEEKS = 8;
const LEAST_SAME_WEEKDAYS = 3;
/** Otherwise the nearest so many deliveries, and with fewer than the least nobody knows what is usual. */
const MOST_DELIVERIES = 28;
const LEAST_DELIVERIES = 5;

const WEEKDAYS = ['Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays'];

/** What a delivery's count of rows is compared with. */
export interface Comparison {
  rows: number[];
  /** For people: 'the Sundays 2024-11-03, 2024-11-10'. */
  with: string;
}

/**
 * The earlier deliveries that say how many rows are usual: those of the same weekday when there are enough of them (a
 * Sunday is not a Monday), else all recent ones; undefined when there are too few of these as well.
 */
export function comparable(
  dataset: Dataset,
  period: Period,
  history: readonly CountedDelivery[],
): Comparison | undefined {
  const nearest = [...history].sort((a, b) => (a.period < b.period ? 1 : -1));
  const same = dataset.period === 'day' ? sameWeekday(period, nearest) : [];
  if (same.length >= LEAST_SAME_WEEKDAYS) {
    const weekday = WEEKDAYS[firstDay(period).dayOfWeek - 1] ?? '';
    return { rows: same.map(({ rows }) => rows), with: `the ${weekday} ${oldestFirst(same).join(', ')}` };
  }
  const recent = nearest.slice(0, MOST_DELIVERIES);
  if (recent.length < LEAST_DELIVERIES) return undefined;
  const [first, last] = [recent.at(-1)?.period ?? '', recent[0]?.period ?? ''];
  return {
    rows: recent.map(({ rows }) => rows),
    with: `the ${recent.length} deliveries ${first}..${last}`,
  };
}

function sameWeekday(day: Period, history: readonly CountedDelivery[]): CountedDelivery[] {
  const own = firstDay(day);
  return history.filter(({ period }) => {
    const days = Temporal.PlainDate.from(period).until(own).total('days');
    return days > 0 && days <= WEEKS * 7 && days % 7 === 0;
  });
}

function oldestFirst(deliveries: readonly CountedDelivery[]): Period[] {
  return deliveries.map(({ period }) => period).sort();
}
