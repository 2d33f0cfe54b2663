import { literal } from '../../ledger/sql.ts';
import { asciiLower } from './identifier.ts';

/** One dotted part of a name pattern: as a regular expression, and as the name that it spells without wildcards. */
interface Part {
  regex: string;
  text: string;
}

/** Which columns a pattern is held against. */
export interface PatternTarget {
  /** Column of the schema's name, where the kind has schemas. */
  schema?: string;
  name: string;
  /** Another column that may match the name's part as well. */
  alternative?: string;
  /** Holds for what is found without its schema. */
  visible?: string;
  /** Parts that a name of the kind may have: database.schema.name is 3. */
  parts: 1 | 2 | 3;
}

/** A message of psql's that ends a describe command. */
export class DescribeError extends Error {}

const SPECIAL = new Set('|*+?()[]{}.^\\');
/** Matches everything: psql leaves such conditions out. */
const ANYTHING = '^(.*)$';

/**
 * The SQL condition for `pattern` (`*` any characters, `?` one, double quotes as in SQL), or for what is visible when
 * there is no pattern. `database` is the one that we are connected to: names of others are refused as psql does.
 */
export function patternCondition(
  pattern: string | undefined,
  target: PatternTarget,
  database: string,
): string {
  if (pattern === undefined) return target.visible ?? 'true';
  const { parts, dots } = splitPattern(pattern, target.schema !== undefined);
  checkParts(pattern, dots, parts.length > 2 ? parts[0]?.text : undefined, target, database);
  const name = parts.at(-1)?.regex ?? ANYTHING;
  const schema = parts.length > 1 ? parts.at(-2)?.regex : undefined;
  const conditions: string[] = [];
  if (name !== ANYTHING) {
    const matches = [target.name, target.alternative]
      .filter((column) => column !== undefined)
      .map((column) => matching(column, name));
    conditions.push(matches.length > 1 ? `(${matches.join(' or ')})` : matches.join(''));
  }
  if (schema !== undefined && target.schema !== undefined) {
    if (schema !== ANYTHING) conditions.push(matching(target.schema, schema));
  } else if (target.visible !== undefined) conditions.push(target.visible);
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

function matching(column: string, regex: string): string {
  return `${column} operator(pg_catalog.~) ${literal(regex)} collate pg_catalog.default`;
}

/** A name may begin with our own database where there is a place for it; psql 15 sees one only before a schema. */
function checkParts(
  pattern: string,
  dots: number,
  named: string | undefined,
  target: PatternTarget,
  database: string,
): void {
  if (dots >= target.parts) {
    throw new DescribeError(`improper qualified name (too many dotted names): ${pattern}`);
  }
  if (target.parts > 1 && dots === target.parts - 1 && named !== database) {
    throw new DescribeError(`cross-database references are not implemented: ${pattern}`);
  }
}

/** The parts between dots. A kind without schemas has one part, and its dots are characters of it. */
function splitPattern(pattern: string, hasSchemas: boolean): { parts: Part[]; dots: number } {
  const parts: Part[] = [];
  let part: Part = { regex: '', text: '' };
  let quoted = false;
  let dots = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === '"' && quoted && pattern.charAt(at + 1) === '"') {
      add(part, '"', '"');
      at += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === '.' && !quoted) {
      dots += 1;
      if (hasSchemas) {
        parts.push(part);
        part = { regex: '', text: '' };
      } else add(part, '.', '.');
    } else addCharacter(part, character, quoted, pattern.charAt(at + 1));
  }
  return { parts: [...parts, part].map(({ regex, text }) => ({ regex: `^(${regex})$`, text })), dots };
}

function addCharacter(part: Part, character: string, quoted: boolean, next: string): void {
  if (character === '$') add(part, '\\$', '$');
  else if (quoted) add(part, SPECIAL.has(character) ? `\\${character}` : character, character);
  else if (character === '*') add(part, '.*', character);
  else if (character === '?') add(part, '.', character);
  else if (character === '[' && next === ']') add(part, '\\[', character);
  else add(part, asciiLower(character), asciiLower(character));
}

function add(part: Part, regex: string, text: string): void {
  part.regex += regex;
  part.text += text;
}
