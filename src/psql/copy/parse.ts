/** A `\copy` taken apart. */
export interface CopyRequest {
  /** What COPY gets before FROM or TO: a table with its columns, or a query in parentheses. */
  what: string;
  direction: 'from' | 'to';
  /** A file; the script's own lines and results; or those of the process. */
  end: { kind: 'file'; name: string } | { kind: 'inline' } | { kind: 'process' };
  /** What follows: options. */
  options: string;
}

/** A table's name is parted at dots; within parentheses only these and quotes part words. */
const NAME = /^(?:"(?:[^"]|"")*"?|'(?:[^']|'')*'?|[.,()]|[^\s.,()"']+)/;
const WORD = /^(?:"(?:[^"]|"")*"?|'(?:[^']|'')*'?|[()]|[^\s()"']+)/;

/** Reads the arguments of `\copy` as psql does. psql's complaint is returned as a string. */
export function parseCopy(text: string | undefined): CopyRequest | string {
  if (text === undefined) return '\\copy: arguments required';
  const reader = new Tokens(text);
  let token = reader.name();
  let what = '';
  if (token?.toLowerCase() === 'binary') {
    what += token;
    token = reader.name();
  }
  if (token === undefined) return problem(token);
  if (token === '(') {
    what += ' (';
    for (let open = 1; open > 0; ) {
      token = reader.next();
      if (token === undefined) return problem(token);
      if (token === '(') open += 1;
      if (token === ')') open -= 1;
      what += ` ${token}`;
    }
  } else what += ` ${token}`;
  token = reader.name();
  if (token === '.') {
    const name = reader.name();
    if (name === undefined) return problem(name);
    what += `.${name}`;
    token = reader.name();
  }
  if (token === '(') {
    for (; token !== ')'; token = reader.next()) {
      if (token === undefined) return problem(token);
      what += ` ${token}`;
    }
    what += ' )';
    token = reader.next();
  }
  return endOf(reader, what, token);
}

function endOf(reader: Tokens, what: string, word: string | undefined): CopyRequest | string {
  const direction = word?.toLowerCase();
  if (direction !== 'from' && direction !== 'to') return problem(word);
  const name = reader.file();
  if (name === undefined) return problem(name);
  const special = name.toLowerCase();
  if (special === 'program') return '\\copy: not run by dayboard: dayboard starts no programs for scripts';
  const options = reader.rest;
  if (special === 'stdin' || special === 'stdout')
    return { what, direction, end: { kind: 'inline' }, options };
  if (special === 'pstdin' || special === 'pstdout')
    return { what, direction, end: { kind: 'process' }, options };
  return { what, direction, end: { kind: 'file', name: unquoted(name) }, options };
}

function problem(token: string | undefined): string {
  return token === undefined ? '\\copy: parse error at end of line' : `\\copy: parse error at "${token}"`;
}

function unquoted(name: string): string {
  if (!name.startsWith("'")) return name;
  return name
    .slice(1, -1)
    .replaceAll("''", "'")
    .replaceAll(/\\([\s\S])/g, '$1');
}

class Tokens {
  #rest: string;

  constructor(text: string) {
    this.#rest = text;
  }

  get rest(): string {
    return this.#rest.trim();
  }

  name(): string | undefined {
    return this.#take(NAME);
  }

  next(): string | undefined {
    return this.#take(WORD);
  }

  /** A file's name may hold any characters but spaces. */
  file(): string | undefined {
    return this.#take(/^(?:'(?:[^'\\]|''|\\[\s\S])*'?|\S+)/);
  }

  #take(pattern: RegExp): string | undefined {
    this.#rest = this.#rest.trimStart();
    const found = pattern.exec(this.#rest)?.[0];
    if (found === undefined) return undefined;
    this.#rest = this.#rest.slice(found.length);
    return found;
  }
}
