import { type Content, footersOf } from './content.ts';
import { type LineStyle, lineStyle, type Rule } from './line-style.ts';
import type { PrintSettings } from './result.ts';
import { printVertical } from './vertical.ts';
import { type Line, linesOf, takeWidth, widthOf } from './width.ts';
import { columnWidths } from './wrapping.ts';

/** How a cell goes on from the line above. */
type Continued = 'no' | 'newline' | 'wrap';

/** The parts of one table that every line of it needs. */
interface Frame {
  style: LineStyle;
  border: number;
  widths: readonly number[];
  content: Content;
}

/** The aligned and wrapped formats; expanded auto turns to the expanded form when the table is wider than `columns`. */
export function printAligned(content: Content, settings: PrintSettings): string {
  const border = Math.min(settings.border, 2);
  const headers = content.headers.map(linesOf);
  const cells = content.rows.map((row) => row.map(linesOf));
  const measured = columnWidths(headers.map(widthOf), cells, border, settings);
  if (measured.tooWide && settings.expanded === 'auto' && headers.length > 1) {
    return printVertical(content, settings);
  }
  const frame: Frame = { style: lineStyle(settings), border, widths: measured.widths, content };
  const out: string[] = [];
  if (!settings.tuplesOnly) {
    if (content.title !== undefined) out.push(titleLine(content.title, measured.total));
    if (border === 2) out.push(ruleLine(frame, frame.style.top));
    out.push(...headerLines(frame, headers), ruleLine(frame, frame.style.middle));
  }
  for (const row of cells) out.push(...rowLines(frame, row));
  if (border === 2) out.push(ruleLine(frame, frame.style.bottom));
  if (!settings.tuplesOnly) out.push(...footersOf(content, settings));
  return `${out.join('\n')}${out.length > 0 ? '\n' : ''}\n`;
}

/** A title in the middle above the table, unless it is wider. */
function titleLine(title: string, total: number): string {
  const width = widthOf(linesOf(title));
  return width >= total ? title : ' '.repeat(Math.trunc((total - width) / 2)) + title;
}

function ruleLine({ border, widths }: Frame, rule: Rule): string {
  const bars = widths.map((width) => rule.horizontal.repeat(width));
  if (border === 0) return bars.join(' ');
  const inner = bars.join(`${rule.horizontal}${rule.middle}${rule.horizontal}`);
  const line = `${rule.horizontal}${inner}${rule.horizontal}`;
  return border === 2 ? `${rule.left}${line}${rule.right}` : line;
}

function headerLines(frame: Frame, headers: readonly Line[][]): string[] {
  const height = Math.max(0, ...headers.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => headerLine(frame, headers, at));
}

function headerLine({ style, border, widths }: Frame, headers: readonly Line[][], at: number): string {
  let line = border === 2 ? style.data.left : '';
  headers.forEach((lines, column) => {
    if (border !== 0 || (!style.marksOnTheRight && column > 0)) line += at > 0 ? style.headerLeft : ' ';
    const room = widths[column] ?? 0;
    const text = lines[at];
    line += text === undefined ? ' '.repeat(room) : centered(text, room);
    if (border !== 0 || style.marksOnTheRight) line += at < lines.length - 1 ? style.headerRight : ' ';
    if (border !== 0 && column < headers.length - 1) line += style.data.middle;
  });
  return border === 2 ? line + style.data.right : line;
}

function centered({ text, width }: Line, room: number): string {
  const space = room - width;
  return ' '.repeat(Math.floor(space / 2)) + text + ' '.repeat(Math.floor((space + 1) / 2));
}

/** A cell while its row is written: which of its lines, and what of that line is left. */
interface Cursor {
  lines: readonly Line[];
  at: number;
  rest: string;
  continued: Continued;
}

function rowLines(frame: Frame, row: readonly Line[][]): string[] {
  if (row.length === 0) return [];
  const cursors = row.map((lines): Cursor => ({ lines, at: 0, rest: lines[0]?.text ?? '', continued: 'no' }));
  const out: string[] = [];
  do out.push(rowLine(frame, cursors));
  while (cursors.some(({ lines, at }) => at < lines.length));
  return out;
}

function rowLine(frame: Frame, cursors: readonly Cursor[]): string {
  const { style, border } = frame;
  const { data } = style;
  let line = border === 2 ? data.left : '';
  cursors.forEach((cursor, column) => {
    const last = column === cursors.length - 1;
    line += cellPiece(frame, cursor, column, border === 2 || !last);
    if (border !== 0 && !last) line += divider(style, cursors[column + 1]);
  });
  return border === 2 ? line + data.right : line;
}

/** One line of one cell with the marks at its sides; the cursor moves on. */
function cellPiece(frame: Frame, cursor: Cursor, column: number, padded: boolean): string {
  const { style, border } = frame;
  const room = frame.widths[column] ?? 0;
  let piece = border === 0 ? '' : leftMark(style, cursor.continued);
  if (cursor.at >= cursor.lines.length) {
    cursor.continued = 'no';
    return piece + (padded ? ' '.repeat(room + 1) : '');
  }
  const taken = takeWidth(cursor.rest, room);
  const space = ' '.repeat(Math.max(0, room - taken.width));
  const right = frame.content.aligns[column] === 'right';
  advance(cursor, taken.text.length);
  piece += right ? space + taken.text : taken.text;
  if (!right && (padded || cursor.continued !== 'no')) piece += space;
  return piece + rightMark(style, cursor.continued, padded);
}

function advance(cursor: Cursor, taken: number): void {
  cursor.rest = cursor.rest.slice(taken);
  if (cursor.rest !== '') {
    cursor.continued = 'wrap';
    return;
  }
  cursor.at += 1;
  cursor.rest = cursor.lines[cursor.at]?.text ?? '';
  cursor.continued = cursor.at < cursor.lines.length ? 'newline' : 'no';
}

function leftMark(style: LineStyle, continued: Continued): string {
  if (continued === 'no') return ' ';
  return continued === 'wrap' ? style.wrapLeft : style.newlineLeft;
}

function rightMark(style: LineStyle, continued: Continued, padded: boolean): string {
  if (continued === 'no') return padded ? ' ' : '';
  return continued === 'wrap' ? style.wrapRight : style.newlineRight;
}

function divider(style: LineStyle, next: Cursor | undefined): string {
  if (next === undefined || next.at >= next.lines.length) return style.middleAfterEnd;
  if (next.continued === 'no') return style.data.middle;
  return next.continued === 'wrap' ? style.middleAfterWrap : style.middleAfterNewline;
}
