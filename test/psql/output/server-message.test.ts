import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  serverMessageText,
  type ShowContext,
  type Verbosity,
} from '../../../src/psql/output/server-message.ts';
import { showSource } from '../../../src/psql/output/source-text.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { runPsql, wantPsql } from '../../support/psql.ts';

const SCHEMA = `
create table items (id int primary key, name text not null check (name <> 'x'));
insert into items values (1, 'one');
create domain small as int check (value < 10);
create function fail(why text) returns int language plpgsql as $$
begin raise exception 'failed: %', why using detail = 'a detail', hint = 'a hint'; end $$;
create function broken() returns int language plpgsql as $$ begin return nowhere + 1; end $$;
create function atomic(a int) returns int begin atomic select a + 1; end;
create view plain as select id, name from items;
create view "Odd view" with (security_barrier) as select * from items where id > 0 with cascaded check option;
create view checked with (security_invoker = off) as select * from items where id > 0 with local check option;
`;

const wide = '日本'.repeat(20);
const STATEMENTS = [
  'select nowhere',
  'select * fro items',
  'select 1,\n  2,\n\tnowhere,\n 4',
  'select 1,\r\n nowhere\r\n',
  'select 1,\r nowhere',
  `select '${'x'.repeat(80)}', nowhere`,
  `select nowhere, '${'x'.repeat(80)}'`,
  `select '${'x'.repeat(40)}', nowhere, '${'y'.repeat(40)}'`,
  `select '${'x'.repeat(70)}', nowhere, '${'y'.repeat(70)}'`,
  `select '${wide}', nowhere, '${wide}'`,
  "select '😀e\u0301', nowhere",
  'select from',
  'select (1',
  "select fail('why')",
  'select broken()',
  "insert into items values (1, 'twice')",
  "insert into items values (2, 'x')",
  'insert into items (id) values (2)',
  'select 100::small',
  'select 1/0 as "a\tb"',
];
const VERBOSITIES: Verbosity[] = ['default', 'verbose', 'terse', 'sqlstate'];
const CONTEXTS: ShowContext[] = ['never', 'errors', 'always'];
const NAMES = [
  'atomic',
  'fail',
  'fail(text)',
  'nowhere',
  'fail(',
  'pg_catalog.int4in',
  'sum',
  'plain',
  'checked',
  '"Odd view"',
  'items',
];

describe.runIf(wantPsql())('messages of the server', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.connect();
    await client.query(SCHEMA);
  });

  afterAll(() => database.drop());

  it('are shown as psql shows them, with the place that they point to', async () => {
    for (const verbosity of VERBOSITIES) {
      for (const showContext of CONTEXTS) {
        const settings = ['-v', `VERBOSITY=${verbosity}`, '-v', `SHOW_CONTEXT=${showContext}`];
        const commands = STATEMENTS.flatMap((statement) => ['-c', statement]);
        const { stderr } = await runPsql(database.url, [...settings, ...commands]);
        let shown = '';
        for (const statement of STATEMENTS) {
          const error = await client.query(statement).then(
            () => expect.fail(`${statement} does not fail`),
            (thrown: unknown) => thrown as pg.DatabaseError,
          );
          shown += serverMessageText(error, { verbosity, showContext, isError: true, statement });
        }
        expect({ verbosity, showContext, shown }).toEqual({ verbosity, showContext, shown: stderr });
      }
    }
  });

  it('point nowhere when the position is outside of the statement', () => {
    const form = { verbosity: 'default', showContext: 'errors', isError: true, statement: 'select' } as const;
    const message = { severity: 'ERROR', message: 'no', position: '9' };
    expect(serverMessageText(message, form)).toBe('ERROR:  no\n');
  });

  it('show their context where it is asked for', () => {
    const notice = { severity: 'NOTICE', message: 'a', where: 'there' };
    const form = { verbosity: 'default', isError: false } as const;
    expect(serverMessageText(notice, { ...form, showContext: 'errors' })).toBe('NOTICE:  a\n');
    expect(serverMessageText(notice, { ...form, showContext: 'always' })).toBe(
      'NOTICE:  a\nCONTEXT:  there\n',
    );
  });

  it('come with \\sf and \\sv too, which show the source of functions and views', async () => {
    const query = async (text: string) => {
      const result = await client.query<Array<string | null>>({ text, rowMode: 'array' });
      return { columns: [], rows: result.rows };
    };
    for (const name of NAMES) {
      for (const [command, kind] of [
        ['sf', 'function'],
        ['sv', 'view'],
      ] as const) {
        for (const plus of ['', '+']) {
          const expected = await runPsql(database.url, ['-c', `\\${command}${plus} ${name}`]);
          const source = await showSource(kind, name, plus === '+', { query });
          expect({ name, command, ...source }).toEqual({
            name,
            command,
            output: expected.stdout,
            ...(expected.stderr === '' ? {} : { error: expected.stderr.trimEnd() }),
            failed: expected.code !== 0,
          });
        }
      }
    }
  });
});
