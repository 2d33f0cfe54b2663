import type { Dataset, Period, PeriodUnit } from '../project/model.ts';
import { addPeriods, firstDay } from '../project/period.ts';

const FORMATS: Record<PeriodUnit, string> = { day: 'YYYY-MM-DD', week: 'IYYY-"W"IW', month: 'YYYY-MM' };

/** How to_char names the period of a local time. */
export function periodFormat(unit: PeriodUnit): string {
  return FORMATS[unit];
}

/** When a period begins in the dataset's time zone, RFC 3339. */
export function firstInstant(dataset: Pick<Dataset, 'timeZone'>, period: Period): string {
  return firstDay(period).toZonedDateTime(dataset.timeZone).toInstant().toString();
}

/** When a period begins, and when the next one does: 23 to 25 hours are a day. */
export function instantsOf(dataset: Pick<Dataset, 'timeZone'>, period: Period): readonly [string, string] {
  return [firstInstant(dataset, period), firstInstant(dataset, addPeriods(period, 1))];
}
