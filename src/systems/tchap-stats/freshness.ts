import { Temporal } from 'temporal-polyfill';
import type { FreshnessLimits } from '../../project/model.ts';

/**
 * Limits for rows that come with each delivery. The delivery of a day is loaded in the following night, so just
 * before the next one the newest data are a day and an hour or two old; two missed nights are an error.
 */
export const DAILY: FreshnessLimits = { warnHours: 30, errorHours: 54 };

/**
 * Limits for visits. Their time is midnight in Paris: in UTC, and anywhere further west, that is the day before.
 */
export function visitLimits(timeZone: string): FreshnessLimits {
  return hoursLater(DAILY, midnightInParisIsTheDayBefore(timeZone) ? 24 : 0);
}

/** Limits for conversations: nobody writes to support on a weekend with a holiday beside it. */
export const CONVERSATIONS: FreshnessLimits = { warnHours: 30 + 3 * 24, errorHours: 54 + 3 * 24 };

function hoursLater({ warnHours, errorHours }: FreshnessLimits, hours: number): FreshnessLimits {
  return { warnHours: warnHours + hours, errorHours: errorHours + hours };
}

function midnightInParisIsTheDayBefore(timeZone: string): boolean {
  try {
    const midnight = Temporal.ZonedDateTime.from('2024-01-15T00:00[Europe/Paris]');
    return midnight.withTimeZone(timeZone).day !== 15;
  } catch {
    // No such zone: the definition's schema says so.
    return false;
  }
}
