import { describe, expect, it } from 'vitest';
import { createTheme, type Theme } from '../../src/console/theme.ts';

type Rgb = readonly [red: number, green: number, blue: number];

/** The sixteen as xterm has them: https://invisible-island.net/xterm/manpage/xterm.html */
const SIXTEEN: readonly Rgb[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

function colour(index: number): Rgb {
  if (index < 16) return SIXTEEN[index] ?? [0, 0, 0];
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return [grey, grey, grey];
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
  const at = index - 16;
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)];
}

/** The foreground or background that a style sets. */
function coloursOf(style: string): { front?: Rgb; back?: Rgb } {
  const codes = style.split(';').map(Number);
  const found: { front?: Rgb; back?: Rgb } = {};
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38) found.front = colour(codes[(at += 2)] ?? 0);
    else if (code === 48) found.back = colour(codes[(at += 2)] ?? 0);
    else if (code >= 30 && code <= 37) found.front = colour(code - 30);
    else if (code >= 90 && code <= 97) found.front = colour(code - 82);
    else if (code >= 40 && code <= 47) found.back = colour(code - 40);
  }
  return found;
}

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(rgb: Rgb): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Rgb, other: Rgb): number {
  const [less = 0, more = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (more + 0.05) / (less + 0.05);
}

const GROUNDS: Record<'dark' | 'light', readonly Rgb[]> = {
  // Black, VS Code's, Solarized's.
  dark: [
    [0, 0, 0],
    [30, 30, 30],
    [0, 43, 54],
  ],
  light: [
    [255, 255, 255],
    [253, 246, 227],
  ],
};

const NAMED = (theme: Theme): Array<[name: string, style: string]> => [
  ...Object.entries(theme.state).filter(([state]) => state !== 'not due' && state !== 'off'),
  ...Object.entries(theme.verdict).map(([name, style]) => [`verdict ${name}`, style] as [string, string]),
  ['muted', theme.muted],
  ['heading', theme.heading],
  ['key', theme.key],
  ['warn', theme.warn],
  ['bad', theme.bad],
];

describe.each(['dark', 'light'] as const)('on a %s background', (background) => {
  const theme = createTheme({ ascii: false, color: '256', background });

  it.each(NAMED(theme))('what is %s can be read (4.5:1), and in the stripes of days (3:1)', (_, style) => {
    const { front } = coloursOf(style);
    if (front === undefined) return;
    const stripes = [theme.row, theme.today, theme.weekend].flatMap((each) => {
      const { back } = coloursOf(each);
      return back === undefined ? [] : [back];
    });
    for (const ground of GROUNDS[background])
      expect(contrast(front, ground), `${style} on ${ground.join(' ')}`).toBeGreaterThanOrEqual(4.5);
    for (const ground of stripes)
      expect(contrast(front, ground), `${style} on ${ground.join(' ')}`).toBeGreaterThanOrEqual(3);
  });

  it('frames and what is not due can be seen (1.5:1) and do not stand out', () => {
    const { front = [0, 0, 0] } = coloursOf(theme.faint);
    for (const ground of GROUNDS[background]) expect(contrast(front, ground)).toBeGreaterThanOrEqual(1.5);
  });

  it('sixteen colours can be read (2.2:1) where the terminal draws them as xterm does', () => {
    for (const [name, style] of NAMED(createTheme({ ascii: false, color: '16', background }))) {
      const { front } = coloursOf(style);
      if (front === undefined) continue;
      const [ground = [0, 0, 0] as Rgb] = GROUNDS[background];
      expect(contrast(front, ground), `${name}: ${style}`).toBeGreaterThanOrEqual(2.2);
    }
  });
});

/** How eyes without one kind of cones see: https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/ */
const BLIND: Record<string, readonly Rgb[]> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seenBy(matrix: readonly Rgb[], [red, green, blue]: Rgb): Rgb {
  const [r = 0, g = 0, b = 0] = matrix.map((row) => row[0] * red + row[1] * green + row[2] * blue);
  return [r, g, b];
}

describe.each(['dark', 'light'] as const)('to colour-blind eyes on a %s background', (background) => {
  const theme = createTheme({ ascii: false, color: '256', background });
  const problems = ['failed', 'running', 'stale', 'loaded'] as const;

  it.each(Object.entries(BLIND))('what is wrong, runs or is loaded differs in colour (%s)', (_, matrix) => {
    const seen = problems.map((state) => seenBy(matrix, coloursOf(theme.state[state]).front ?? [0, 0, 0]));
    const alike = seen.flatMap((one, at) =>
      seen
        .slice(at + 1)
        .filter((two) => Math.hypot(one[0] - two[0], one[1] - two[1], one[2] - two[2]) < 25)
        .map((two) => `${problems[at]} and ${problems[seen.indexOf(two)]}`),
    );
    expect(alike).toEqual([]);
  });

  it.each([true, false])('every state has a mark of its own (ASCII: %s)', (ascii) => {
    const { state } = createTheme({ ascii, color: '256', background }).glyphs;
    expect(new Set(Object.values(state)).size).toBe(Object.values(state).length);
  });
});
