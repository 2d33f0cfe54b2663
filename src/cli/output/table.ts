import { clean } from '../../console/clean.ts';
import { displayWidth } from '../../console/width.ts';
import type { Paint } from './paint.ts';

/** A cell of a table: its text, or that with a style. */
export type TableCell = string | { text: string; style?: string; align?: 'left' | 'right' };

/** Rows as lines, each column as wide as its widest cell, two blanks between. Nothing is cut. */
export function table(rows: ReadonlyArray<readonly TableCell[]>, paint: Paint, gap = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(clean(textOf(cell))));
    }
  }
  return rows.map((row) => line(row, widths, paint, gap));
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
