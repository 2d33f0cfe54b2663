import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import pg from 'pg';
import { REFUSED, refusal } from './commands/refused.ts';
import { parseCopy } from './copy/parse.ts';
import { leadingWords } from './leading-words.ts';
import { ArgumentError, endCommand, readArgument, readCommand, readLine } from './scan/arguments.ts';
import { Input } from './scan/input.ts';
import type { Lookup } from './scan/lookup.ts';
import { Scanner } from './scan/scanner.ts';
import { SourceReader } from './source-reader.ts';

interface Placed {
  file: string;
  line: number;
}

/** A command of a script that dayboard does not run, with its place. */
export interface Unsupported extends Placed {
  message: string;
}

/** A statement as it would be sent, as far as its variables are known, with the line that it begins in. */
export interface SurveyedStatement extends Placed {
  text: string;
  /** Its rows are run as statements. */
  executesRows?: true;
}

/** What a script and the files that it names to include have in them, in every branch. Nothing is run. */
export interface Survey {
  unsupported: Unsupported[];
  statements: SurveyedStatement[];
  /** As they are named; the script first. Those that are not there are left out. */
  files: string[];
  /** SHA-256 of all of them. */
  hash: string;
  copies: Array<Placed & { direction: 'from' | 'to'; name: string }>;
  /** Variables that are named where nothing gave them a value before. */
  unset: string[];
}

const NOT_UTF8 = 'not UTF8: dayboard reads and sends scripts in UTF8 only; save the file in it';
const INCLUDES = new Set(['i', 'include', 'ir', 'include_relative']);
const PROGRAMS = 'not run by dayboard: dayboard starts no programs for scripts';
/** Commands that send the statement so far. */
const SENDS = new Set(['g', 'gx', 'gset', 'gexec', 'crosstabview', 'watch', 'parse']);
/** Commands after which the statement so far is gone, sent or not. */
const ENDS = new Set([...SENDS, 'gdesc', 'r', 'reset']);

/**
 * Reads a script without running it. Files that are not there, or whose name is a variable that is not known, are left
 * to the run.
 *
 * @param variables those that it is given
 */
export function surveyScript(
  file: string,
  directory: string,
  variables: ReadonlyArray<readonly [name: string, value: string]> = [],
): Survey {
  const surveyor = new Surveyor(directory, variables);
  surveyor.file(file);
  return surveyor.survey();
}

