/** Quoted parts, in which nothing is a comment, and comments. */
const PARTS =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>[A-Za-z_]\w*)?\$[\s\S]*?\$\k<tag>\$|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** A statement's beginning on one line, without its comments: what is shown of it, at most so many characters. */
export function brief(text: string, length: number): string {
  const line = text
    .replaceAll(PARTS, (part) => (/^(--|\/\*)/.test(part) ? ' ' : part))
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/;$/, '')
    .trimEnd();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
