import fc from 'fast-check';
import type { Script } from './scripts.ts';

/** Statements that succeed, fail, change rows and speak, with what psql and the server have corners for. */
const STATEMENTS = [
  'select 1 as a;',
  "select 'it''s; fine' as a, $$a;b$$ as b;",
  'select id, name from items order by id;',
  'select * from items where price > :limit order by id;',
  'select :\'word\' as word, 5 as :"word";',
  'select count(*) as n from :tab;',
  'insert into empty values (1), (2), (:limit);',
  "insert into log (line) values (:'word') returning id, line;",
  'update items set price = coalesce(price, 0) + 1 where id <= :limit;',
  'delete from empty where x = 1;',
  'select nowhere from items;',
  'select 1/0;',
  "select fail('generated');",
  "select shout(:'word');",
  "do $$ begin raise notice 'step; %', 7; end $$;",
  'begin;',
  'commit;',
  'rollback;',
  'savepoint s;',
  'rollback to s;',
  'create table if not exists made (x int, y text);',
  'drop table if exists made;',
  'copy empty from stdin;\n7\n8\n\\.',
  'copy log (line) from stdin;\n:word\n\\\\tab\\there\n\\.',
  'copy (select id, name from items order by id) to stdout;',
  'select 1 as a\\; select 2 as b;',
  'insert into empty values (9)\\; select nowhere\\; select 3;',
  '/* a; /* nested */ comment */ select 2 as b; -- the; end',
  'create or replace function made() returns int begin atomic select 1; select 2; end;',
  'values (1, null), (2, :limit);',
  'table empty;',
  'select;',
  'explain (costs off) select * from items where id = 1;',
  'show search_path;',
  "select E'tab\\there' as t, 'two\nlines' as l;",
];

const COMMANDS = [
  '\\echo :word :limit',
  "\\echo 'single  quoted' \"double\" :'word'",
  '\\qecho to the output',
  '\\warn to stderr',
  "\\set word 'other ''word'''",
  '\\set limit 3',
  '\\unset nothing',
  '\\set ON_ERROR_ROLLBACK on',
  '\\set ECHO queries',
  '\\set ECHO errors',
  '\\set ECHO none',
  '\\set QUIET on',
  '\\set QUIET off',
  '\\set VERBOSITY terse',
  '\\set VERBOSITY default',
  '\\set AUTOCOMMIT off',
  '\\set AUTOCOMMIT on',
  '\\set ON_ERROR_STOP on',
  '\\pset format csv',
  '\\pset format unaligned',
  '\\pset format aligned',
  "\\pset null '(none)'",
  '\\pset border 2',
  '\\pset border 1',
  '\\x',
  '\\x auto',
  '\\t',
  '\\a',
  "\\f ';'",
  '\\C title',
  '\\echo :ERROR :SQLSTATE :ROW_COUNT',
  '\\echo :LAST_ERROR_MESSAGE',
  '\\g',
  '\\gx',
  '\\r',
  '\\p',
  '\\o out.txt',
  '\\o',
  '\\i insert.sql',
  '\\i broken.sql',
  '\\ir sub/outer.sql',
  "\\copy empty from 'numbers.csv' csv header",
  '\\copy (select 1, 2) to stdout',
  "\\copy items to 'copied.csv' csv",
  '\\d empty',
  '\\dt',
  '\\sf add',
  '\\errverbose',
  '\\nosuchcommand',
];

/** What follows a query in place of its semicolon. */
const SENDERS = [
  ' \\g',
  ' \\gx',
  ' \\g sent.txt',
  ' \\g (format=csv)',
  ' \\gset',
  ' \\gset made_',
  ' \\gdesc',
  ' \\gexec',
  ' \\crosstabview',
  ' \\; select 2 as second;',
];

const QUERIES = [
  'select 1 as a',
  "select 'r' as r, 'c' as c, 3 as d",
  "select 'select 1 as sent' as q",
  'select id as limit from items where id < 2',
  'select name as word from items order by id',
  'select nowhere',
];

const CONDITIONS = ['true', 'false', ':{?word}', ':{?nothing}', 'off', '1', 'maybe', ':ERROR'];

const indent = fc.constantFrom('', '', '  ', '\t');
const sent = fc
  .tuple(fc.constantFrom(...QUERIES), fc.constantFrom(...SENDERS))
  .map(([query, sender]) => query + sender);
