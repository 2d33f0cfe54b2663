import { daysUpTo } from './calendar.ts';
import { record } from './csv.ts';
import type { Sizes } from './sizes.ts';
import { PLACES } from './organisations.ts';
import { around, chance, hash, hex, pick } from './random.ts';

/** Files of conversations reach back this far, whatever the others do. */
const WINDOW_DAYS = 30;
const SEGMENTS = [
  'connexion',
  'mot-de-passe',
  'inscription',
  'notifications',
  'salon',
  'visio',
  'bug',
] as const;
const OPEN = ['pending', 'unresolved'] as const;

/**
 * Support conversations and their segments. A conversation is resolved some days after it began, and its rows say so
 * from then on. One without segments comes as 'N', '/' and 'A': its exporter takes the letters of "N/A" for segments.
 */
export function* conversationRows(day: string, { seed, users }: Sizes): Iterable<string> {
  const days = daysUpTo(day, WINDOW_DAYS);
  for (const [age, began] of days.entries()) {
    const count = around(began.activity * Math.sqrt(users) * 0.25, seed, began.number, 81);
    for (let number = 0; number < count; number += 1) {
      const dice = hash(seed, began.number, number, 82);
      const resolvedAfter = dice % 6;
      const resolved = age >= resolvedAfter;
      const [created, updated] = [8 + (dice % 9), 9 + (dice % 9)];
      const updatedOn = days[age - Math.min(age, resolvedAfter)] ?? began;
      const minute = String(dice % 60).padStart(2, '0');
      const domain = chance(0.12, seed, began.number, number, 83)
        ? ''
        : (PLACES[dice % PLACES.length]?.domain ?? '');
      for (const segment of segmentsOf(seed, began.number, number)) {
        yield record([
          `session_${uuid(seed, began.number, number)}`,
          resolved ? 'resolved' : pick(OPEN, seed, began.number, number, 84),
          segment,
          `${began.name} ${String(created).padStart(2, '0')}:${minute}:11`,
          `${updatedOn.name} ${String(updated).padStart(2, '0')}:${minute}:42`,
          domain,
        ]);
      }
    }
  }
}

function segmentsOf(seed: number, day: number, number: number): string[] {
  if (chance(0.05, seed, day, number, 85)) return ['N', '/', 'A'];
  const first = pick(SEGMENTS, seed, day, number, 86);
  const second = pick(SEGMENTS, seed, day, number, 87);
  return chance(0.4, seed, day, number, 88) && first !== second ? [first, second] : [first];
}

function uuid(seed: number, day: number, number: number): string {
  const digits = hex(32, seed, day, number, 89);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}
