/**
 * Characters that psql counts as two columns: East Asian wide and fullwidth of Unicode 14 (the table of psql 15), as
 * pairs of hexadecimal bounds.
 */
const WIDE_RANGES = `
1100-115f 231a-231b 2329-232a 23e9-23ec 23f0 23f3 25fd-25fe 2614-2615 2648-2653 267f 2693 26a1 26aa-26ab 26bd-26be
26c4-26c5 26ce 26d4 26ea 26f2-26f3 26f5 26fa 26fd 2705 270a-270b 2728 274c 274e 2753-2755 2757 2795-2797 27b0 27bf
2b1b-2b1c 2b50 2b55 2e80-2e99 2e9b-2ef3 2f00-2fd5 2ff0-2ffb 3000-303e 3041-3096 3099-30ff 3105-312f 3131-318e
3190-31e3 31f0-321e 3220-3247 3250-4dbf 4e00-a48c a490-a4c6 a960-a97c ac00-d7a3 f900-faff fe10-fe19 fe30-fe52
fe54-fe66 fe68-fe6b ff01-ff60 ffe0-ffe6 16fe0-16fe4 16ff0-16ff1 17000-187f7 18800-18cd5 18d00-18d08 1aff0-1aff3
1aff5-1affb 1affd-1affe 1b000-1b122 1b150-1b152 1b164-1b167 1b170-1b2fb 1f004 1f0cf 1f18e 1f191-1f19a 1f200-1f202
1f210-1f23b 1f240-1f248 1f250-1f251 1f260-1f265 1f300-1f320 1f32d-1f335 1f337-1f37c 1f37e-1f393 1f3a0-1f3ca
1f3cf-1f3d3 1f3e0-1f3f0 1f3f4 1f3f8-1f43e 1f440 1f442-1f4fc 1f4ff-1f53d 1f54b-1f54e 1f550-1f567 1f57a 1f595-1f596
1f5a4 1f5fb-1f64f 1f680-1f6c5 1f6cc 1f6d0-1f6d2 1f6d5-1f6d7 1f6dd-1f6df 1f6eb-1f6ec 1f6f4-1f6fc 1f7e0-1f7eb 1f7f0
1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa70-1fa74 1fa78-1fa7c 1fa80-1fa86 1fa90-1faac 1fab0-1faba 1fac0-1fac5
1fad0-1fad9 1fae0-1fae7 1faf0-1faf6 20000-2fffd 30000-3fffd`;

const WIDE: ReadonlyArray<readonly [number, number]> = WIDE_RANGES.trim()
  .split(/\s+/)
  .map((range) => {
    const [first = '', last = first] = range.split('-');
    return [Number.parseInt(first, 16), Number.parseInt(last, 16)] as const;
  });

const FIRST_WIDE = 0x1100;
/** Marks that stand on the character before them. Format characters (joiners, say) count as one, as in psql 15. */
const MARK = /^[\p{Mn}\p{Me}]$/u;
const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/u;
const TAB_STOP = 8;

/** One line of a cell as it stands in a table: control characters written out, and its width in columns. */
export interface Line {
  text: string;
  width: number;
}

/** Columns of one printable character: 0, 1 or 2. */
function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (MARK.test(character)) return 0;
  return code >= FIRST_WIDE && isWide(code) ? 2 : 1;
}

function isWide(code: number): boolean {
  let [low, high] = [0, WIDE.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = WIDE[middle] ?? [0, 0];
    if (code < first) high = middle - 1;
    else if (code > last) low = middle + 1;
    else return true;
  }
  return false;
}

/** A cell's text line by line, with what psql writes for control characters: `\r`, `\x07`, `\u0085`, and tabs as spaces. */
export function linesOf(text: string): Line[] {
  if (PRINTABLE_ASCII.test(text)) return [{ text, width: text.length }];
  return text.split('\n').map(lineOf);
}

function lineOf(raw: string): Line {
  if (PRINTABLE_ASCII.test(raw)) return { text: raw, width: raw.length };
  let text = '';
  let width = 0;
  for (const character of raw) {
    const written = writtenAs(character, width);
    text += written;
    width += written === character ? characterWidth(character) : written.length;
  }
  return { text, width };
}

/** A character as it is written at a column of a line. */
function writtenAs(character: string, column: number): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 9) return ' '.repeat(TAB_STOP - (column % TAB_STOP));
  if (code === 13) return '\\r';
  if (code < 32 || code === 127) return `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
  if (code >= 128 && code < 160) return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return character;
}

/** The widest line's columns. */
export function widthOf(lines: readonly Line[]): number {
  let widest = 0;
  for (const line of lines) if (line.width > widest) widest = line.width;
  return widest;
}

/**
 * The start of a line that fits into `width` columns. At least one character is taken, also when it is too wide; the
 * width told is what the piece takes.
 */
export function takeWidth(text: string, width: number): Line {
  if (PRINTABLE_ASCII.test(text)) {
    const taken = text.slice(0, Math.max(width, 1));
    return { text: taken, width: taken.length };
  }
  let taken = '';
  let used = 0;
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width && used !== 0) break;
    taken += character;
    used += next;
  }
  return { text: taken, width: used };
}
