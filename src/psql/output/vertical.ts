import { type Content, footersOf } from './content.ts';
import { type LineStyle, lineStyle, type Rule } from './line-style.ts';
import type { PrintSettings } from './result.ts';
import { type Line, linesOf, takeWidth, widthOf } from './width.ts';

/** What every line of an expanded table needs. */
interface Frame {
  style: LineStyle;
  border: number;
  tuplesOnly: boolean;
  old: boolean;
  /** Some header, or some value, takes several lines (a value also when it gets wrapped). */
  tallHeaders: boolean;
  tallValues: boolean;
  headerWidth: number;
  valueWidth: number;
}

/** The expanded form of the aligned and wrapped formats: `-[ RECORD 1 ]-`, then a line for each field. */
export function printVertical(content: Content, settings: PrintSettings): string {
  if (content.rows.length === 0 || content.headers.length === 0) return printEmpty(content, settings);
  const headers = content.headers.map(linesOf);
  const cells = content.rows.map((row) => row.map(linesOf));
  const frame = frameOf(headers, cells, settings);
  const out: string[] = [];
  if (!settings.tuplesOnly && content.title !== undefined) out.push(content.title);
  cells.forEach((row, at) => {
    const rule = at === 0 ? frame.style.top : frame.style.middle;
    if (!settings.tuplesOnly) out.push(recordLine(frame, rule, at + 1));
    else if (at > 0 || frame.border === 2) out.push(recordLine(frame, rule, 0));
    row.forEach((value, column) => out.push(...fieldLines(frame, headers[column] ?? [], value)));
  });
  if (frame.border === 2) out.push(recordLine(frame, frame.style.bottom, 0, frame.headerWidth));
  if (!settings.tuplesOnly && content.footers !== undefined && content.footers.length > 0) {
    if (frame.border < 2) out.push('');
    out.push(...content.footers);
  }
  return `${out.join('\n')}\n\n`;
}

/** No rows: psql writes the footer alone. */
function printEmpty(content: Content, settings: PrintSettings): string {
  const footers = settings.tuplesOnly ? [] : footersOf(content, settings);
  return `${footers.map((footer) => `${footer}\n`).join('')}\n`;
}

function frameOf(headers: readonly Line[][], cells: readonly Line[][][], settings: PrintSettings): Frame {
  let valueWidth = 0;
  let tallValues = false;
  for (const row of cells) {
    for (const lines of row) {
      valueWidth = Math.max(valueWidth, widthOf(lines));
      if (lines.length > 1) tallValues = true;
    }
  }
  const frame: Frame = {
    style: lineStyle(settings),
    border: Math.min(settings.border, 2),
    tuplesOnly: settings.tuplesOnly,
    old: settings.linestyle === 'old-ascii',
    tallHeaders: headers.some((lines) => lines.length > 1),
    tallValues,
    headerWidth: Math.max(...headers.map(widthOf)),
    valueWidth,
  };
  return fitted(frame, cells.length, settings);
}

/**
 * The width for values. Only the wrapped format looks at the record lines, and at the target's width; in the aligned
 * format of psql 15 a record line may be longer than the lines below it.
 */
function fitted(frame: Frame, records: number, settings: PrintSettings): Frame {
  if (settings.format !== 'wrapped') return frame;
  let spacers = spacersOf(frame);
  const recordWidth = settings.tuplesOnly ? 0 : String(records).length + ([9, 12, 15][frame.border] ?? 0);
  for (;;) {
    const taken = frame.headerWidth + spacers;
    const natural = Math.max(taken + frame.valueWidth, recordWidth);
    const target = settings.columns;
    const smallest = Math.max(taken + 3, recordWidth);
    const width = target === 0 || target >= natural ? natural : Math.max(target, smallest);
    const valueWidth = width - taken;
    const needsMarks = valueWidth < frame.valueWidth && !frame.tallValues && frame.border < 2 && !frame.old;
    if (!needsMarks) return { ...frame, valueWidth };
    frame = { ...frame, tallValues: true };
    spacers += 1;
  }
}

/** Columns of a line that are neither header nor value: spaces, strokes, and room for marks. */
function spacersOf({ border, tallHeaders, tallValues, old }: Frame): number {
  const base = [1, 3, 7][border] ?? 0;
  const headerMark = tallHeaders && (border === 0 || (border === 1 && old)) ? 1 : 0;
  const valueMark = tallValues && border < 2 && !old ? 1 : 0;
  return base + headerMark + valueMark;
}

