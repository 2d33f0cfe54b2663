/** A quoted string (with E'' escapes), a quoted identifier, a dollar-quoted string, or a comment of either kind. */
const QUOTED =
  /[eE]'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])(\$(?:[A-Za-z_]\w*)?\$)[^]*?\1|--[^\n]*|\/\*[^]*?\*\//g;

/** What is wrong with a piece of SQL that is put inside a larger statement; undefined when nothing is. */
export type SqlFault = 'empty' | 'semicolon' | 'unfinished' | 'line comment';

/**
 * Looks at a piece of SQL without parsing it: quoted texts and comments are told apart from the rest.
 * @param text a condition, an expression or a whole SELECT
 */
export function sqlFault(text: string): SqlFault | undefined {
  const bare = text.replaceAll(QUOTED, (quoted) => (isComment(quoted) ? ' ' : 'x'));
  if (bare.trim() === '') return 'empty';
  if (/['"]|\/\*|(?<![\w$])\$(?:[A-Za-z_]\w*)?\$/.test(bare)) return 'unfinished';
  return bare.includes(';') ? 'semicolon' : undefined;
}

/** Like sqlFault, for a fragment that more SQL follows on the same line, which `--` would swallow. */
export function fragmentFault(text: string): SqlFault | undefined {
  const comments = [...text.matchAll(QUOTED)].some(([quoted]) => quoted.startsWith('--'));
  return sqlFault(text) ?? (comments ? 'line comment' : undefined);
}

function isComment(quoted: string): boolean {
  return quoted.startsWith('--') || quoted.startsWith('/*');
}
