import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Input } from '../../src/psql/scan/input.ts';
import type { Lookup } from '../../src/psql/scan/lookup.ts';
import { Scanner } from '../../src/psql/scan/scanner.ts';

const VALUES: Readonly<Record<string, string>> = { v: "it's", n: '5', rec: 'a :rec b', two: '1; select 2;' };
const LOOKUP: Lookup = {
  value: (name, quoting) => {
    const value = VALUES[name];
    if (value === undefined || quoting === 'plain') return value;
    return quoting === 'literal' ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
  },
  isSet: (name) => Object.hasOwn(VALUES, name),
  warn: () => undefined,
};

/** The statements of a script without commands; what is left at its end is the last one. */
function split(text: string, standardStrings = true): string[] {
  const scanner = new Scanner();
  const found: string[] = [];
  for (const line of text.split('\n')) {
    if (scanner.text !== '') scanner.text += '\n';
    const input = new Input(line);
    for (let end = scanner.scan(input, LOOKUP, standardStrings); end !== 'line'; ) {
      found.push(end === 'backslash' ? `${scanner.text}<command>` : scanner.text);
      scanner.text = '';
      end = scanner.scan(input, LOOKUP, standardStrings);
    }
  }
  return scanner.text === '' ? found : [...found, scanner.text];
}

describe('statements end at a semicolon', () => {
  it.each([
    ['several on a line', 'select 1; select 2;', ['select 1;', 'select 2;']],
    ['not in strings', "select 'a;''b;'; x", ["select 'a;''b;';", 'x']],
    ['not in escape strings', "select E'a\\';b'; x", ["select E'a\\';b';", 'x']],
    ['not in identifiers', 'select "a;""b"; x', ['select "a;""b";', 'x']],
    ['not in dollar quotes', 'select $a$ ; $$ ; $a$; x', ['select $a$ ; $$ ; $a$;', 'x']],
    ['not in nested comments', 'select /* ; /* ; */ ; */ 1; x', ['select /* ; /* ; */ ; */ 1;', 'x']],
    ['not in line comments', 'select 1 -- ;\n, 2; x', ['select 1 -- ;\n, 2;', 'x']],
    ['not in parentheses', 'rule (a; b); x', ['rule (a; b);', 'x']],
    ['not when it is escaped', 'select 1\\; select 2; x', ['select 1; select 2;', 'x']],
    [
      "not in a function's body",
      'create or replace function f() begin atomic case when a; end; b; end; x',
      ['create or replace function f() begin atomic case when a; end; b; end;', 'x'],
    ],
    ['after begin otherwise', 'begin; select 1; end;', ['begin;', 'select 1;', 'end;']],
    ['not after names with dollars', 'select a$b$; x', ['select a$b$;', 'x']],
    ['over lines', "select 'a\n;b\n'; x", ["select 'a\n;b\n';", 'x']],
  ])('%s', (_name, text, statements) => {
    expect(split(text)).toEqual(statements);
  });

  it('where backslashes escape quotes only when standard_conforming_strings is off', () => {
    expect(split("select '\\'; x'; y")).toEqual(["select '\\';", "x'; y"]);
    expect(split("select '\\'; x'; y", false)).toEqual(["select '\\'; x';", 'y']);
  });

  it('and nothing but blanks and line comments between them is left out', () => {
    const piece = fc.constantFrom(
      ';',
      "'",
      '"',
      '$$',
      '$a$',
      '--',
      '/*',
      '*/',
      '(',
      ')',
      'E',
      'U&',
      ' ',
      '\n',
      'begin',
      '1',
      '.',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('').replaceAll(/\n+/g, '\n');
        const left = (rest: string): string => rest.replace(/^(?:\s|--[^\n]*)*/, '');
        let rest = left(text);
        for (const statement of split(text)) {
          expect(rest.slice(0, statement.length)).toBe(statement);
          rest = left(rest.slice(statement.length));
        }
        expect(rest).toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('variables', () => {
  it.each([
    ['as they are', 'select :n;', ['select 5;']],
    ['as a string', "select :'v';", ["select 'it''s';"]],
    ['as an identifier', 'select :"n";', ['select "5";']],
    ['whether they are set', 'select :{?n}, :{?m};', ['select TRUE, FALSE;']],
    ['not when unknown', "select :m, :'m';", ["select :m, :'m';"]],
    ['not in casts and slices', 'select 1::n, a[1:n], b:=:n;', ['select 1::n, a[15], b:=5;']],
    ['not in strings', 'select \':n\', $$:n$$, ":n";', ['select \':n\', $$:n$$, ":n";']],
    ['with statements of their own', ':two x', ['1;', 'select 2;', 'x']],
    ['not within themselves', 'select :rec;', ['select a :rec b;']],
  ])('are put in %s', (_name, text, statements) => {
    expect(split(text)).toEqual(statements);
  });
});