/** The line above a record, with its number, or below the last one. */
function recordLine(
  frame: Frame,
  rule: Rule,
  record: number,
  headerWidth = recordHeaderWidth(frame),
): string {
  const { border, valueWidth } = frame;
  const filler = border > 0 ? rule.horizontal : ' ';
  const label = record === 0 ? '' : border === 0 ? `* Record ${record}` : `[ RECORD ${record} ]`;
  const start = border === 2 ? rule.left + rule.horizontal : border === 1 ? rule.horizontal : '';
  const used = label.length + (border === 2 ? 0 : 1);
  let line = start + label + filler.repeat(Math.max(0, headerWidth - used));
  let over = used - headerWidth;
  const joints = border > 0 ? [rule.horizontal, rule.middle, rule.horizontal] : [' '];
  for (const joint of joints) {
    if (over <= 0) line += joint;
    over -= 1;
  }
  line += filler.repeat(Math.max(0, valueWidth - Math.max(0, over)));
  return border === 2 ? line + rule.horizontal + rule.right : line;
}

function recordHeaderWidth({ headerWidth, border, tallHeaders, old }: Frame): number {
  return border < 2 && tallHeaders && old ? headerWidth + 1 : headerWidth;
}

/** One field: header and value side by side, each as many lines as it takes. */
function fieldLines(frame: Frame, header: readonly Line[], value: readonly Line[]): string[] {
  const { style, border } = frame;
  const pieces = wrapped(value, frame.valueWidth);
  const height = Math.max(header.length, pieces.length);
  return Array.from({ length: height }, (_, at) => {
    const piece = pieces[at];
    let line = border === 2 ? style.data.left : '';
    line += headerPart(frame, header, at);
    if (border > 0) line += separator(style, at, pieces);
    if (piece !== undefined) line += valuePart(frame, piece);
    else if (border === 2) line += `${' '.repeat(frame.valueWidth)}  `;
    return border === 2 ? line + style.data.right : line;
  });
}

function headerPart(frame: Frame, header: readonly Line[], at: number): string {
  const { style, border, headerWidth, tallHeaders, old } = frame;
  const line = header[at];
  const markLeft = border === 2 || (tallHeaders && old);
  const markRight = border > 0 || (tallHeaders && !old);
  if (line === undefined) {
    const extra = (border < 2 && tallHeaders && old ? 1 : 0) + (border === 0 && !old && tallHeaders ? 1 : 0);
    return ' '.repeat(Math.max(1, headerWidth + border + extra));
  }
  const left = markLeft ? (at > 0 ? style.headerLeft : ' ') : '';
  const right = markRight ? (at < header.length - 1 ? style.headerRight : ' ') : '';
  return left + line.text + ' '.repeat(Math.max(0, headerWidth - line.width)) + right;
}

/** A line of a value, or a part of one that was too wide. */
interface Piece extends Line {
  /** It goes on from the line above. */
  wrappedFrom: boolean;
  /** What comes after it. */
  next: 'end' | 'newline' | 'wrap';
  inFirstLine: boolean;
}

function wrapped(value: readonly Line[], room: number): Piece[] {
  const pieces: Piece[] = [];
  value.forEach((line, at) => {
    let rest = line.text;
    let left = line.width;
    let from = false;
    do {
      const taken = takeWidth(rest, room);
      rest = rest.slice(taken.text.length);
      left -= taken.width;
      const next = left > 0 ? 'wrap' : at < value.length - 1 ? 'newline' : 'end';
      pieces.push({ ...taken, wrappedFrom: from, next, inFirstLine: at === 0 });
      from = true;
    } while (left > 0);
  });
  return pieces;
}

/** The stroke between header and value; below the value's end it is as if the last line of text went on. */
function separator(style: LineStyle, at: number, pieces: readonly Piece[]): string {
  const piece = pieces[at];
  const last = pieces.at(-1);
  const wraps = piece === undefined ? last !== undefined && last.text !== '' : piece.wrappedFrom;
  if (wraps) return style.middleAfterWrap;
  return (piece ?? last)?.inFirstLine === false ? style.middleAfterNewline : style.data.middle;
}

function valuePart(frame: Frame, piece: Piece): string {
  const { style, border, tallValues, old } = frame;
  const space = ' '.repeat(Math.max(0, frame.valueWidth - piece.width));
  const start = (piece.wrappedFrom ? style.wrapLeft : ' ') + piece.text;
  if (piece.next === 'end') return border > 1 ? `${start}${space} ` : start;
  if (border <= 1 && !(tallValues && !old)) return start;
  return start + space + (piece.next === 'wrap' ? style.wrapRight : style.newlineRight);
}
