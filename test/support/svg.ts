import type { IBufferCell, IBufferLine, Terminal } from '@xterm/headless';

const CELL = { width: 8.4, height: 18 };
const MARGIN = 10;
const FONT = "'DejaVu Sans Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace";
const BACKGROUND = '#16181d';
const FOREGROUND = '#d5d8dd';

/** The sixteen colours as common dark themes have them. */
const SIXTEEN = [
  '#1d2026',
  '#e06c5c',
  '#8fb573',
  '#d9a84e',
  '#6f9fd8',
  '#b98bc9',
  '#62a8a8',
  '#c8ccd4',
  '#5c626e',
  '#ff8a75',
  '#aed28f',
  '#f3c969',
  '#8fbdf5',
  '#d6a9e6',
  '#83caca',
  '#ffffff',
];

/** xterm's 256 colours: sixteen, a cube of 6x6x6, and 24 greys. */
function paletteColor(index: number): string {
  if (index < 16) return SIXTEEN[index] as string;
  if (index > 231) return hex(8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10);
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const cube = index - 16;
  return hex(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function hex(...parts: number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

interface Look {
  foreground: string;
  background: string;
  bold: boolean;
  dim: boolean;
  underline: boolean;
}

function lookOf(cell: IBufferCell): Look {
  const foreground = cell.isFgDefault()
    ? FOREGROUND
    : cell.isFgRGB()
      ? rgb(cell.getFgColor())
      : paletteColor(cell.getFgColor());
  const background = cell.isBgDefault()
    ? BACKGROUND
    : cell.isBgRGB()
      ? rgb(cell.getBgColor())
      : paletteColor(cell.getBgColor());
  const inverse = cell.isInverse() !== 0;
  return {
    foreground: inverse ? background : foreground,
    background: inverse ? foreground : background,
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    underline: cell.isUnderline() !== 0,
  };
}

function rgb(value: number): string {
  return hex((value >> 16) & 255, (value >> 8) & 255, value & 255);
}

interface Run extends Look {
  column: number;
  text: string;
  width: number;
}

/** Neighbouring cells that look alike, as one; a character outside ASCII stands alone, since its font may be another. */
function runsOf(line: IBufferLine, columns: number): Run[] {
  const runs: Run[] = [];
  for (let column = 0; column < columns; column += 1) {
    const cell = line.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.getChars() || ' ';
    const look = lookOf(cell);
    const last = runs.at(-1);
    const plain = /^[\u0020-\u007e]$/u.test(text);
    if (last !== undefined && plain && /[\u0020-\u007e]$/u.test(last.text) && sameLook(last, look)) {
      last.text += text;
      last.width += cell.getWidth();
    } else runs.push({ ...look, column, text, width: cell.getWidth() });
  }
  return runs;
}

function sameLook(a: Look, b: Look): boolean {
  return (
    a.foreground === b.foreground &&
    a.background === b.background &&
    a.bold === b.bold &&
    a.dim === b.dim &&
    a.underline === b.underline
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function draw(run: Run, row: number): string {
  const x = MARGIN + run.column * CELL.width;
  const y = MARGIN + row * CELL.height;
  const width = run.width * CELL.width;
  const parts: string[] = [];
  if (run.background !== BACKGROUND)
    parts.push(
      `<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${CELL.height}" fill="${run.background}"/>`,
    );
  if (run.text.trim() !== '') {
    const leading = run.text.length - run.text.trimStart().length;
    const text = run.text.trim();
    const length = round(text.length === 1 ? 0 : text.length * CELL.width);
    const fixed = length === 0 ? '' : ` textLength="${length}"`;
    const style = `${run.bold ? ' font-weight="bold"' : ''}${run.dim ? ' opacity="0.6"' : ''}${run.underline ? ' text-decoration="underline"' : ''}`;
    parts.push(
      `<text x="${round(x + leading * CELL.width)}" y="${y + 13.5}" fill="${run.foreground}"${fixed}${style}>${escape(text)}</text>`,
    );
  }
  return parts.join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** What a terminal shows, as a picture: cells with their colours, in a font of fixed width. */
export function toSvg(terminal: Terminal): string {
  const { cols, rows, buffer } = terminal;
  const width = round(cols * CELL.width + 2 * MARGIN);
  const height = rows * CELL.height + 2 * MARGIN;
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const line = buffer.active.getLine(buffer.active.viewportY + row);
    if (line === undefined) continue;
    const drawn = runsOf(line, cols)
      .map((run) => draw(run, row))
      .join('');
    if (drawn !== '') lines.push(drawn);
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}" font-size="14" xml:space="preserve">`,
    `<rect width="${width}" height="${height}" rx="6" fill="${BACKGROUND}"/>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}