class Surveyor {
  readonly #directory: string;
  readonly #seen = new Set<string>();
  readonly #known: Map<string, string>;
  readonly #unset = new Set<string>();
  readonly #hash = createHash('sha256');
  #depth = 0;
  readonly #found: Omit<Survey, 'hash' | 'unset'> = {
    unsupported: [],
    statements: [],
    files: [],
    copies: [],
  };
  readonly #lookup: Lookup = {
    value: (name, quoting) => {
      const value = this.#known.get(name);
      if (value === undefined) this.#unset.add(name);
      if (value === undefined || quoting === 'plain') return value;
      return quoting === 'literal' ? pg.escapeLiteral(value) : pg.escapeIdentifier(value);
    },
    isSet: (name) => (this.#known.has(name) ? true : undefined),
    warn: () => undefined,
  };

  constructor(directory: string, variables: ReadonlyArray<readonly [string, string]>) {
    this.#directory = directory;
    this.#known = new Map(variables);
  }

  survey(): Survey {
    return { ...this.#found, hash: this.#hash.digest('hex'), unset: [...this.#unset].sort() };
  }

  file(name: string): void {
    const path = isAbsolute(name) ? name : join(this.#directory, name);
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      return;
    }
    this.#found.files.push(name);
    this.#hash.update(`${name}\0${bytes.length}\0`).update(bytes);
    this.#lines(new SourceReader(name, bytes));
  }

  #lines(source: SourceReader): void {
    const scanner = new Scanner();
    let begins = 1;
    const at = () => ({ file: source.name, line: begins });
    const take = (more: Pick<SurveyedStatement, 'executesRows'> = {}): string => {
      const { text } = scanner;
      scanner.text = '';
      if (leadingWords(text, 1).length > 0) this.#found.statements.push({ ...at(), text, ...more });
      return text;
    };
    for (let line = source.next(); line !== undefined; line = source.next()) {
      if (!isUtf8(line))
        this.#found.unsupported.push({ file: source.name, line: source.line, message: NOT_UTF8 });
      const input = new Input(line.toString().replace(/\n$/, ''));
      if (scanner.text !== '') scanner.text += '\n';
      else begins = source.line;
      let data = false;
      for (let end = this.#scan(scanner, input); end !== 'line'; end = this.#scan(scanner, input)) {
        if (end === 'semicolon') data ||= readsData(take());
        else data ||= this.#command(input, source, scanner, take);
        begins = source.line;
      }
      if (data) skipData(source);
    }
    take();
  }

  #scan(scanner: Scanner, input: Input): ReturnType<Scanner['scan']> {
    return scanner.scan(input, this.#lookup, true);
  }

  /** Reads a command with its arguments; true when data of its own follow it. */
  #command(
    input: Input,
    source: SourceReader,
    scanner: Scanner,
    take: (more?: Pick<SurveyedStatement, 'executesRows'>) => string,
  ): boolean {
    const place = { file: source.name, line: source.line };
    const problem = (message: string) => this.#found.unsupported.push({ ...place, message });
    const name = readCommand(input);
    const refused = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (refused !== undefined) {
      readLine(input);
      problem(refusal(name, refused));
      return false;
    }
    if (name.toLowerCase() === 'copy') return this.#copy(readLine(input), place, problem);
    if (/^s[fv]\+?$/.test(name)) {
      readLine(input);
      return false;
    }
    const words = this.#arguments(input, name, problem);
    endCommand(input);
    const sent = SENDS.has(name) ? take(name === 'gexec' ? { executesRows: true } : {}) : '';
    if (ENDS.has(name)) {
      scanner.text = '';
      scanner.reset();
    }
    const [first, ...others] = words;
    const file = words.find((word) => !word.startsWith('('));
    if (/^(g|gx|o|out)$/.test(name) && file?.startsWith('|') === true) problem(`\\${name}: ${PROGRAMS}`);
    if (name === 'if') this.#depth += 1;
    if (name === 'endif') this.#depth -= 1;
    // Of a branch nobody knows whether it is taken: what was given stands.
    const stands = first === undefined || (this.#depth > 0 && this.#known.has(first));
    if (name === 'set' && !stands) this.#known.set(first, others.join(''));
    if (name === 'getenv' && first !== undefined) this.#unset.delete(first);
    if (INCLUDES.has(name) && first !== undefined && !first.startsWith(':')) {
      const relative = name === 'ir' || name === 'include_relative';
      this.file(relative && !isAbsolute(first) ? join(dirname(source.name), first) : first);
    }
    return readsData(sent);
  }

  #copy(line: string | undefined, place: Placed, problem: (message: string) => void): boolean {
    const request = parseCopy(line);
    if (typeof request === 'string') {
      if (request.includes('not run by dayboard')) problem(request);
      return false;
    }
    const { direction, end, what, options } = request;
    const side = direction === 'from' ? 'FROM STDIN' : 'TO STDOUT';
    this.#found.statements.push({ ...place, text: `COPY ${what} ${side} ${options}` });
    if (end.kind === 'file') this.#found.copies.push({ ...place, direction, name: end.name });
    return direction === 'from' && end.kind === 'inline';
  }

  #arguments(input: Input, name: string, problem: (message: string) => void): string[] {
    const words: string[] = [];
    try {
      for (let next = readArgument(input, this.#lookup); next !== undefined; ) {
        words.push(next.text);
        next = readArgument(input, this.#lookup);
      }
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      readLine(input);
      // A quote that is not closed is psql's to complain of, when it comes to it.
      if (error.message.includes('backticks')) problem(`\\${name}: ${error.message}`);
      return [];
    }
    return words;
  }
}

/** Whether the lines after a statement are its data. What is quoted, or in a query of its own, only looks so. */
function readsData(statement: string): boolean {
  if (leadingWords(statement, 1)[0] !== 'copy') return false;
  const bare = statement.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, ' x ');
  return !/\bcopy\s*\(/i.test(bare) && /\sfrom\s+stdin\b/i.test(bare);
}

function skipData(source: SourceReader): void {
  for (let line = source.next(); line !== undefined; line = source.next()) {
    if (/^\\\.\r?\n?$/.test(line.toString('latin1'))) return;
  }
}
