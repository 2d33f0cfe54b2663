import { createTheme, type Theme } from '../../console/theme.ts';
import { clean } from '../../console/clean.ts';
import { themeOptions } from '../../console/terminal.ts';
import type { Environment } from '../../project/environment.ts';

/** How text looks on one stream. */
export interface Paint {
  theme: Theme;
  /** The text, cleaned of what a terminal would obey, in a style of the theme. Plain where the stream has no colours. */
  text(text: string, style?: string): string;
  /** Columns that a line may take. */
  width: number;
}

export interface PaintOptions {
  env: Environment;
  ascii: boolean;
  noColor: boolean;
}

/** Width of what goes to a file or a pipe. */
const WIDTH_WITHOUT_TERMINAL = 120;

export function createPaint(
  stream: { isTTY?: boolean; columns?: number; getColorDepth?: () => number },
  options: PaintOptions,
): Paint {
  const terminal = stream.isTTY === true;
  const colorDepth = terminal ? (stream.getColorDepth?.() ?? 1) : 1;
  const facts = themeOptions({ ...options, env: { ...options.env }, colorDepth });
  const plain = facts.color === 'none';
  return {
    theme: createTheme(facts),
    text: (text, style = '') => {
      const safe = clean(text);
      return plain || style === '' || safe === '' ? safe : `\u001b[${style}m${safe}\u001b[0m`;
    },
    width: terminal ? (stream.columns ?? 80) : WIDTH_WITHOUT_TERMINAL,
  };
}
