import { type CalendarDay, daysUpTo, hourShare } from './calendar.ts';
import { record } from './csv.ts';
import type { Sizes } from './sizes.ts';
import { accountsOn } from './people.ts';
import { PLACES } from './organisations.ts';
import { around } from './random.ts';

const FIRST_HOUR = 6;
const LAST_HOUR = 21;
/** Kinds of events, and how many of each there are per active user and day. */
const EVENT_TYPES = [
  ['m.room.encrypted', 21],
  ['m.room.message', 6],
  ['m.reaction', 4],
] as const;

/** The hours of a delivery's days, newest day first. The last hours of its own day are counted too early. */
function* hours(
  day: string,
  windowDays: number,
): Iterable<{ of: CalendarDay; hour: number; counted: number }> {
  for (const [age, of] of daysUpTo(day, windowDays).entries()) {
    for (let hour = FIRST_HOUR; hour <= LAST_HOUR; hour += 1) {
      yield { of, hour, counted: age === 0 && hour >= LAST_HOUR - 2 ? 0.8 : 1 };
    }
  }
}

function time({ name }: CalendarDay, hour: number): string {
  return `${name} ${String(hour).padStart(2, '0')}:00:00`;
}

/** New accounts. Offsets are written with a blank before and minutes behind: '2022-02-08 13:00:00 +02:00'. */
export function* subscriptionRows(day: string, { seed, users, windowDays }: Sizes): Iterable<string> {
  for (const { of, hour, counted } of hours(day, windowDays)) {
    const expected = accountsOn(of, users) * 0.05 * of.activity * hourShare(hour);
    for (const [index, place] of PLACES.entries()) {
      const count = Math.round(
        around(expected * place.share * 8, seed, of.number, hour, index, 51) * counted,
      );
      if (count === 0) continue;
      yield record([count, place.domain, `${time(of, hour)} ${of.dayOffset}:00`, place.instance]);
    }
  }
}

/** Messages, reactions and so on. Offsets are hours alone: '2018-11-21 12:00:00+01'. */
export function* eventRows(day: string, { seed, users, windowDays }: Sizes): Iterable<string> {
  for (const { of, hour, counted } of hours(day, windowDays)) {
    const active = accountsOn(of, users) * of.activity * hourShare(hour);
    for (const [index, place] of PLACES.entries()) {
      for (const [kind, [type, perUser]] of EVENT_TYPES.entries()) {
        const count = Math.round(
          around(active * place.share * perUser, seed, of.number, hour, index, kind, 52) * counted,
        );
        if (count === 0) continue;
        yield record([count, type, place.domain, `${time(of, hour)}${of.dayOffset}`, place.instance]);
      }
    }
  }
}
