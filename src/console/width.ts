import stringWidth from 'string-width';
import { clean } from './clean.ts';

const PLAIN = /^[\u0020-\u007e]*$/u;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Terminal columns that cleaned text takes: wide characters two, marks none. */
export function displayWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** The longest start of a text that fits into `width` columns; a wide character that would stand half outside goes. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, width));
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > width) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** The text in at most `width` columns, with an ellipsis where something was left out. */
export function fit(text: string, width: number, ellipsis = '…'): string {
  const safe = clean(text);
  if (displayWidth(safe) <= width) return safe;
  const room = width - displayWidth(ellipsis);
  return room < 0 ? cut(ellipsis, width) : `${cut(safe, room)}${ellipsis}`;
}

/** As `fit`, but what is left out is in the middle: names are told apart by their ends too. */
export function fitMiddle(text: string, width: number, ellipsis = '…'): string {
  const safe = clean(text);
  if (displayWidth(safe) <= width || width < 8 || !PLAIN.test(safe)) return fit(safe, width, ellipsis);
  const room = width - displayWidth(ellipsis);
  const tail = Math.floor(room / 2);
  return `${safe.slice(0, room - tail)}${ellipsis}${safe.slice(safe.length - tail)}`;
}

/** Exactly `width` columns, filled on the right (or on the left). */
export function pad(text: string, width: number, side: 'left' | 'right' = 'right', ellipsis = '…'): string {
  const fitted = fit(text, width, ellipsis);
  const room = ' '.repeat(Math.max(0, width - displayWidth(fitted)));
  return side === 'left' ? room + fitted : fitted + room;
}

/** A text in lines of at most `width` columns, broken at spaces; the last of `most` lines ends in an ellipsis when there is more. */
export function wrap(text: string, width: number, most: number, ellipsis = '…'): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of clean(text).split(' ')) {
    for (const piece of pieces(word, width)) {
      if (line === '') line = piece;
      else if (displayWidth(line) + 1 + displayWidth(piece) <= width) line += ` ${piece}`;
      else {
        lines.push(line);
        line = piece;
      }
    }
  }
  if (line !== '') lines.push(line);
  if (lines.length <= most) return lines;
  const last = `${lines[most - 1] ?? ''} ${lines[most] ?? ''}`;
  return [...lines.slice(0, Math.max(0, most - 1)), fit(last, width, ellipsis)].slice(0, most);
}

/** A word that is longer than a line, cut into lines; a cluster that is wider than a line ends it. */
function pieces(word: string, width: number): string[] {
  const found: string[] = [];
  let rest = word;
  while (displayWidth(rest) > width) {
    const piece = cut(rest, width);
    if (piece === '') return found;
    found.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...found, rest];
}
