import { Temporal } from 'temporal-polyfill';
import { WEEKDAYS } from './board-model.ts';

/**
 * A day as people type it: '2026-11-13', '11-13' (the last one that was), '-3' (days back), 'mon' (the last one),
 * 'today', 'yesterday'. Undefined when it is none of these or lies in the future.
 */
export function parseDay(text: string, today: Temporal.PlainDate): Temporal.PlainDate | undefined {
  const found = parse(text.trim().toLowerCase(), today);
  return found === undefined || Temporal.PlainDate.compare(found, today) > 0 ? undefined : found;
}

function parse(text: string, today: Temporal.PlainDate): Temporal.PlainDate | undefined {
  if (text === 'today' || text === '0') return today;
  if (text === 'yesterday') return today.subtract({ days: 1 });
  const back = /^-(\d{1,4})$/u.exec(text);
  if (back !== null) return today.subtract({ days: Number(back[1]) });
  const weekday = text.length >= 2 ? WEEKDAYS.findIndex((name) => name.startsWith(text.slice(0, 3))) : -1;
  if (weekday !== -1) return today.subtract({ days: (today.dayOfWeek - weekday - 1 + 7) % 7 });
  try {
    if (/^\d{4}-\d{2}-\d{2}$/u.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' });
    if (/^\d{1,2}-\d{1,2}$/u.test(text)) return lastOfYear(text, today);
  } catch {
    // '2026-02-30': no such day.
  }
  return undefined;
}

function lastOfYear(text: string, today: Temporal.PlainDate): Temporal.PlainDate {
  const [month, day] = text.split('-').map(Number) as [number, number];
  const date = Temporal.PlainDate.from({ year: today.year, month, day }, { overflow: 'reject' });
  return Temporal.PlainDate.compare(date, today) > 0 ? date.subtract({ years: 1 }) : date;
}
