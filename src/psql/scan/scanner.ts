import type { Input } from './input.ts';
import { type Lookup, referenceAt } from './lookup.ts';

/** What the scanner is inside of; it stays so from one line to the next. */
type Inside =
  | { kind: 'nothing' }
  | { kind: 'comment'; depth: number }
  | { kind: 'string' }
  | { kind: 'escape string' }
  | { kind: 'identifier' }
  | { kind: 'dollar'; tag: string };

/** Why a scan ended: a statement is whole, a backslash command begins, or the line is over. */
export type ScanEnd = 'semicolon' | 'backslash' | 'line';

const WHITESPACE = /^[ \t\n\r\f\v]+/;
const LINE_COMMENT = /^--[^\n\r]*/;
const DOLLAR = /^\$(?:[A-Za-z_\u0080-\u{10ffff}][A-Za-z_0-9\u0080-\u{10ffff}]*)?\$/u;
const DOLLAR_FAILED = /^\$[A-Za-z_\u0080-\u{10ffff}][A-Za-z_0-9\u0080-\u{10ffff}]*/u;
const PARAMETER = /^\$[0-9]+(?:[A-Za-z_\u0080-\u{10ffff}][A-Za-z_0-9$\u0080-\u{10ffff}]*)?/u;
const IDENTIFIER = /^[A-Za-z_\u0080-\u{10ffff}][A-Za-z_0-9$\u0080-\u{10ffff}]*/u;
/** With the name that may not follow it directly: `1a$b$` is one piece that the server refuses, and no dollar quote. */
const NUMBER =
  /^(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[Ee][-+]?[0-9]+)?(?:[A-Za-z_\u0080-\u{10ffff}][A-Za-z_0-9$\u0080-\u{10ffff}]*)?/u;
const STRING_START = /^(?:[bB]|[xX]|[uU]&)?'/;
const ESCAPE_STRING_START = /^[eE]'/;
const IDENTIFIER_START = /^(?:[uU]&)?"/;
/** Words that tell a function's definition, by their first letters: CREATE [OR REPLACE] FUNCTION|PROCEDURE. */
const DEFINING = new Set(['create', 'function', 'procedure', 'or', 'replace']);

/**
 * Splits SQL as psql does: quotes, comments, parentheses and the BEGIN … END of a function's body keep a semicolon inside.
 * One scanner reads a whole source, line by line; `text` is the statement so far.
 */
export class Scanner {
  text = '';
  parentheses = 0;
  #inside: Inside = { kind: 'nothing' };
  /** Depth of BEGIN in a function's body, and the first letters of the statement's first words. */
  #begins = 0;
  #words: string[] = [];
  #wordCount = 0;

  /** Quotes, dollar quotes and comments go over the end of a line. */
  get inQuote(): boolean {
    return this.#inside.kind !== 'nothing';
  }

  /** Forgets what it is inside of, but not the text. */
  reset(): void {
    this.parentheses = 0;
    this.#inside = { kind: 'nothing' };
    this.#begins = 0;
    this.#wordCount = 0;
  }

  /** Reads on until a statement is whole, a command begins, or the line is over. */
  scan(input: Input, lookup: Lookup, standardStrings: boolean): ScanEnd {
    for (let rest = input.rest; rest !== ''; rest = input.rest) {
      const end =
        this.#inside.kind === 'nothing'
          ? this.#outside(input, rest, lookup, standardStrings)
          : this.#within(input, rest, this.#inside);
      if (end !== undefined) return end;
    }
    return 'line';
  }

