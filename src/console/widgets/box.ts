import type { Size } from '../layout.ts';
import { Line } from '../line.ts';
import type { Theme } from '../theme.ts';
import { displayWidth, fit } from '../width.ts';
import { drawRows, type Row } from './rows.ts';

/** Lines that lie over the screen, at a place. */
export interface Overlay {
  top: number;
  left: number;
  lines: string[];
}

export interface BoxContents {
  title: string;
  /** At the right of the title. */
  badge?: string;
  badgeStyle?: string;
  rows: readonly Row[];
  /** Columns inside, without the border. */
  width: number;
}

const SLIVERS = 12;

/** A box in the middle of the screen, a little above it. Its rows are cut to what fits. */
export function box(theme: Theme, size: Size, contents: BoxContents): Overlay {
  const { corner, rule, bar, ellipsis } = theme.glyphs;
  const inner = Math.min(contents.width, size.columns - 4);
  const rows = contents.rows.slice(0, size.rows - 3);
  const width = inner + 2;
  const badge = contents.badge === undefined ? '' : ` ${contents.badge} `;
  const title = ` ${fit(contents.title, inner - displayWidth(badge) - 4, ellipsis)} `;
  const top = new Line(width)
    .add(`${corner.topLeft}${rule}`, theme.accent)
    .add(title, theme.heading)
    .add(rule.repeat(Math.max(0, inner - 2 - displayWidth(title) - displayWidth(badge))), theme.accent)
    .add(badge, contents.badgeStyle ?? theme.muted)
    .add(`${rule}${corner.topRight}`, theme.accent)
    .end();
  const side = new Line(1).add(bar, theme.accent).end();
  const middle = drawRows(rows, inner, true).map((text) => side + text + side);
  const bottom = new Line(width)
    .add(corner.bottomLeft + rule.repeat(inner) + corner.bottomRight, theme.accent)
    .end();
  const left = Math.floor((size.columns - width) / 2);
  // Slivers of the screen beside a wide box would only disturb.
  const whole = size.columns - width <= SLIVERS;
  const margin = (columns: number) => ' '.repeat(whole ? columns : 0);
  return {
    top: Math.max(0, Math.floor((size.rows - rows.length - 2) / 2.5)),
    left: whole ? 0 : left,
    lines: [top, ...middle, bottom].map((line) => margin(left) + line + margin(size.columns - width - left)),
  };
}
