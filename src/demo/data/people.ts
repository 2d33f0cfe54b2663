import { type CalendarDay, calendarDay } from './calendar.ts';
import { type Place, placeOf } from './organisations.ts';
import { chance, hash, hex, share } from './random.ts';

export interface Device {
  /** The number that chance is drawn from. */
  number: number;
  /** Hashed, with the backslash that PostgreSQL puts before bytes in text. */
  id: string;
}

export interface User {
  number: number;
  id: string;
  place: Place;
  devices: readonly Device[];
}

/** Deliveries of neighbouring days have nearly the same users; a benchmark's hundred thousands are made anew. */
const MOST_KEPT = 20_000;
const kept = new Map<string, User>();

/** The user with this number, from 0. */
export function userAt(seed: number, number: number): User {
  if (number >= MOST_KEPT) return makeUser(seed, number);
  const name = `${seed} ${number}`;
  const known = kept.get(name);
  if (known !== undefined) return known;
  const user = makeUser(seed, number);
  if (kept.size < MOST_KEPT) kept.set(name, user);
  return user;
}

function makeUser(seed: number, number: number): User {
  const dice = share(seed, number, 31);
  const count = dice < 0.52 ? 1 : dice < 0.9 ? 2 : 3;
  return {
    number,
    id: `\\x${hex(32, seed, number, 32)}`,
    place: placeOf(seed, number),
    devices: Array.from({ length: count }, (_, index) => {
      const device = hash(seed, number, index, 33);
      return { number: device, id: `\\x${hex(24, seed, number, index, 34)}` };
    }),
  };
}

/** How many of `users` have an account on a day: the lowest numbers came first. */
export function accountsOn(day: CalendarDay, users: number): number {
  return Math.round(users * day.growth);
}

/** The devices with which somebody uses the messenger on a day; none when it is not used. */
export function devicesUsed(seed: number, user: User, day: CalendarDay): Device[] {
  const habit = 0.55 + 0.45 * share(seed, user.number, 35);
  if (!chance(day.activity * habit, seed, user.number, day.number, 36)) return [];
  return user.devices.filter(
    (device, index) => index === 0 || chance(0.4, seed, device.number, day.number, 37),
  );
}

/** Visits of an ordinary day per thousand users, for sizing. */
export function visitsPerThousand(seed: number, day = calendarDay('2026-11-17')): number {
  let visits = 0;
  for (let number = 0; number < accountsOn(day, 1000); number += 1) {
    visits += devicesUsed(seed, userAt(seed, number), day).length;
  }
  return visits;
}