  #take(input: Input, rest: string, length: number): void {
    this.text += rest.slice(0, length);
    input.advance(length);
  }

  #open(input: Input, rest: string, length: number, inside: Inside): undefined {
    this.#take(input, rest, length);
    this.#inside = inside;
  }

  /** Between quotes and comments. */
  #outside(input: Input, rest: string, lookup: Lookup, standardStrings: boolean): ScanEnd | undefined {
    const first = rest.charAt(0);
    const blank = WHITESPACE.exec(rest) ?? LINE_COMMENT.exec(rest);
    if (blank !== null) {
      // Nothing before the first word of a statement is sent.
      if (this.text !== '') this.text += blank[0];
      input.advance(blank[0].length);
      return undefined;
    }
    if (rest.startsWith('/*')) return this.#open(input, rest, 2, { kind: 'comment', depth: 0 });
    const opened = this.#quote(input, rest, standardStrings);
    if (opened) return undefined;
    if (first === '\\') return this.#backslash(input, rest);
    if (first === ';') {
      this.#take(input, rest, 1);
      if (this.parentheses > 0 || this.#begins > 0) return undefined;
      this.#wordCount = 0;
      return 'semicolon';
    }
    if (first === ':') this.#colon(input, rest, lookup);
    else this.#token(input, rest, first);
    return undefined;
  }

  #quote(input: Input, rest: string, standardStrings: boolean): boolean {
    const escaped = ESCAPE_STRING_START.exec(rest);
    const string = STRING_START.exec(rest);
    const identifier = IDENTIFIER_START.exec(rest);
    const dollar = DOLLAR.exec(rest);
    if (escaped !== null) this.#open(input, rest, escaped[0].length, { kind: 'escape string' });
    else if (string !== null) {
      const plain = string[0] === "'" && !standardStrings;
      this.#open(input, rest, string[0].length, { kind: plain ? 'escape string' : 'string' });
    } else if (identifier !== null) {
      this.#open(input, rest, identifier[0].length, { kind: 'identifier' });
    } else if (dollar !== null) {
      this.#open(input, rest, dollar[0].length, { kind: 'dollar', tag: dollar[0] });
    } else return false;
    return true;
  }

  /** `\;` and `\:` are written as they are; anything else is a command. */
  #backslash(input: Input, rest: string): ScanEnd | undefined {
    const next = rest.charAt(1);
    input.advance(1);
    if (next !== ';' && next !== ':') return 'backslash';
    this.text += next;
    input.advance(1);
    if (next === ';') this.#wordCount = 0;
    return undefined;
  }

  #colon(input: Input, rest: string, lookup: Lookup): void {
    if (rest.startsWith('::') || rest.startsWith(':=')) {
      this.#take(input, rest, 2);
      return;
    }
    const reference = referenceAt(rest);
    if (reference === undefined) {
      this.#take(input, rest, 1);
      return;
    }
    const { kind, name, length } = reference;
    if (kind === 'test') {
      const known = lookup.isSet(name);
      if (known === undefined) this.#take(input, rest, length);
      else {
        this.text += known ? 'TRUE' : 'FALSE';
        input.advance(length);
      }
      return;
    }
    const value = lookup.value(name, kind);
    if (value === undefined) this.#take(input, rest, length);
    else if (kind === 'plain') {
      input.advance(length);
      if (input.push(name, value)) return;
      lookup.warn(`skipping recursive expansion of variable "${name}"`);
      this.text += rest.slice(0, length);
    } else {
      this.text += value;
      input.advance(length);
    }
  }

  #token(input: Input, rest: string, first: string): void {
    if (first === '(') this.parentheses += 1;
    if (first === ')' && this.parentheses > 0) this.parentheses -= 1;
    const word = IDENTIFIER.exec(rest);
    if (word !== null) {
      // N'…' is a letter and a string.
      const length = /^[nN]'/.test(rest) ? 1 : word[0].length;
      if (!/^[nN]'/.test(rest)) this.#word(word[0].toLowerCase());
      this.#take(input, rest, length);
      return;
    }
    const piece = PARAMETER.exec(rest) ?? NUMBER.exec(rest);
    this.#take(input, rest, piece?.[0].length ?? (DOLLAR_FAILED.test(rest) ? 1 : first.length));
  }

  /** Keeps the depth of BEGIN in a function's body, where CASE needs an END too. */
  #word(word: string): void {
    if (this.#wordCount === 0) this.#words = [];
    if (DEFINING.has(word) && this.#wordCount < 4) this.#words[this.#wordCount] = word.charAt(0);
    this.#wordCount += 1;
    const [first, second, third, fourth] = this.#words;
    const plain = second === 'f' || second === 'p';
    const replacing = second === 'o' && third === 'r' && (fourth === 'f' || fourth === 'p');
    if (first !== 'c' || !(plain || replacing) || this.parentheses > 0) return;
    if (word === 'begin') this.#begins += 1;
    else if (word === 'case' && this.#begins > 0) this.#begins += 1;
    else if (word === 'end' && this.#begins > 0) this.#begins -= 1;
  }

  /** Inside of a quote or a comment. */
  #within(input: Input, rest: string, inside: Exclude<Inside, { kind: 'nothing' }>): undefined {
    switch (inside.kind) {
      case 'comment':
        return this.#comment(input, rest, inside.depth);
      case 'string':
        return this.#until(input, rest, /^(?:[^']|'')*'(?!')/);
      case 'escape string':
        return this.#until(input, rest, /^(?:[^'\\]|''|\\[\s\S])*'(?!')/);
      case 'identifier':
        return this.#until(input, rest, /^(?:[^"]|"")*"(?!")/);
      case 'dollar': {
        const end = rest.indexOf(inside.tag);
        if (end < 0) this.#take(input, rest, rest.length);
        else this.#open(input, rest, end + inside.tag.length, { kind: 'nothing' });
        return undefined;
      }
    }
  }

  #until(input: Input, rest: string, end: RegExp): undefined {
    const found = end.exec(rest);
    if (found === null) this.#take(input, rest, rest.length);
    else this.#open(input, rest, found[0].length, { kind: 'nothing' });
  }

  #comment(input: Input, rest: string, depth: number): undefined {
    const found = /\/\*|\*\//.exec(rest);
    if (found === null) {
      this.#take(input, rest, rest.length);
      return;
    }
    const length = found.index + 2;
    if (found[0] === '/*') this.#open(input, rest, length, { kind: 'comment', depth: depth + 1 });
    else if (depth > 0) this.#open(input, rest, length, { kind: 'comment', depth: depth - 1 });
    else this.#open(input, rest, length, { kind: 'nothing' });
  }
}
