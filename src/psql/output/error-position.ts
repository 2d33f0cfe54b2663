import { linesOf } from './width.ts';

/** Longer lines are shown in part, and this much of them stays to the right of the mark. */
const DISPLAY_WIDTH = 60;
const RIGHT_OF_MARK = 10;

/** A line of the statement by characters, with the column in which each begins (and the end). */
interface Shown {
  characters: string[];
  columns: number[];
}

/**
 * `LINE n: ` with the line of the statement that a position (in characters, from 1) lies in, and a mark below it. Nothing for a
 * position outside of the statement.
 */
export function errorPosition(statement: string, position: number): string {
  const characters = Array.from(statement);
  const at = position - 1;
  if (!Number.isInteger(at) || at < 0 || at > characters.length) return '';
  const { start, number } = lineStart(characters, at);
  const end = characters.findIndex((character, index) => index >= at && isNewline(character));
  const line = shown(characters.slice(start, end < 0 ? characters.length : end));
  const { from, to } = visible(line, at - start);
  const prefix = `LINE ${number}: ${from > 0 ? '...' : ''}`;
  const text = line.characters.slice(from, to).join('');
  const column = (index: number): number => line.columns[index] ?? 0;
  const mark = ' '.repeat(prefix.length + column(at - start) - column(from));
  return `${prefix}${text}${to < line.characters.length ? '...' : ''}\n${mark}^\n`;
}

function isNewline(character: string | undefined): boolean {
  return character === '\n' || character === '\r';
}

/** The line that a position is in: where it begins, and its number. A carriage return with its newline is one end. */
function lineStart(characters: readonly string[], at: number): { start: number; number: number } {
  let start = 0;
  let number = 1;
  for (let index = 0; index < at; index += 1) {
    if (!isNewline(characters[index])) continue;
    if (characters[index] === '\r' || characters[index - 1] !== '\r') number += 1;
    start = index + 1;
  }
  return { start, number };
}

/** Tabs become spaces; characters without a width of their own take a column. */
function shown(raw: readonly string[]): Shown {
  const columns = [0];
  const characters = raw.map((character) => (character === '\t' ? ' ' : character));
  for (const character of characters) columns.push((columns.at(-1) ?? 0) + columnsOf(character));
  return { characters, columns };
}

function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 32 || (code >= 127 && code < 160)) return 1;
  return Math.max(1, linesOf(character)[0]?.width ?? 1);
}

/** The part of a line that is shown: cut on the right when that is enough, else on both sides of the mark. */
function visible({ characters, columns }: Shown, mark: number): { from: number; to: number } {
  const column = (index: number): number => columns[index] ?? 0;
  let from = 0;
  let to = characters.length;
  if (column(to) <= DISPLAY_WIDTH) return { from, to };
  if (DISPLAY_WIDTH < column(mark) + RIGHT_OF_MARK) {
    while (column(mark) + RIGHT_OF_MARK < column(to)) to -= 1;
    while (column(to) - column(from) > DISPLAY_WIDTH) from += 1;
    return { from, to };
  }
  while (column(to) > DISPLAY_WIDTH) to -= 1;
  return { from, to };
}
