import { clean } from '../../console/clean.ts';
import { displayWidth, fit } from '../../console/width.ts';
import type { Paint } from './paint.ts';

/** A cell of a table: its text, or that with a style. */
export type TableCell = string | { text: string; style?: string; align?: 'left' | 'right' };

/** The last column is not cut shorter than this. */
const LEAST_LAST = 16;

/** Rows as lines, each column as wide as its widest cell, two blanks between. Only a terminal's last column is cut. */
export function table(rows: ReadonlyArray<readonly TableCell[]>, paint: Paint, gap = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(clean(textOf(cell))));
    }
  }
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const room = paint.cuts ? Math.max(LEAST_LAST, paint.width - before) : Number.POSITIVE_INFINITY;
  return rows.map((row) => line(fitLast(row, widths.length, room), widths, paint, gap));
}

function fitLast(row: readonly TableCell[], columns: number, room: number): readonly TableCell[] {
  const last = row.at(-1);
  if (last === undefined || row.length < columns || displayWidth(clean(textOf(last))) <= room) return row;
  const text = fit(textOf(last), room);
  return row.toSpliced(-1, 1, typeof last === 'string' ? text : { ...last, text });
}

function line(row: readonly TableCell[], widths: readonly number[], paint: Paint, gap: string): string {
  const parts = row.map((cell, index) => {
    const { text, style, align } =
      typeof cell === 'string' ? { text: cell, style: '', align: undefined } : cell;
    const room = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(clean(text))));
    if (align === 'right') return room + paint.text(text, style);
    return paint.text(text, style) + (index === row.length - 1 ? '' : room);
  });
  return parts.join(gap).trimEnd();
}

function textOf(cell: TableCell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
