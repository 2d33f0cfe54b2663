/** An error that pg_restore wrote and went on after, in one line. */
export interface RestoreError {
  text: string;
  harmless: boolean;
}

/**
 * Errors after which the copied tables are still whole: the target lacks a role, an extension's text or a setting that
 * the archive mentions, or has already what it would make. Whatever is not known to be harmless is fatal.
 */
const HARMLESS: readonly RegExp[] = [
  /^role ".*" does not exist$/,
  /^must be (?:owner of|able to SET ROLE) /,
  /^schema ".*" already exists$/,
  /^extension ".*" already exists$/,
  /^unrecognized configuration parameter "/,
  /^cannot drop (?:schema|extension) \S+ because other objects depend on it$/,
  /^permission denied (?:for schema|to create extension) /,
  /^language ".*" already exists$/,
];

/** A harmless text is harmless only for such a statement: a refused table is never. */
const ABOUT_TABLES =
  /^(?:CREATE TABLE|ALTER TABLE(?! .* OWNER TO )|COPY|CREATE (?:UNIQUE )?INDEX|CREATE SEQUENCE)\b/i;

/** The errors in what pg_restore wrote, each with its verdict. */
export function restoreErrors(lines: readonly string[]): RestoreError[] {
  const errors: RestoreError[] = [];
  for (const [at, line] of lines.entries()) {
    const said = /^pg_restore: error: (.*)$/.exec(line)?.[1];
    if (said === undefined) continue;
    const text = said.replace(/^could not execute query: ERROR: {2}/, '');
    const command = lines
      .slice(at + 1, at + 6)
      .map((each) => /^Command was: (.*)$/.exec(each)?.[1])
      .find((each) => each !== undefined);
    errors.push({ text, harmless: isHarmless(text, command) });
  }
  return errors;
}

function isHarmless(text: string, command = ''): boolean {
  return HARMLESS.some((pattern) => pattern.test(text)) && !ABOUT_TABLES.test(command);
}
