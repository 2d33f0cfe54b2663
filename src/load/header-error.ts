import { DayboardError } from '../project/errors.ts';
import { excerpt } from './excerpt.ts';

const UNTOUCHED = 'Nothing was loaded, and what was published before is untouched.';

/** The header's record is not the declared one. Code 'load.header'; says which columns and how. */
export function headerError(expected: readonly string[], found: readonly string[]): DayboardError {
  const missing = without(expected, found);
  const extra = without(found, expected);
  const moved = missing.length + extra.length === 0 ? expected.filter((name, at) => found[at] !== name) : [];
  const differences = [
    ...said('missing', missing),
    ...said('not expected', extra),
    ...said('in another order', moved),
  ].join('; ');
  return new DayboardError({
    code: 'load.header',
    message: `The file's header is not the declared one: ${differences}. Declared: ${list(expected)}. Found: ${list(found)}.${hint(expected, found)}`,
    facts: {
      missing: factOf(missing),
      extra: factOf(extra),
      reordered: factOf(moved),
      declared: list(expected),
      found: list(found),
      line: 1,
    },
    next: `${UNTOUCHED} If the file is meant to be so, change the dataset's \`file\` in the project; else have it delivered again.`,
  });
}

/** No header at all: its record does not end. Code 'load.header'. */
export function endlessHeader(bytes: number, start: string): DayboardError {
  return new DayboardError({
    code: 'load.header',
    message: `The file's first record does not end within ${bytes} bytes; it begins with "${excerpt(start)}". Is a quote not closed?`,
    facts: { line: 1 },
    next: `${UNTOUCHED} Have the object delivered again.`,
  });
}

/** An object without any bytes. Code 'load.empty'. */
export function emptyFile(): DayboardError {
  return new DayboardError({
    code: 'load.empty',
    message: 'The object is empty: it has no bytes, not even a header.',
    facts: { bytes: 0 },
    next: `${UNTOUCHED} Have the object delivered again. If there is nothing to deliver, publish it with --force empty; it is then marked as suspicious.`,
  });
}

/** A file in UTF-16. Code 'load.encoding'. */
export function notUtf8(): DayboardError {
  return new DayboardError({
    code: 'load.encoding',
    message: 'The file is in UTF-16; only UTF-8 can be loaded.',
    facts: { line: 1 },
    next: `${UNTOUCHED} Have the object delivered in UTF-8.`,
  });
}

/** What is in `names` more often than in `others`. */
function without(names: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return names.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function said(how: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${how}: ${list(names)}`];
}

function factOf(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : list(names);
}

const MOST_NAMES = 100;

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => (name === '' ? '""' : excerpt(name)));
  return [...shown, ...(names.length > MOST_NAMES ? [`… (${names.length} columns)`] : [])].join(', ');
}

function hint(expected: readonly string[], found: readonly string[]): string {
  const [only] = found;
  const separator =
    expected.length > 1 && found.length === 1 && only !== undefined
      ? [';', '\t', '|'].find((each) => only.includes(each))
      : undefined;
  if (separator === undefined) return '';
  return ` Its columns seem to be separated by ${separator === '\t' ? 'tabs' : `"${separator}"`}; a comma is expected.`;
}
