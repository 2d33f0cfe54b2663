/** One day's times of day, in the dataset's time zone, as PostgreSQL writes them: '22:00:00'. */
export interface TimesOfDay {
  earliest: string | null;
  latest: string | null;
}

const MIDNIGHT = '00:00:00';
/** A single stamp is an hour like any other. */
const LEAST_ROWS = 2;

/**
 * A sentence when every row's instant is midnight, but of another time zone than the dataset's, so that each row counts
 * for the day before or after its own: all rows of a day have one time of day, the same on all days or an hour
 * apart (summer time), and a whole quarter hour. Undefined when there is nothing to say.
 */
export function midnightElsewhere(
  column: string,
  timeZone: string,
  rows: number,
  days: readonly TimesOfDay[],
): string | undefined {
  if (rows < LEAST_ROWS || days.some(({ earliest, latest }) => earliest === null || earliest !== latest))
    return undefined;
  const times = [...new Set(days.map(({ earliest }) => earliest as string))].sort();
  const quarters = times.map(quarterOfDay);
  if (times.length === 0 || times.includes(MIDNIGHT) || quarters.includes(undefined)) return undefined;
  if (times.length > 2 || (times.length === 2 && (quarters[1] as number) - (quarters[0] as number) !== 4))
    return undefined;
  const offsets = quarters.map((quarter) => offsetOf(quarter as number));
  return `Every ${column} is ${times.join(' or ')} in ${timeZone}, which is midnight at UTC offset ${offsets.join(' or ')} from there. If these are days of another time zone, set the dataset's timeZone to it: now the rows count for the day before or after.`;
}

function quarterOfDay(time: string): number | undefined {
  const parts = /^(\d\d):(00|15|30|45):00$/.exec(time);
  return parts === null ? undefined : Number(parts[1]) * 4 + Number(parts[2]) / 15;
}

/** How far a zone whose midnight is this quarter hour is ahead ('+02:00') or behind. */
function offsetOf(quarter: number): string {
  const ahead = quarter > 40 ? 96 - quarter : -quarter;
  const minutes = Math.abs(ahead) * 15;
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${ahead < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
