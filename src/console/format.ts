/** Seconds of work: '0.4s', '9.1s', '0:41', '12:05', '1:02:33'. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${(Math.round(seconds * 10) / 10).toFixed(1)}s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, '0'));
  return parts[0] === 0 ? `${parts[1]}:${rest}` : `${Number(hours)}:${minutes}:${rest}`;
}

/** How long ago: '4s', '5m', '22h', '1d22h', '12d'. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h`;
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  return days < 10 && hours > 0 ? `${days}d${hours}h` : `${days}d`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes: '212 B', '1.9 GiB', '604 MiB'. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Rows, in full: '8,412,077'. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/gu, ',');
}

/** Rows, short: '812', '41k', '8.4M'. */
export function shortCount(value: number): string {
  if (value < 1000) return String(Math.round(value));
  if (value < 1e6) return `${scaled(value / 1e3)}k`;
  return value < 1e9 ? `${scaled(value / 1e6)}M` : `${scaled(value / 1e9)}G`;
}

function scaled(value: number): string {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

/** '1 table', '3 tables'. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** Charts begin at this share of the least value, so that what differs little still shows how. */
const CHART_FLOOR = 0.6;

/** A chart of one row, from the lowest bar to the highest. */
export function sparkline(values: readonly number[], bars: readonly string[]): string {
  if (values.length === 0) return '';
  const top = Math.max(...values);
  const floor = Math.min(...values) * CHART_FLOOR;
  const steps = bars.length - 1;
  return values
    .map((value) => bars[Math.round(((value - floor) / (top - floor || 1)) * steps)] ?? '')
    .join('');
}
