import { createTheme, type Theme } from '../../console/theme.ts';
import { clean } from '../../console/clean.ts';
import { themeOptions } from '../../console/terminal.ts';
import { wrap } from '../../console/width.ts';
import type { Environment } from '../../project/environment.ts';

/** How text looks on one stream. */
export interface Paint {
  theme: Theme;
  /** The text, cleaned of what a terminal would obey, in a style of the theme. Plain where the stream has no colours. */
  text(text: string, style?: string): string;
  /** The text in lines, broken between words on a terminal, each after an indent of blanks. */
  block(text: string, indent: number, style?: string): string[];
  /** Columns that a line should take. */
  width: number;
  /** Whether what does not fit is cut off: a terminal would break it into the next line. */
  cuts: boolean;
}

export interface PaintOptions {
  env: Environment;
  ascii: boolean;
  noColor: boolean;
}

/** Width of what goes to a file or a pipe. */
const WIDTH_WITHOUT_TERMINAL = 120;

/** However narrow the terminal, text is not broken into shorter lines than this. */
const LEAST_BLOCK = 30;
const MOST_LINES = 100;

export function createPaint(
  stream: { isTTY?: boolean; columns?: number; getColorDepth?: () => number },
  options: PaintOptions,
): Paint {
  const terminal = stream.isTTY === true;
  const colorDepth = terminal ? (stream.getColorDepth?.() ?? 1) : 1;
  const facts = themeOptions({ ...options, env: { ...options.env }, colorDepth });
  const plain = facts.color === 'none';
  const width = terminal ? (stream.columns ?? 80) : WIDTH_WITHOUT_TERMINAL;
  const text = (each: string, style = ''): string => {
    const safe = clean(each);
    return plain || style === '' || safe === '' ? safe : `\u001b[${style}m${safe}\u001b[0m`;
  };
  return {
    theme: createTheme(facts),
    text,
    block: (whole, indent, style = '') => {
      const lines = terminal ? wrap(whole, Math.max(LEAST_BLOCK, width - indent), MOST_LINES) : [whole];
      return lines.map((line) => ' '.repeat(indent) + text(line, style));
    },
    width,
    cuts: terminal,
  };
}
