const EXACT = new Set(['CI', 'DATABASE_URL', 'NO_COLOR', 'FORCE_COLOR']);
const PREFIXES = ['PG', 'S3_', 'DAYBOARD_', 'AWS_'];

/**
 * The environment for a dayboard that a test starts: this process's, without what would connect it elsewhere or
 * change how it draws. CI must be absent, not empty: Ink takes its mere presence for "no terminal".
 */
export function cleanEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !EXACT.has(entry[0]) &&
        !PREFIXES.some((prefix) => entry[0].startsWith(prefix)),
    ),
  );
}
