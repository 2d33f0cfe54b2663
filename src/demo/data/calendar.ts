import { Temporal } from 'temporal-polyfill';
import type { Day } from '../../project/model.ts';

const EPOCH = Temporal.PlainDate.from('2020-01-01');
const ZONE = 'Europe/Paris';
/** Public holidays with a fixed date, 'MM-DD'. */
const HOLIDAYS = ['01-01', '05-01', '05-08', '07-14', '08-15', '11-01', '11-11', '12-25'];

/** A day as the generator needs it. */
export interface CalendarDay {
  name: Day;
  /** Days since 2020-01-01: the number that chance is drawn from. */
  number: number;
  /** How much of a usual working day happens on it, from 0 to 1. */
  activity: number;
  /** Users of that time, as a share of those at the end of growth, from 0 to 1. */
  growth: number;
  /** Paris's offset at midnight: '+01' or '+02'. */
  midnightOffset: string;
  /** Paris's offset from 03:00 on. */
  dayOffset: string;
}

export function calendarDay(name: Day): CalendarDay {
  const date = Temporal.PlainDate.from(name);
  const number = EPOCH.until(date).days;
  return {
    name,
    number,
    activity: activityOf(date),
    // S-shaped around the end of 2026; about 3 % a month there.
    growth: 0.25 + 0.75 / (1 + Math.exp(-(number - 2527) / 300)),
    midnightOffset: offsetAt(date, '00:00'),
    dayOffset: offsetAt(date, '12:00'),
  };
}

/** The days that a delivery of `last` covers, newest first. */
export function daysUpTo(last: Day, count: number): CalendarDay[] {
  const date = Temporal.PlainDate.from(last);
  return Array.from({ length: count }, (_, back) => calendarDay(date.subtract({ days: back }).toString()));
}

function activityOf(date: Temporal.PlainDate): number {
  if (HOLIDAYS.includes(date.toString().slice(5))) return 0.25;
  if (date.dayOfWeek === 7) return 0.17;
  if (date.dayOfWeek === 6) return 0.2;
  // Fridays are half a weekend, Wednesdays are free for many parents, and August is August.
  const weekday = date.dayOfWeek === 5 ? 0.88 : date.dayOfWeek === 3 ? 0.93 : 1;
  return date.month === 8 ? weekday * 0.7 : weekday;
}

function offsetAt(date: Temporal.PlainDate, time: string): string {
  return date.toZonedDateTime({ timeZone: ZONE, plainTime: time }).offset.slice(0, 3);
}

/** How much of a day happens in an hour of it, by the working day's shape; hours from 0 to 23. */
export function hourShare(hour: number): number {
  const shape = [1, 0, 0, 0, 0, 1, 4, 12, 34, 60, 66, 58, 30, 40, 58, 60, 52, 36, 18, 9, 7, 5, 3, 2];
  return (shape[hour] ?? 0) / 556;
}
