import type { BoardRow, Cell } from '../plan/board.ts';
import { firstDay } from '../project/period.ts';
import { WEEKDAYS } from './board-model.ts';
import { shortCount } from './format.ts';

/** Weeks back that are shown. */
const WEEKS = 8;
/** Days of one weekday that must be known before one of them can be odd. */
const KNOWN = 3;
/** Outside of these shares of what is usual on its weekday a day is odd. */
const USUAL = { low: 0.5, high: 2 };

const WIDTH = 8;

/**
 * The rows of each day of the last weeks under their weekdays, an odd one marked with '!': far from the median of the
 * days of its weekday. Undefined for what does not come daily or has nothing loaded.
 */
export function volumeLines(row: BoardRow | undefined): string[] | undefined {
  if (row === undefined || row.unit !== 'day') return undefined;
  const counted = row.cells.filter((cell) => cell.rows !== undefined && cell.version > 0);
  if (counted.length === 0) return undefined;
  const shown = row.cells.slice(-WEEKS * 7);
  const weeks = Map.groupBy(shown, (cell) => {
    const day = firstDay(cell.period);
    return day.subtract({ days: day.dayOfWeek - 1 }).toString();
  });
  const odd = shown.filter((cell) => isOdd(cell, counted));
  return [
    'week of'.padEnd(WIDTH) + WEEKDAYS.map((name) => name.padStart(WIDTH)).join(''),
    ...[...weeks].map(([monday, cells]) => weekLine(monday, cells, odd)),
    '',
    odd.length === 0
      ? 'Every day is as usual for its weekday.'
      : `! is less than half or more than twice what is usual on its weekday: ${odd.map((cell) => cell.period).join(', ')}.`,
  ];
}

function weekLine(monday: string, cells: readonly Cell[], odd: readonly Cell[]): string {
  const days = WEEKDAYS.map((_, index) => {
    const cell = cells.find(({ period }) => firstDay(period).dayOfWeek === index + 1);
    if (cell === undefined) return ' '.repeat(WIDTH);
    const text = cell.version > 0 && cell.rows !== undefined ? shortCount(cell.rows) : cell.state.slice(0, 7);
    return `${text}${odd.includes(cell) ? '!' : ''}`.padStart(WIDTH);
  });
  return `${monday.slice(5).padEnd(WIDTH)}${days.join('')}`.trimEnd();
}

function isOdd(cell: Cell, counted: readonly Cell[]): boolean {
  if (cell.version === 0 || cell.rows === undefined) return false;
  const weekday = firstDay(cell.period).dayOfWeek;
  const others = counted
    .filter((each) => each !== cell && firstDay(each.period).dayOfWeek === weekday)
    .map((each) => each.rows ?? 0)
    .sort((a, b) => a - b);
  if (others.length < KNOWN) return false;
  const usual = others[others.length >> 1] ?? 0;
  return cell.rows < usual * USUAL.low || cell.rows > usual * USUAL.high;
}
