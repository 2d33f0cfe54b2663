import { Temporal } from 'temporal-polyfill';
import { DayboardError } from './errors.ts';
import type { AggregateUnit, Day, Period, Span } from './model.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const WEEK = /^(\d{4})-W(\d{2})$/;
const MONTH = /^\d{4}-\d{2}$/;
const YEAR = /^\d{4}$/;

/** The unit a period's name is of, or undefined when it is no period. */
export function unitOf(period: string): AggregateUnit | undefined {
  if (DAY.test(period)) return 'day';
  if (WEEK.test(period)) return 'week';
  if (MONTH.test(period)) return 'month';
  if (YEAR.test(period)) return 'year';
  return undefined;
}

/** The first day of a period. Throws 'usage.period' when the name is no real period ('2024-02-30'). */
export function firstDay(period: Period): Temporal.PlainDate {
  try {
    const week = WEEK.exec(period);
    if (week) return firstDayOfWeek(Number(week[1]), Number(week[2]));
    if (MONTH.test(period))
      return Temporal.PlainYearMonth.from(period, { overflow: 'reject' }).toPlainDate({ day: 1 });
    if (DAY.test(period)) return Temporal.PlainDate.from(period, { overflow: 'reject' });
    if (YEAR.test(period)) return new Temporal.PlainDate(Number(period), 1, 1);
  } catch (cause) {
    throw notAPeriod(period, cause);
  }
  throw notAPeriod(period);
}

function firstDayOfWeek(year: number, week: number): Temporal.PlainDate {
  // ISO 8601: week 1 holds 4 January.
  const fourth = Temporal.PlainDate.from({ year, month: 1, day: 4 });
  const monday = fourth.subtract({ days: fourth.dayOfWeek - 1 }).add({ weeks: week - 1 });
  if (week < 1 || monday.add({ days: 3 }).year !== year) throw new RangeError(`no week ${week} in ${year}`);
  return monday;
}

function notAPeriod(period: string, cause?: unknown): DayboardError {
  return new DayboardError({
    code: 'usage.period',
    kind: 'usage',
    message: `"${period}" is not a day, week, month or year.`,
    facts: { period },
    next: 'Write a day as 2024-11-14, a week as 2024-W46, a month as 2024-11, a year as 2024.',
    cause,
  });
}

/** The last day of a period. */
export function lastDay(period: Period): Temporal.PlainDate {
  return firstDay(nextPeriod(period)).subtract({ days: 1 });
}

/** The period of the given unit that holds a day. */
export function periodOf(day: Temporal.PlainDate | Day, unit: AggregateUnit): Period {
  const date = typeof day === 'string' ? Temporal.PlainDate.from(day) : day;
  if (unit === 'day') return date.toString();
  if (unit === 'month') return date.toPlainYearMonth().toString();
  if (unit === 'year') return String(date.year).padStart(4, '0');
  const year = String(date.yearOfWeek ?? date.year).padStart(4, '0');
  return `${year}-W${String(date.weekOfYear ?? 1).padStart(2, '0')}`;
}

/** The period `count` units later (earlier when negative). */
export function addPeriods(period: Period, count: number): Period {
  const unit = unitOf(period) ?? 'day';
  return periodOf(firstDay(period).add(duration({ count, unit })), unit);
}

/** A span as Temporal has it. */
export function duration({ count, unit }: Span): Temporal.Duration {
  return Temporal.Duration.from({ [`${unit}s`]: count });
}

export function nextPeriod(period: Period): Period {
  return addPeriods(period, 1);
}

/** All periods from first to last, both included, oldest first; empty when first is after last. */
export function periodRange(first: Period, last: Period): Period[] {
  const end = firstDay(last);
  if (unitOf(first) === 'day') return daysBetween(firstDay(first), end);
  const periods: Period[] = [];
  for (
    let period = first;
    Temporal.PlainDate.compare(firstDay(period), end) <= 0;
    period = nextPeriod(period)
  ) {
    periods.push(period);
  }
  return periods;
}

const DAY_MS = 86_400_000;

/** A board of years asks for thousands of days: they are counted, and not computed one from the other. */
function daysBetween(first: Temporal.PlainDate, last: Temporal.PlainDate): Day[] {
  const from = Date.UTC(first.year, first.month - 1, first.day);
  const count = Math.max(0, first.until(last).days + 1);
  return Array.from({ length: count }, (_, index) =>
    new Date(from + index * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length),
  );
}

/** Today's date in a time zone. `now` is an RFC 3339 instant. */
export function today(now: string, timeZone: string): Temporal.PlainDate {
  return Temporal.Instant.from(now).toZonedDateTimeISO(timeZone).toPlainDate();
}

/** The instant at which a period's delivery is due: `days` after its last day, at `at` ('HH:MM') there. */
export function dueAt(
  period: Period,
  expected: { days: number; at: string },
  timeZone: string,
): Temporal.Instant {
  return lastDay(period)
    .add({ days: expected.days })
    .toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(expected.at) })
    .toInstant();
}

const MAX_PERIODS = 20_000;

/**
 * PERIODS of the command line (CONTRACT) as period names of one unit, oldest first:
 * '2024-11-14', '2024-11-01..2024-11-14', 'yesterday', 'today', '-3' (the last three whole periods),
 * and comma lists of these. For weeks and more, days mean the period that holds them.
 */
export function parsePeriods(
  text: string,
  options: { unit: AggregateUnit; now: string; timeZone: string },
): Period[] {
  const found = new Set<Period>();
  for (const part of text.split(',').map((each) => each.trim())) {
    for (const period of parsePart(part, options)) found.add(period);
  }
  return [...found].sort();
}

function parsePart(part: string, options: { unit: AggregateUnit; now: string; timeZone: string }): Period[] {
  const current = periodOf(today(options.now, options.timeZone), options.unit);
  if (/^-\d{1,4}$/.test(part) && Number(part) < 0)
    return periodRange(addPeriods(current, Number(part)), addPeriods(current, -1));
  const bounds = part.split('..');
  if (bounds.length > 2 || bounds.some((bound) => bound === '')) throw notAPeriod(part);
  const [first, last] = bounds.map((bound) => parseBound(bound, current, options));
  if (first === undefined) throw notAPeriod(part);
  const from = first.first;
  const to = (last ?? first).last;
  if (from > to) {
    throw new DayboardError({
      code: 'usage.period',
      kind: 'usage',
      message: `"${part}" ends before it starts.`,
      facts: { period: part },
      next: 'Write the older period first: 2024-11-01..2024-11-14.',
    });
  }
  const range = periodRange(from, to);
  if (range.length > MAX_PERIODS) throw notAPeriod(part);
  return range;
}

function parseBound(
  bound: string,
  current: Period,
  options: { unit: AggregateUnit; now: string; timeZone: string },
): { first: Period; last: Period } {
  if (bound === 'today') return { first: current, last: current };
  if (bound === 'yesterday') {
    const yesterday = periodOf(today(options.now, options.timeZone).subtract({ days: 1 }), options.unit);
    return { first: yesterday, last: yesterday };
  }
  return { first: periodOf(firstDay(bound), options.unit), last: periodOf(lastDay(bound), options.unit) };
}
