/** Times of the ledger as people of the project's time zone read them. */
export interface Clock {
  /** '07:38'. */
  time(instant: string): string;
  /** '07:38:12'. */
  seconds(instant: string): string;
  /** '07:38' today, '11-21 07:38' on other days. */
  moment(instant: string, now: string): string;
  /** 'UTC', 'GMT+1'. */
  zone(instant: string): string;
}

/** @param timeZone an IANA name */
export function createClock(timeZone: string): Clock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
  const parts = (instant: string): Map<string, string> =>
    new Map(format.formatToParts(new Date(instant)).map((part) => [part.type, part.value]));
  const time = (found: Map<string, string>) => `${found.get('hour')}:${found.get('minute')}`;
  const day = (found: Map<string, string>) => `${found.get('month')}-${found.get('day')}`;
  return {
    time: (instant) => time(parts(instant)),
    seconds: (instant) => {
      const found = parts(instant);
      return `${time(found)}:${found.get('second')}`;
    },
    moment: (instant, now) => {
      const [then, today] = [parts(instant), parts(now)];
      const same = day(then) === day(today) && then.get('year') === today.get('year');
      return same ? time(then) : `${day(then)} ${time(then)}`;
    },
    zone: (instant) => parts(instant).get('timeZoneName') ?? timeZone,
  };
}

/** Seconds from one instant to a later one; negative when it is earlier. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
