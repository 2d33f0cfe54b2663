import type { Input } from './input.ts';
import { type Lookup, referenceAt } from './lookup.ts';

/** An argument of a backslash command. */
export interface Argument {
  text: string;
  /** Some of it stood in single or double quotes, or came from a variable. */
  quoted: boolean;
}

/** Reading a command's arguments failed: a quote that is not closed, say. The rest of the line is gone. */
export class ArgumentError extends Error {}

const SPACE = /^[ \t\n\r\f\v]+/;
const COMMAND = /^[^ \t\n\r\f\v\\]*/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', r: '\r', f: '\f' };

/** The name of the command whose backslash was just read. */
export function readCommand(input: Input): string {
  const name = COMMAND.exec(input.rest)?.[0] ?? '';
  input.advance(name.length);
  return name;
}

/**
 * The next argument of a command, or undefined when there is no more: single quotes with their escapes are taken off, double
 * quotes stay, variables are put in. Backticks are refused with an ArgumentError.
 */
export function readArgument(
  input: Input,
  lookup: Lookup,
  options: { semicolon?: boolean } = {},
): Argument | undefined {
  skipSpace(input);
  if (input.rest === '' || input.rest.startsWith('\\')) return undefined;
  let text = '';
  let quoted = false;
  /** Characters since the last quote: only of those semicolons at the end are dropped. */
  let bare = 0;
  for (let rest = input.rest; rest !== '' && !SPACE.test(rest) && !rest.startsWith('\\'); rest = input.rest) {
    const first = rest.charAt(0);
    const piece = first === ':' ? variable(rest, lookup) : quotedPiece(rest, first);
    if (piece === undefined) {
      text += first;
      bare += 1;
      input.advance(1);
    } else {
      text += piece.text;
      input.advance(piece.length);
      quoted = true;
      bare = 0;
    }
  }
  if (options.semicolon === true) {
    for (; bare > 0 && text.endsWith(';'); bare -= 1) text = text.slice(0, -1);
  }
  return { text, quoted };
}

/** The rest of the line as it stands, or undefined when there is none. */
export function readLine(input: Input, options: { semicolon?: boolean } = {}): string | undefined {
  skipSpace(input);
  let text = '';
  for (let rest = input.rest; rest !== ''; rest = input.rest) {
    text += rest;
    input.advance(rest.length);
  }
  text = text.replace(/[ \t\n\r\f\v]+$/, '');
  if (options.semicolon === true) text = text.replace(/;+$/, '').replace(/[ \t\n\r\f\v]+$/, '');
  return text === '' ? undefined : text;
}

/** Two backslashes end a command. */
export function endCommand(input: Input): void {
  if (input.rest.startsWith('\\\\')) input.advance(2);
}

function skipSpace(input: Input): void {
  for (let space = SPACE.exec(input.rest); space !== null; space = SPACE.exec(input.rest)) {
    input.advance(space[0].length);
  }
}

function variable(rest: string, lookup: Lookup): { text: string; length: number } | undefined {
  const reference = referenceAt(rest);
  if (reference === undefined) return undefined;
  const { kind, name, length } = reference;
  if (kind === 'test') {
    const known = lookup.isSet(name);
    return known === undefined ? undefined : { text: known ? 'TRUE' : 'FALSE', length };
  }
  const value = lookup.value(name, kind);
  return { text: value ?? rest.slice(0, length), length };
}

function quotedPiece(rest: string, first: string): { text: string; length: number } | undefined {
  if (first === "'") return singleQuoted(rest);
  if (first === '`') throw new ArgumentError('commands in backticks are not run by dayboard');
  if (first !== '"') return undefined;
  const end = rest.indexOf('"', 1);
  if (end < 0) throw new ArgumentError('unterminated quoted string');
  return { text: rest.slice(0, end + 1), length: end + 1 };
}

/** A quoted text with psql's escapes: `\n`, `\101`, `\x41`, and any other character after a backslash as itself. */
function singleQuoted(rest: string): { text: string; length: number } {
  let text = '';
  let at = 1;
  while (at < rest.length) {
    const escape = /^(?:''|\\x[0-9A-Fa-f]{1,2}|\\[0-7]{1,3}|\\[\s\S])/.exec(rest.slice(at))?.[0];
    if (escape !== undefined) {
      text += escape === "''" ? "'" : unescaped(escape.slice(1));
      at += escape.length;
    } else if (rest.charAt(at) === "'") return { text, length: at + 1 };
    else {
      text += rest.charAt(at);
      at += 1;
    }
  }
  throw new ArgumentError('unterminated quoted string');
}

function unescaped(escape: string): string {
  if (/^x[0-9A-Fa-f]/.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  if (/^[0-7]/.test(escape)) return String.fromCharCode(Number.parseInt(escape, 8) & 0xff);
  return ESCAPES[escape] ?? escape;
}
