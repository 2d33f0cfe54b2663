/** A word as psql reads it for an on/off setting: any start of true, yes, false, no, on, off, or 1, 0. */
export function parseBoolean(word: string): boolean | undefined {
  const lower = word.toLowerCase();
  if (lower === '') return undefined;
  if ('true'.startsWith(lower) || 'yes'.startsWith(lower)) return true;
  if ('false'.startsWith(lower) || 'no'.startsWith(lower)) return false;
  if (lower === 'on' || lower === '1') return true;
  if (lower === 'of' || lower === 'off' || lower === '0') return false;
  return undefined;
}

/** What psql says of a word that is neither on nor off; `setting` may be none. */
export function notBoolean(word: string, setting: string): string {
  return `unrecognized value "${word}" for "${setting}": Boolean expected`;
}

/** What psql says of a word that is not among those it takes. */
export function notAmong(word: string, setting: string, available: string): string {
  return `unrecognized value "${word}" for "${setting}"\nAvailable values are: ${available}.`;
}
