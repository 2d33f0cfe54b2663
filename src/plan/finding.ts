import type { Day } from '../project/model.ts';

/** A check's findings are counted up to so many: whoever has more need not know how many. */
export const MOST_COUNTED = 10_000;

/** How many findings there are: '3 findings', 'more than 10,000 findings'. */
export function countText(count: number): string {
  const many = count > MOST_COUNTED;
  return `${many ? 'more than ' : ''}${Math.min(count, MOST_COUNTED).toLocaleString('en')} finding${count === 1 ? '' : 's'}`;
}

/**
 * What in a check's finding names a day or month: '2024-11-14', '2024-11-14T00:00:00+01:00', '2024-11'. POSIX and
 * JavaScript read it alike, because the server decides with it too.
 */
export const NAMES_DAY = '^[0-9]{4}-[0-9]{2}(-[0-9]{2})?(T|$)';

const DAY = new RegExp(NAMES_DAY);

/** Whether a finding names one of the days, or their month ('2024-11', or its first day), or no day at all. */
export function isAbout(finding: unknown, days: ReadonlySet<Day>): boolean {
  if (typeof finding !== 'object' || finding === null) return true;
  const named = Object.values(finding).filter(
    (value): value is string => typeof value === 'string' && DAY.test(value),
  );
  if (named.length === 0) return true;
  const months = new Set(monthsOf([...days]));
  return named.some((value) => {
    const day = value.slice(0, 10);
    const isMonth = value.length === 7 || day.endsWith('-01');
    return days.has(day) || (isMonth && months.has(day.slice(0, 7)));
  });
}

/** The months that the days lie in: '2024-11'. */
export function monthsOf(days: readonly Day[]): string[] {
  return [...new Set(days.map((day) => day.slice(0, 7)))];
}
