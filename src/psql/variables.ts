import { notAmong, notBoolean, parseBoolean } from './output/boolean.ts';

/** What a special variable accepts. */
type Rule =
  | { kind: 'boolean'; unset: 'on' | 'off' }
  | { kind: 'integer'; unset: string }
  | { kind: 'word'; unset: string; words: readonly string[] };

const ON: Rule = { kind: 'boolean', unset: 'on' };
const OFF: Rule = { kind: 'boolean', unset: 'off' };

/** psql's variables that change what it does, and what they are when nobody set them. */
const RULES: Readonly<Record<string, Rule>> = {
  AUTOCOMMIT: ON,
  ON_ERROR_STOP: OFF,
  QUIET: OFF,
  SINGLELINE: OFF,
  SINGLESTEP: OFF,
  SHOW_ALL_RESULTS: ON,
  HIDE_TABLEAM: OFF,
  HIDE_TOAST_COMPRESSION: OFF,
  FETCH_COUNT: { kind: 'integer', unset: '0' },
  HISTSIZE: { kind: 'integer', unset: '500' },
  ECHO: { kind: 'word', unset: 'none', words: ['none', 'errors', 'queries', 'all'] },
  ECHO_HIDDEN: { kind: 'word', unset: 'off', words: ['on', 'off', 'noexec'] },
  ON_ERROR_ROLLBACK: { kind: 'word', unset: 'off', words: ['on', 'off', 'interactive'] },
  COMP_KEYWORD_CASE: {
    kind: 'word',
    unset: 'preserve-upper',
    words: ['lower', 'upper', 'preserve-lower', 'preserve-upper'],
  },
  HISTCONTROL: { kind: 'word', unset: 'none', words: ['none', 'ignorespace', 'ignoredups', 'ignoreboth'] },
  VERBOSITY: { kind: 'word', unset: 'default', words: ['default', 'verbose', 'terse', 'sqlstate'] },
  SHOW_CONTEXT: { kind: 'word', unset: 'errors', words: ['never', 'errors', 'always'] },
};

/** Words that stand for "on" or "off" where on and off are among a variable's words. */
const SWITCHED = new Set(['ECHO_HIDDEN', 'ON_ERROR_ROLLBACK']);

const NAME = /^[A-Za-z_0-9\u0080-\u{10ffff}]+$/u;

/** The variables of a script: `\set`, `\unset`, `:name`. */
export class Variables {
  readonly #values = new Map<string, string>();

  constructor() {
    for (const [name, rule] of Object.entries(RULES)) this.#values.set(name, rule.unset);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** In the order of their names, as `\set` lists them. */
  entries(): Array<[string, string]> {
    return [...this.#values].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** Sets a variable; what psql complains of comes back. */
  set(name: string, value: string): string | undefined {
    if (!NAME.test(name)) return `invalid variable name: "${name}"`;
    const rule = RULES[name];
    const given = rule?.kind === 'boolean' && value === '' ? 'on' : value;
    const problem = rule === undefined ? undefined : problemOf(name, given, rule);
    if (problem === undefined) this.#values.set(name, given);
    return problem;
  }

  unset(name: string): string | undefined {
    if (!NAME.test(name)) return `invalid variable name: "${name}"`;
    const rule = RULES[name];
    if (rule === undefined) this.#values.delete(name);
    else this.#values.set(name, rule.kind === 'boolean' ? 'off' : rule.unset);
    return undefined;
  }

  /** Variables that psql treats specially are not set by `\gset`. */
  isSpecial(name: string): boolean {
    return Object.hasOwn(RULES, name) || /^PROMPT[123]$/.test(name) || name === 'HISTFILE';
  }

  isOn(name: string): boolean {
    return parseBoolean(this.#values.get(name) ?? 'off') === true;
  }

  /** A variable's word in lower case: `ECHO`, `VERBOSITY`, … */
  word(name: string): string {
    const value = (this.#values.get(name) ?? '').toLowerCase();
    if (!SWITCHED.has(name)) return value;
    const on = parseBoolean(value);
    return on === undefined ? value : on ? 'on' : 'off';
  }
}

function problemOf(name: string, value: string, rule: Rule): string | undefined {
  switch (rule.kind) {
    case 'boolean':
      return parseBoolean(value) === undefined ? notBoolean(value, name) : undefined;
    case 'integer':
      return /^\s*[-+]?\d+$/.test(value)
        ? undefined
        : `invalid value "${value}" for "${name}": integer expected`;
    case 'word': {
      const known = rule.words.includes(value.toLowerCase());
      const switched = SWITCHED.has(name) && parseBoolean(value) !== undefined;
      return known || switched ? undefined : notAmong(value, name, rule.words.join(', '));
    }
  }
}
