import type { ThemeOptions } from './theme.ts';

/** What the environment and the stream say about the terminal. */
export interface TerminalFacts {
  /** process.env of the caller. */
  env: Record<string, string | undefined>;
  /** Colours by stdout.getColorDepth(): 1, 4, 8 or 24 bits. */
  colorDepth: number;
  /** --ascii and --no-color. */
  ascii: boolean;
  noColor: boolean;
}

/**
 * The theme options for a terminal. NO_COLOR (set and not empty) turns colour off, TERM=linux or a locale that is not
 * UTF-8 turns ASCII on, COLORFGBG tells a light background.
 */
export function themeOptions({ env, colorDepth, ascii, noColor }: TerminalFacts): ThemeOptions {
  return {
    ascii: ascii || env.TERM === 'linux' || env.TERM === 'dumb' || !isUtf8(env),
    color:
      noColor || isSet(env.NO_COLOR) || colorDepth < 4
        ? 'none'
        : colorDepth < 8 && !has256(env)
          ? '16'
          : '256',
    background: isLight(env.COLORFGBG) ? 'light' : 'dark',
  };
}

/** Node knows xterm's name for 256 colours, not screen's and others': 'screen-256color', 'screen.xterm-256color'. */
function has256({ TERM }: TerminalFacts['env']): boolean {
  return TERM?.endsWith('-256color') === true;
}

/** Whether the mouse can be asked for: GNU screen (STY) keeps Esc until the next key comes, once its mouse is on. */
export function hasMouse(env: TerminalFacts['env']): boolean {
  return !isSet(env.STY);
}

/** Whether a terminal is worth asking what it draws on: it has not told, and is no console that would print the question. */
export function asksBackground(env: TerminalFacts['env']): boolean {
  return !isSet(env.COLORFGBG) && isSet(env.TERM) && env.TERM !== 'linux' && env.TERM !== 'dumb';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** Containers often have no locale at all while the terminal at the other end speaks UTF-8: only an explicit other one counts. */
function isUtf8(env: TerminalFacts['env']): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find(isSet);
  if (locale === undefined || locale === 'C' || locale === 'POSIX') return true;
  return !locale.includes('.') || /utf-?8/iu.test(locale);
}

/** 'foreground;background' in the sixteen colours, as rxvt, Konsole and others set it: 7 and 15 are white. */
function isLight(colorfgbg: string | undefined): boolean {
  const background = colorfgbg?.split(';').at(-1);
  return background === '7' || background === '15';
}