const line: fc.Arbitrary<string> = fc
  .tuple(
    indent,
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...STATEMENTS) },
      { weight: 4, arbitrary: fc.constantFrom(...COMMANDS) },
      { weight: 2, arbitrary: sent },
    ),
  )
  .map(([space, text]) => space + text);
const lines = fc.array(line, { minLength: 1, maxLength: 6 });
const branch: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...CONDITIONS),
    lines,
    fc.option(lines),
    fc.option(fc.tuple(fc.constantFrom(...CONDITIONS), lines)),
  )
  .map(([condition, yes, no, other]) =>
    [
      `\\if ${condition}`,
      ...yes,
      ...(other === null ? [] : [`\\elif ${other[0]}`, ...other[1]]),
      ...(no === null ? [] : ['\\else', ...no]),
      '\\endif',
    ].join('\n'),
  );

const generated = fc
  .array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 1, arbitrary: branch }), {
    minLength: 3,
    maxLength: 14,
  })
  .map((parts) => `\\set word hello\n\\set limit 2\n\\set tab items\n${parts.join('\n')}\n`);

/** What a splitter can trip over, in any order. Nothing here starts a program or leaves the directory. */
const TOKENS = [
  ';',
  ';',
  ';',
  '\\;',
  "'",
  "''",
  '"',
  '""',
  '$$',
  '$a$',
  '$é$',
  '$1',
  '--',
  '/*',
  '*/',
  '(',
  ')',
  "E'",
  "e'\\'",
  "U&'",
  "B'",
  "X'1'",
  "N'",
  'U&"',
  '\\\\',
  "\\'",
  ':a',
  ":'a'",
  ':"a"',
  ':{?a}',
  '::',
  ':=',
  ':',
  '[1:2]',
  '1.5e3',
  '1..2',
  '.',
  ',',
  '+',
  '-',
  '*',
  '/',
  '<=',
  '@',
  '#',
  '~',
  '!',
  '?',
  '&',
  '%',
  '^',
  '=',
  '>',
  'a',
  'select',
  'begin',
  'atomic',
  'end',
  'case',
  'create',
  'or replace',
  'function f() returns int',
  'procedure',
  'été',
  '日本',
  '1',
  '0x1F',
  '1_000',
  'a$b$',
];

const SOUP_COMMANDS = [
  '\\g',
  '\\gx',
  '\\r',
  '\\p',
  '\\echo x',
  '\\echo :a',
  '\\set a b',
  '\\unset a',
  '\\if false',
  '\\if true',
  '\\else',
  '\\endif',
  '\\nosuch',
];
const space = fc.constantFrom('', '', ' ', ' ', '\n', '\t', ' \n');

const soup = fc
  .array(
    fc.oneof(
      {
        weight: 12,
        arbitrary: fc.tuple(fc.constantFrom(...TOKENS), space).map(([token, after]) => token + after),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom(...SOUP_COMMANDS), fc.constantFrom('\n', ' ', '\n', ' \\\\ '))
          .map(([command, after]) => `${command}${after}`),
      },
    ),
    { minLength: 5, maxLength: 60 },
  )
  .map((tokens) => tokens.join(''))
  // A backslash before anything else could be a command that nobody meant: \e, \w, \!
  .map((text) =>
    text.replaceAll(/\\(?![;\\'\n ]|g\b|gx\b|r\b|p\b|echo |set |unset |if |else|endif|nosuch)/g, '\\ '),
  )
  .map((text) => `select 'soup' as start;\n${text}`);

/** Scripts put together from statements and commands; the same for the same seed. */
export function generatedScripts(count: number, seed: number): Script[] {
  return fc
    .sample(generated, { numRuns: count, seed })
    .map((text, at) => scriptOf('generated', `seed ${seed}, ${at + 1}`, text, []));
}

/** Scripts of any characters that matter to a splitter, run with every query echoed. */
export function soups(count: number, seed: number): Script[] {
  return fc
    .sample(soup, { numRuns: count, seed })
    .map((text, at) => scriptOf('soup', `seed ${seed}, ${at + 1}`, text, ['-e']));
}

function scriptOf(feature: string, name: string, text: string, args: readonly string[]): Script {
  return { feature, name, text, args, env: {}, stdin: '', since: 15 };
}
