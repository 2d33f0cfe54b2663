import { Cron } from 'croner';
import type { Schedule } from '../project/model.ts';

/** The cron expression of a schedule: 'HH:MM' means daily at that time. */
export function cronOf(schedule: Schedule): string {
  const daily = /^(\d{1,2}):(\d{2})$/.exec(schedule.at);
  return daily === null ? schedule.at : `${Number(daily[2])} ${Number(daily[1])} * * *`;
}

/** The next start after `now` (RFC 3339), as RFC 3339. */
export function nextStart(schedule: Schedule, now: string): string {
  const cron = new Cron(cronOf(schedule), { timezone: schedule.timeZone, paused: true });
  const next = cron.nextRun(new Date(now));
  if (next === null) throw new RangeError(`the schedule "${schedule.at}" never starts`);
  return next.toISOString();
}

/** The last start before or at `now` (RFC 3339), as RFC 3339. */
export function previousStart(schedule: Schedule, now: string): string {
  const cron = new Cron(cronOf(schedule), { timezone: schedule.timeZone, paused: true });
  // It looks for starts before the reference, to the second.
  const [found] = cron.previousRuns(1, new Date(Date.parse(now) + 1000));
  if (found === undefined) throw new RangeError(`the schedule "${schedule.at}" never started`);
  return found.toISOString();
}
