import { Line, type Style } from '../line.ts';
import type { Theme } from '../theme.ts';
import { displayWidth, fit, wrap } from '../width.ts';

/** A row as pieces of text with their styles. */
export type Row = ReadonlyArray<readonly [text: string, style?: Style]>;

/** Rows as strings of at most `width` columns, or of exactly as many. */
export function drawRows(rows: readonly Row[], width: number, fill = false): string[] {
  return rows.map((row) => {
    const line = new Line(width);
    for (const [text, style] of row) line.add(text, style ?? '');
    return (fill ? line.to(width) : line).end();
  });
}

/** A text in at most `most` rows of one style, indented by a column. */
export function paragraph(theme: Theme, text: string, width: number, most: number, style: Style = ''): Row[] {
  return wrap(text, Math.max(1, width - 2), most, theme.glyphs.ellipsis).map((line) => [[` ${line}`, style]]);
}

/** ' NAME ────────────── right ' across `width`. */
export function heading(
  theme: Theme,
  width: number,
  title: string,
  right = '',
  rightStyle: Style = theme.muted,
): string {
  const line = new Line(width).add(` ${fit(title, width - 2, theme.glyphs.ellipsis)} `, theme.heading);
  const tail = right === '' ? '' : ` ${fit(right, Math.max(0, line.room - 4), theme.glyphs.ellipsis)} `;
  const rule = Math.max(0, line.room - displayWidth(tail));
  return line.add(theme.glyphs.rule.repeat(rule), theme.faint).add(tail, rightStyle).end();
}

/** A rule across the screen. */
export function rule(theme: Theme, width: number): string {
  return new Line(width).add(theme.glyphs.rule.repeat(width), theme.faint).end();
}

/** A bar of `width` columns; what is only estimated is drawn lighter. */
export function bar(theme: Theme, width: number, share: number, estimated: boolean): Row {
  const full = Math.max(0, Math.min(width, Math.round(share * width)));
  return [
    [theme.glyphs.barFull.repeat(full), estimated ? theme.barEstimated : theme.bar],
    [theme.glyphs.barEmpty.repeat(width - full), theme.faint],
  ];
}

/** As wide as what is left of the line. */
export const REST = Number.POSITIVE_INFINITY;

/** A column of a line; one without room is left out with all that come after it. */
export interface Column {
  text: string;
  width: number;
  style?: Style;
  align?: 'left' | 'right';
}

export function columns(line: Line, theme: Theme, cells: readonly Column[], gap = 2): Line {
  for (const { text, width, style, align } of cells) {
    if (width === REST) return line.add(fit(text, line.room, theme.glyphs.ellipsis), style ?? '');
    if (line.room < width) return line;
    const fitted = fit(text, width, theme.glyphs.ellipsis);
    const blank = ' '.repeat(width - displayWidth(fitted));
    if (align === 'right') line.add(blank).add(fitted, style ?? '');
    else line.add(fitted, style ?? '').add(blank);
    line.add(' '.repeat(gap));
  }
  return line;
}
