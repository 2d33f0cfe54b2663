import { userAgent } from './agents.ts';
import { type CalendarDay, daysUpTo } from './calendar.ts';
import { record } from './csv.ts';
import type { Sizes } from './sizes.ts';
import { accountsOn, devicesUsed, userAt } from './people.ts';
import { chance } from './random.ts';

/**
 * A delivery of visits carries its own day and a tail of the days before. What was missing or wrong when a day was
 * first delivered is there, and right, in the deliveries after it.
 */
export function* visitRows(day: string, { seed, users, windowDays }: Sizes): Iterable<string> {
  for (const [age, visited] of daysUpTo(day, windowDays).entries()) {
    const timestamp = `${visited.name} 00:00:00${visited.midnightOffset}`;
    for (let number = 0; number < accountsOn(visited, users); number += 1) {
      const user = userAt(seed, number);
      for (const device of devicesUsed(seed, user, visited)) {
        if (isLate(seed, device.number, visited) && age === 0) continue;
        yield record([
          user.id,
          device.id,
          timestamp,
          userAgent(
            seed,
            device.number,
            visited.number - (age === 0 ? correctedBy(seed, device.number, visited) : 0),
          ),
          user.place.instance,
          user.place.domain,
        ]);
      }
    }
  }
}

/** A server that was down at the export: its visits of the day come with the next delivery. */
function isLate(seed: number, device: number, day: CalendarDay): boolean {
  return chance(0.015, seed, device, day.number, 41);
}

/** Days by which the first delivery's user agent is behind: an update in the course of the day. */
function correctedBy(seed: number, device: number, day: CalendarDay): number {
  return chance(0.02, seed, device, day.number, 42) ? 60 : 0;
}
