import type { PrintSettings } from './result.ts';
import { type Line, widthOf } from './width.ts';

/** The columns' widths as they are drawn. */
export interface Measured {
  widths: number[];
  /** Of the whole table, borders included. */
  total: number;
  /** Wider than the target, also when wrapped. */
  tooWide: boolean;
}

/** The width of every column: of its widest line, or less when the wrapped format has to fit `columns`. */
export function columnWidths(
  headers: readonly number[],
  cells: ReadonlyArray<ReadonlyArray<readonly Line[]>>,
  border: number,
  settings: PrintSettings,
): Measured {
  const widest = [...headers];
  const average = headers.map(() => 0);
  for (const row of cells) {
    row.forEach((lines, column) => {
      const width = widthOf(lines);
      widest[column] = Math.max(widest[column] ?? 0, width);
      average[column] = (average[column] ?? 0) + width;
    });
  }
  if (cells.length > 0) average.forEach((sum, column) => (average[column] = Math.floor(sum / cells.length)));
  const frame = frameWidth(headers.length, border);
  const headerTotal = frame + sum(headers);
  const target = settings.columns;
  const widths = [...widest];
  if (settings.format === 'wrapped' && target > 0 && target >= headerTotal) {
    shrink(widths, { widest, average, headers, excess: frame + sum(widest) - target });
  }
  const total = frame + sum(widths);
  return { widths, total, tooWide: target > 0 && (target < headerTotal || target < total) };
}

function frameWidth(columns: number, border: number): number {
  if (border === 0) return columns;
  return border === 1 ? columns * 3 - (columns > 0 ? 1 : 0) : columns * 3 + 1;
}

interface Shrinking {
  widest: readonly number[];
  average: readonly number[];
  headers: readonly number[];
  excess: number;
}

/**
 * Takes columns away one by one, each from the column where the fewest values get wrapped: the one whose width is
 * furthest above its average, wide ones a little sooner. Never below a header.
 */
function shrink(widths: number[], { widest, average, headers, excess }: Shrinking): void {
  for (let left = excess; left > 0; left -= 1) {
    let worst = -1;
    let most = 0;
    widths.forEach((width, column) => {
      const mean = average[column] ?? 0;
      if (mean === 0 || width <= (headers[column] ?? 0)) return;
      const ratio = width / mean + (widest[column] ?? 0) * 0.01;
      if (ratio > most) [most, worst] = [ratio, column];
    });
    if (worst === -1) return;
    widths[worst] = (widths[worst] ?? 0) - 1;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
