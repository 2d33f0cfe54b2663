import type { Verdict } from '../plan/board.ts';
import type { CellState } from '../project/model.ts';
import { type Glyphs, glyphSet } from './glyphs.ts';
import type { Style } from './line.ts';

/** How many colours the terminal shows; 'none' still has bold, dim and inverse. */
export type ColorDepth = 'none' | '16' | '256';

export interface ThemeOptions {
  ascii: boolean;
  color: ColorDepth;
  /** What the terminal draws on. */
  background: 'dark' | 'light';
}

/** Every style of the console, by what it means. */
export interface Theme {
  glyphs: Glyphs;
  state: Record<CellState, Style>;
  verdict: Record<Verdict, Style>;
  step: Record<'queued' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled', Style>;
  strong: Style;
  muted: Style;
  faint: Style;
  /** Names of sections and columns. */
  heading: Style;
  accent: Style;
  key: Style;
  good: Style;
  warn: Style;
  bad: Style;
  /** Under the cursor; goes on top of a state's style. */
  cursor: Style;
  /** A marked cell; goes on top of a state's style. */
  marked: Style;
  /** The row that the cursor is in, in lists. */
  row: Style;
  today: Style;
  weekend: Style;
  badge: { production: Style; other: Style; readOnly: Style };
  bar: Style;
  barEstimated: Style;
}

/** Foregrounds of one palette. The hues keep apart for red-green blind eyes, and no two problems share a brightness. */
interface Palette {
  failed: Style;
  running: Style;
  suspicious: Style;
  stale: Style;
  owed: Style;
  missing: Style;
  available: Style;
  fetched: Style;
  loaded: Style;
  muted: Style;
  faint: Style;
  accent: Style;
  weekend: Style;
  today: Style;
  row: Style;
  marked: Style;
}

const DARK: Palette = {
  failed: '1;38;5;209',
  running: '1;38;5;81',
  suspicious: '1;38;5;227',
  stale: '1;38;5;176',
  owed: '38;5;141',
  missing: '1;38;5;214',
  available: '38;5;117',
  fetched: '38;5;75',
  loaded: '38;5;73',
  muted: '38;5;246',
  faint: '38;5;240',
  accent: '38;5;110',
  weekend: '48;5;235',
  today: '48;5;238',
  row: '48;5;236',
  marked: '48;5;24',
};

const LIGHT: Palette = {
  failed: '1;38;5;160',
  running: '1;38;5;26',
  suspicious: '1;38;5;58',
  stale: '1;38;5;127',
  owed: '38;5;91',
  missing: '1;38;5;94',
  available: '38;5;25',
  fetched: '38;5;27',
  loaded: '38;5;23',
  muted: '38;5;241',
  faint: '38;5;249',
  accent: '38;5;24',
  weekend: '48;5;255',
  today: '48;5;253',
  row: '48;5;254',
  marked: '48;5;153',
};

const SIXTEEN: Palette = {
  failed: '1;91',
  running: '1;96',
  suspicious: '1;93',
  stale: '1;95',
  owed: '35',
  missing: '33',
  available: '94',
  fetched: '34',
  loaded: '36',
  muted: '2',
  faint: '2',
  accent: '36',
  weekend: '',
  today: '',
  row: '',
  marked: '4',
};

/** On white only four of the sixteen can be read; marks and words tell the states that share one. */
const SIXTEEN_LIGHT: Palette = {
  failed: '1;31',
  running: '1;34',
  suspicious: '1;35',
  stale: '35',
  owed: '35',
  missing: '31',
  available: '34',
  fetched: '34',
  loaded: '',
  muted: '',
  faint: '2',
  accent: '34',
  weekend: '',
  today: '',
  row: '',
  marked: '4',
};

const MONO: Palette = {
  failed: '1',
  running: '1',
  suspicious: '1',
  stale: '1',
  owed: '',
  missing: '1',
  available: '',
  fetched: '',
  loaded: '2',
  muted: '2',
  faint: '2',
  accent: '',
  weekend: '',
  today: '',
  row: '1',
  marked: '4',
};

const BADGES: Record<ColorDepth, Theme['badge']> = {
  none: { production: '1;7', other: '7', readOnly: '1' },
  '16': { production: '1;97;41', other: '30;46', readOnly: '1;93' },
  '256': { production: '1;38;5;231;48;5;160', other: '38;5;231;48;5;24', readOnly: '1;38;5;227' },
};

function paletteOf(options: ThemeOptions): Palette {
  if (options.color === 'none') return MONO;
  if (options.color === '16') return options.background === 'light' ? SIXTEEN_LIGHT : SIXTEEN;
  return options.background === 'light' ? LIGHT : DARK;
}

/** The styles and glyphs for a terminal. */
export function createTheme(options: ThemeOptions): Theme {
  const p = paletteOf(options);
  const plain = options.color === 'none';
  return {
    glyphs: glyphSet(options.ascii),
    state: {
      failed: p.failed,
      running: p.running,
      suspicious: p.suspicious,
      stale: p.stale,
      owed: p.owed,
      missing: p.missing,
      available: p.available,
      fetched: p.fetched,
      loaded: p.loaded,
      'not due': p.faint,
      off: p.faint,
    },
    verdict: { pass: p.loaded, warn: p.suspicious, error: p.failed, unknown: p.stale },
    step: {
      queued: p.faint,
      running: p.running,
      done: p.loaded,
      failed: p.failed,
      skipped: p.muted,
      cancelled: p.muted,
    },
    strong: '1',
    muted: p.muted,
    faint: p.faint,
    heading: plain ? '1' : `1;${p.accent}`,
    accent: p.accent,
    key: plain ? '1' : p.accent,
    good: p.loaded,
    warn: p.suspicious,
    bad: p.failed,
    cursor: '1;7',
    marked: p.marked,
    row: p.row,
    today: p.today,
    weekend: p.weekend,
    badge: BADGES[options.color],
    bar: p.running,
    barEstimated: p.accent,
  };
}
