import { clean } from './clean.ts';
import { cut, displayWidth } from './width.ts';

/** Glyphs come again and again, a thousand in a frame: what they measure is remembered. */
const measured = new Map<string, { text: string; width: number }>();
const LONGEST_REMEMBERED = 3;
const MOST_REMEMBERED = 4096;

function measure(text: string): { text: string; width: number } {
  const known = measured.get(text);
  if (known !== undefined) return known;
  const safe = clean(text);
  const result = { text: safe, width: displayWidth(safe) };
  if (text.length <= LONGEST_REMEMBERED && measured.size < MOST_REMEMBERED) measured.set(text, result);
  return result;
}

/** SGR parameters, as in '1;38;5;209'; '' for the terminal's own text. */
export type Style = string;

/** Styles on top of each other: later ones win where they set the same thing. */
export function styles(...parts: Style[]): Style {
  return parts.filter((part) => part !== '').join(';');
}

/**
 * One row of the screen, built from left to right as one string. SGR is written only where the style changes. Every
 * text passes through `clean`, so nothing from data can reach the terminal but as printable characters, and nothing is
 * written beyond the row's width.
 */
export class Line {
  readonly width: number;
  private text = '';
  private style: Style = '';
  private used = 0;

  constructor(width: number) {
    this.width = width;
  }

  /** The column that the next text starts at. */
  get column(): number {
    return this.used;
  }

  get room(): number {
    return this.width - this.used;
  }

  add(text: string, style: Style = ''): this {
    const { text: safe, width } = measure(text);
    const fitting = width <= this.room ? safe : cut(safe, this.room);
    if (fitting === '') return this;
    if (style !== this.style) {
      this.text += style === '' ? '\u001b[0m' : `\u001b[0;${style}m`;
      this.style = style;
    }
    this.text += fitting;
    this.used += fitting === safe ? width : displayWidth(fitting);
    return this;
  }

  /** Blanks up to a column; nothing when it is passed already. */
  to(column: number, style: Style = ''): this {
    const count = Math.min(column, this.width) - this.used;
    return count > 0 ? this.add(' '.repeat(count), style) : this;
  }

  /** Text that ends before `column` (default: the row's end). */
  right(text: string, style: Style = '', column = this.width): this {
    return this.to(column - displayWidth(clean(text))).add(text, style);
  }

  /** The row with blanks up to its width, so that something can stand right of it. */
  full(): string {
    return this.to(this.width).end();
  }

  /** The row as it goes to the terminal. */
  end(): string {
    return this.style === '' ? this.text : `${this.text}\u001b[0m`;
  }
}
