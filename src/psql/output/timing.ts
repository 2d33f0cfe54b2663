const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The line that `\timing` prints after a statement, for a duration in milliseconds. */
export function timingLine(milliseconds: number): string {
  const plain = `Time: ${milliseconds.toFixed(3)} ms`;
  const total = milliseconds / 1000;
  if (total < 1) return `${plain}\n`;
  const seconds = (total % MINUTE).toFixed(3).padStart(6, '0');
  const minutes = two(Math.floor(total / MINUTE) % 60);
  if (total < HOUR) return `${plain} (${minutes}:${seconds})\n`;
  const clock = `${two(Math.floor(total / HOUR) % 24)}:${minutes}:${seconds}`;
  if (total < DAY) return `${plain} (${clock})\n`;
  return `${plain} (${Math.floor(total / DAY)} d ${clock})\n`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
