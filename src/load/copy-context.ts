import { excerpt } from './excerpt.ts';

/** Where in the file a COPY failed. */
export interface CopyPlace {
  /** Line of the file, the header's being 1. */
  line?: number;
  column?: string;
  /** The value or the record there, fit to be shown. */
  value?: string;
}

/** What can stand before the value in a server's language. */
const OPENING_QUOTE = /["«»„“”「『‘']/;

/**
 * Reads the CONTEXT of a COPY error: `COPY visits, line 5, column visit_ts: "soon"`. Servers say it in their own
 * language, so only the relation's name, the first number, the known columns and the quotes are relied on. Further
 * CONTEXT lines of functions and triggers may stand above and below.
 */
export function copyPlace(
  context: string | undefined,
  relation: string,
  columns: readonly string[],
): CopyPlace {
  const start = context?.indexOf(relation) ?? -1;
  if (context === undefined || start < 0) return {};
  const behind = context.slice(start + relation.length);
  const number = /\d+/.exec(behind);
  if (number === null) return {};
  const rest = behind.slice(number.index + number[0].length);
  const quote = OPENING_QUOTE.exec(rest);
  const before = quote === null ? rest : rest.slice(0, quote.index);
  const column = columns.filter((name) => holdsWord(before, name)).sort((a, b) => b.length - a.length)[0];
  const value = quote === null ? undefined : unquoted(rest.slice(quote.index + 1));
  return {
    line: Number(number[0]),
    ...(column === undefined ? {} : { column }),
    ...(value === undefined ? {} : { value: excerpt(value) }),
  };
}

function holdsWord(text: string, word: string): boolean {
  const at = text.indexOf(word);
  if (at < 0) return false;
  const around = `${text.charAt(at - 1)}${text.charAt(at + word.length)}`;
  return !/[\p{L}\p{N}_]/u.test(around);
}

function unquoted(text: string): string {
  return text.replace(/\s?["«»“”」』’']\s*$/, '');
}
