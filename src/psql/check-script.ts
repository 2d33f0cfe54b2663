import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { DayboardError } from '../project/errors.ts';
import { leadingWords } from './leading-words.ts';
import { REFUSED, refusal } from './commands/refused.ts';
import { parseCopy } from './copy/parse.ts';
import { ArgumentError, endCommand, readArgument, readCommand, readLine } from './scan/arguments.ts';
import { Input } from './scan/input.ts';
import type { Lookup } from './scan/lookup.ts';
import { Scanner } from './scan/scanner.ts';
import { SourceReader } from './source-reader.ts';

/** A command of a script that dayboard does not run, with its place. */
export interface Unsupported {
  file: string;
  line: number;
  message: string;
}

const NOT_UTF8 = 'not UTF8: dayboard reads and sends scripts in UTF8 only; save the file in it';
const INCLUDES = new Set(['i', 'include', 'ir', 'include_relative']);
const PROGRAMS = 'not run by dayboard: dayboard starts no programs for scripts';

/** Nothing is known of variables before the script runs. */
const NO_VARIABLES: Lookup = { value: () => undefined, isSet: () => undefined, warn: () => undefined };

/**
 * What a script and the files that it names to include ask for and dayboard refuses, in every branch. Files that are not there,
 * or whose name is a variable, are left to the run.
 */
export function unsupportedIn(file: string, directory: string): Unsupported[] {
  return new Check(directory).file(file);
}

/** Throws `script.unsupported` with each refused command and its line. */
export function checkScript(file: string, directory: string): void {
  const found = unsupportedIn(file, directory);
  const [first] = found;
  if (first === undefined) return;
  throw new DayboardError({
    code: 'script.unsupported',
    message: found.map((each) => `${each.file}:${each.line}: ${each.message}`).join('\n'),
    facts: { file: first.file, line: first.line, commands: found.length },
    next: 'Nothing was run. Take these commands out of the script, or run it with psql.',
    kind: 'usage',
  });
}

class Check {
  readonly #directory: string;
  readonly #seen = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  file(name: string): Unsupported[] {
    const path = isAbsolute(name) ? name : join(this.#directory, name);
    if (this.#seen.has(path)) return [];
    this.#seen.add(path);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      return [];
    }
    return this.#lines(new SourceReader(name, bytes));
  }

  #lines(source: SourceReader): Unsupported[] {
    const scanner = new Scanner();
    const found: Unsupported[] = [];
    for (let line = source.next(); line !== undefined; line = source.next()) {
      if (!isUtf8(line)) found.push({ file: source.name, line: source.line, message: NOT_UTF8 });
      const input = new Input(line.toString().replace(/\n$/, ''));
      if (scanner.text !== '') scanner.text += '\n';
      let data = false;
      for (let end = scanner.scan(input, NO_VARIABLES, true); end !== 'line'; ) {
        if (end === 'semicolon') {
          data ||= readsData(scanner.text);
          scanner.text = '';
        } else {
          const at = source.line;
          const { problems, reads, sends } = this.#command(input, source.name);
          found.push(...problems.map((message) => ({ file: source.name, line: at, message })));
          data ||= reads;
          if (sends !== undefined) found.push(...sends);
        }
        end = scanner.scan(input, NO_VARIABLES, true);
      }
      if (data) skipData(source);
    }
    return found;
  }

  /** What is wrong with a command, whether data follow it, and what the file has that it includes. */
  #command(input: Input, from: string): { problems: string[]; reads: boolean; sends?: Unsupported[] } {
    const name = readCommand(input);
    const refused = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (refused !== undefined) {
      readLine(input);
      return { problems: [refusal(name, refused)], reads: false };
    }
    if (name.toLowerCase() === 'copy') return copyProblems(readLine(input));
    if (/^s[fv]\+?$/.test(name)) {
      readLine(input);
      return { problems: [], reads: false };
    }
    const { words, problems } = argumentsOf(input, name);
    endCommand(input);
    const [first] = words;
    const file = words.find((word) => !word.startsWith('('));
    if (/^(g|gx|o|out)$/.test(name) && file?.startsWith('|') === true)
      problems.push(`\\${name}: ${PROGRAMS}`);
    if (!INCLUDES.has(name) || first === undefined || first.startsWith(':'))
      return { problems, reads: false };
    const relative = name === 'ir' || name === 'include_relative';
    const included = relative && !isAbsolute(first) ? join(dirname(from), first) : first;
    return { problems, reads: false, sends: this.file(included) };
  }
}

function copyProblems(line: string | undefined): { problems: string[]; reads: boolean } {
  const request = parseCopy(line);
  if (typeof request !== 'string') {
    return { problems: [], reads: request.direction === 'from' && request.end.kind === 'inline' };
  }
  return { problems: request.includes('not run by dayboard') ? [request] : [], reads: false };
}

function argumentsOf(input: Input, name: string): { words: string[]; problems: string[] } {
  const words: string[] = [];
  try {
    for (let next = readArgument(input, NO_VARIABLES); next !== undefined; ) {
      words.push(next.text);
      next = readArgument(input, NO_VARIABLES);
    }
    return { words, problems: [] };
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    readLine(input);
    // A quote that is not closed is psql's to complain of, when it comes to it.
    const refused = error.message.includes('backticks');
    return { words, problems: refused ? [`\\${name}: ${error.message}`] : [] };
  }
}

/** Whether the lines after a statement are its data. */
function readsData(statement: string): boolean {
  return leadingWords(statement, 1)[0] === 'copy' && /\sfrom\s+stdin\b/i.test(statement);
}

function skipData(source: SourceReader): void {
  for (let line = source.next(); line !== undefined; line = source.next()) {
    if (/^\\\.\r?\n?$/.test(line.toString('latin1'))) return;
  }
}
