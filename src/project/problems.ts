import type { z } from 'zod';
import { DayboardError } from './errors.ts';
import { nearest } from './nearest.ts';
import { problem } from './schema-text.ts';

/** The fix for a name that is unknown: the one that was meant, else all there are. */
export function nameOneOf(written: string, known: readonly string[]): string {
  const meant = nearest(written, known);
  if (meant !== undefined) return `write "${meant}"`;
  return known.length === 0 ? 'there is none yet' : `write one of ${known.join(', ')}`;
}

export type Path = ReadonlyArray<PropertyKey>;

/** One thing that is wrong in a definition, and where. */
export interface Problem {
  path: Path;
  /** What is wrong, and the fix in brackets. */
  message: string;
}

/** Collects problems. `at` gives a collector for a part of the definition. */
export class Problems {
  readonly found: Problem[];
  readonly path: Path;

  constructor(found: Problem[] = [], path: Path = []) {
    this.found = found;
    this.path = path;
  }

  at(...path: PropertyKey[]): Problems {
    return new Problems(this.found, [...this.path, ...path]);
  }

  add(what: string, fix: string): void {
    this.found.push({ path: this.path, message: problem(what, fix) });
  }
}

/** 'datasets[2].table.columns.visit_date'. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w$-]+$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(String(part))}]`;
  }
  return text === '' ? 'the definition' : text;
}

/**
 * The error that lists every problem.
 * @param project the project's name, when it is known
 */
export function invalidConfig(problems: readonly Problem[], project?: string): DayboardError {
  const lines = problems.map(({ path, message }) => `${pathText(path)}: ${message}`);
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  const subject = project === undefined ? 'The project definition' : `The definition of "${project}"`;
  return new DayboardError({
    code: 'config.invalid',
    kind: 'usage',
    message: `${subject} has ${count}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    facts: { problems: lines.length, ...(project === undefined ? {} : { project }) },
    next: 'Nothing was read or written. Correct the definition and try again.',
  });
}

type Issue = z.core.$ZodIssue;

/** What zod found, as problems with paths from the top and a fix each. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => fromIssue(issue, []));
}

function fromIssue(issue: Issue, above: Path): Problem[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const messages = issue.message.split('\n');
      return issue.keys.map((name, at) => ({
        path: [...path, name],
        message: messages[at] ?? issue.message,
      }));
    }
    case 'invalid_union':
      return fromUnion(issue, path);
    case 'invalid_type':
      return [{ path, message: wrongType(issue.expected, issue.input) }];
    case 'invalid_value':
      return [{ path, message: wrongValue(issue.values, issue.input) }];
    case 'invalid_key':
      return issue.issues.flatMap((inner) => fromIssue(inner, path));
    default:
      return [{ path, message: withInput(issue.message, issue.input) }];
  }
}

/** Says what was written, when it is short: `"Paris" is no time zone`. */
function withInput(message: string, input: unknown): string {
  const short = typeof input === 'string' && /^[^\p{Cc}]{1,60}$/u.test(input);
  return short ? `${JSON.stringify(input)} ${message}` : message;
}

/** Of a union's members, the one that was meant: the one that does not fail on the very kind of value. */
function fromUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): Problem[] {
  if ('discriminator' in issue && typeof issue.discriminator === 'string') {
    return [{ path, message: wrongValue(optionsOf(issue), fieldOf(issue.input, issue.discriminator)) }];
  }
  const meant = issue.errors.find((issues) => !issues.some((inner) => isWholly(inner)));
  if (meant !== undefined) return meant.flatMap((inner) => fromIssue(inner, path));
  const expected = issue.errors.flat().flatMap((inner) => (isWholly(inner) ? [expectation(inner)] : []));
  return [{ path, message: wrongType([...new Set(expected)].join(' or '), issue.input) }];
}

function isWholly(issue: Issue): issue is Extract<Issue, { code: 'invalid_type' | 'invalid_value' }> {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function expectation(issue: Extract<Issue, { code: 'invalid_type' | 'invalid_value' }>): string {
  return issue.code === 'invalid_type' ? issue.expected : issue.values.map(String).join(' or ');
}

function optionsOf(issue: Issue): unknown[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
}

const WORDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
};

function wrongType(expected: string, input: unknown): string {
  const wanted = expected
    .split(' or ')
    .map((word) => WORDS[word] ?? word)
    .join(' or ');
  if (input === undefined) return problem('is missing', `write ${wanted}`);
  return problem(`is ${kindOf(input)}`, `write ${wanted}`);
}

function wrongValue(values: readonly unknown[], input: unknown): string {
  const known = values.map((value) => JSON.stringify(value)).join(', ');
  const what = input === undefined ? 'is missing' : `is ${JSON.stringify(input)}`;
  return problem(what, values.length === 1 ? `write ${known}` : `write one of ${known}`);
}

function fieldOf(input: unknown, field: string): unknown {
  return typeof input === 'object' && input !== null ? (input as Record<string, unknown>)[field] : undefined;
}

function kindOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'function') return 'a function';
  return WORDS[Number.isInteger(input) ? 'int' : typeof input] ?? `a ${typeof input}`;
}
