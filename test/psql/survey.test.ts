import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classify, loadParser } from '../../src/psql/classify.ts';
import { planScript } from '../../src/psql/script-plan.ts';

const BUILT_IN = new Set([
  'count',
  'now',
  'nextval',
  'generate_series',
  'pg_notify',
  'pg_drop_replication_slot',
]);
let directory: string;
beforeAll(async () => {
  await loadParser();
  directory = mkdtempSync(join(tmpdir(), 'dayboard-test-survey-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const plan = (text: string, variables: Array<[string, string]> = [], readOnly = false) => {
  writeFileSync(join(directory, 'script.sql'), text);
  return planScript(
    { file: 'script.sql', directory, variables, singleTransaction: false, onError: 'stop' },
    { project: 'p', context: 'c', cli: '', name: 'script.sql' },
    [],
    { readOnly, builtIn: BUILT_IN },
  );
};

describe('what a statement does', () => {
  it.each([
    ['SELECT count(*) FROM a JOIN b.c USING (id)', 'read', ['a', 'b.c']],
    ['WITH w AS (SELECT 1) SELECT * FROM w', 'read', []],
    [
      'WITH gone AS (DELETE FROM a WHERE x RETURNING *) INSERT INTO b SELECT * FROM gone',
      'write',
      ['b', 'a'],
    ],
    ['WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone', 'destructive', ['b', 'a']],
    ['WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone', 'destructive', ['a']],
    ['SELECT * INTO n FROM a', 'ddl', ['n', 'a']],
    ['SELECT * FROM a FOR UPDATE', 'write', ['a']],
    ["SELECT nextval('s')", 'write', []],
    ["SELECT pg_notify('c', '')", 'write', []],
    ["SELECT pg_drop_replication_slot('s')", 'write', []],
    ['CREATE TABLE n AS WITH gone AS (DELETE FROM a RETURNING *) TABLE gone', 'destructive', ['a', 'n']],
    ['SELECT purge.old(30)', 'unknown', ['purge.old()']],
    ['TABLE a', 'read', ['a']],
    ['UPDATE a SET x = 1', 'destructive', ['a']],
    ['UPDATE a SET x = 1 WHERE y', 'write', ['a']],
    ['DELETE FROM a USING b WHERE a.x = b.x', 'write', ['a', 'b']],
    ['TRUNCATE a, b', 'destructive', ['a', 'b']],
    ['DROP TABLE s.a, b', 'destructive', ['s.a', 'b']],
    ['ALTER TABLE a DROP COLUMN b', 'destructive', ['a']],
    ['ALTER TABLE a ADD COLUMN b int', 'ddl', ['a']],
    ['CREATE INDEX CONCURRENTLY i ON a (x)', 'ddl', ['a']],
    ['EXPLAIN DELETE FROM a', 'read', ['a']],
    ['EXPLAIN ANALYZE DELETE FROM a', 'destructive', ['a']],
    ['COPY a FROM STDIN', 'write', ['a']],
    ['COPY (SELECT * FROM a) TO STDOUT', 'read', ['a']],
    ["COPY a TO '/tmp/x'", 'write', ['a']],
    ['REFRESH MATERIALIZED VIEW CONCURRENTLY a', 'write', ['a']],
    ['DO $$ BEGIN END $$', 'unknown', []],
    ["SET work_mem = '1GB'", 'session', []],
    ['BEGIN', 'session', []],
    ["SELECT * FROM a WHERE day = :'day'", 'unknown', []],
  ])('%s: %s', (text, does, objects) => {
    expect(classify(text, BUILT_IN)).toMatchObject([{ does, objects }]);
  });

  it('is told of each of several that are sent together', () => {
    expect(classify('SELECT 1; DROP TABLE a', BUILT_IN).map(({ does }) => does)).toEqual([
      'read',
      'destructive',
    ]);
  });
});

describe('the plan of a script', () => {
  it('has each statement with the line that it begins in, those of files it includes, and what it copies', async () => {
    writeFileSync(join(directory, 'more.sql'), '\n-- of b\nTABLE b\n');
    const text = String.raw`-- a script
\set table a
/* not
   a statement */ SELECT *
  FROM :table; TRUNCATE c;
\copy c FROM 'c.csv' CSV
\i more.sql
COPY d FROM STDIN;
1	DROP TABLE x;
\.
SELECT 1 \gset
SELECT 'DROP TABLE ' || n FROM t \gexec
`;
    expect(await plan(text)).toMatchObject({
      files: ['script.sql', 'more.sql'],
      statements: [
        { file: 'script.sql', line: 3, does: 'read', objects: ['a'], text: 'SELECT * FROM a' },
        { file: 'script.sql', line: 5, does: 'destructive', text: 'TRUNCATE c' },
        { file: 'script.sql', line: 6, does: 'write', objects: ['c'] },
        { file: 'more.sql', line: 3, does: 'read', text: 'TABLE b' },
        { file: 'script.sql', line: 8, does: 'write', objects: ['d'] },
        { file: 'script.sql', line: 11, does: 'read' },
        { file: 'script.sql', line: 12, does: 'unknown' },
      ],
      copies: [{ file: 'script.sql', line: 6, direction: 'from', name: 'c.csv' }],
      unset: [],
      refused: [],
    });
  });

  it('takes for data only what the server would ask for', async () => {
    const { statements } = await plan(String.raw`COPY (SELECT ' from stdin') TO STDOUT;
COPY a TO '/x/ from stdin';
DROP TABLE a;
COPY b FROM STDIN \g
DROP TABLE c;
\.
`);
    expect(statements.map(({ does }) => does)).toEqual(['read', 'write', 'destructive', 'write']);
  });

  it('shows statements without the comments that stand in them', async () => {
    const { statements } = await plan(
      `SELECT -- one '\n  1, '--', /* two */ "/*", $x$ -- $x$; -- three\nTABLE a`,
    );
    expect(statements.map(({ text }) => text)).toEqual([`SELECT 1, '--', "/*", $x$ -- $x$`, 'TABLE a']);
  });

  it('puts in the variables that it is given, masks secrets, and names those that nothing gives a value to', async () => {
    const made = await plan(`SELECT * FROM :"t" WHERE day = :'day' AND x = :'x';`, [
      ['t', 'A b'],
      ['day', "2024'"],
      ['api_key', 'k'],
    ]);
    expect(made).toMatchObject({
      statements: [{ does: 'unknown', text: `SELECT * FROM "A b" WHERE day = '2024''' AND x = :'x'` }],
      variables: { t: 'A b', day: "2024'", api_key: '***' },
      unset: ['x'],
    });
  });

  it('has another hash when a file that it includes has changed', async () => {
    const hash = async (text: string) => {
      writeFileSync(join(directory, 'more.sql'), text);
      return (await plan('\\i more.sql')).hash;
    };
    const [before, same, after] = [await hash('TABLE a;'), await hash('TABLE a;'), await hash('TABLE b;')];
    expect(same).toBe(before);
    expect(after).not.toBe(before);
  });

  it('tells where nothing may be written what would be, and what would leave the read-only transaction', async () => {
    const { refused } = await plan(
      "SELECT 1; DELETE FROM a WHERE x; COMMIT; SET default_transaction_read_only = off; COPY a TO PROGRAM 'x'; DO $$ $$;",
      [],
      true,
    );
    expect(refused).toEqual([
      'script.sql:1: DELETE FROM a WHERE x: it writes',
      'script.sql:1: COMMIT: a read-only context keeps to one transaction that cannot write',
      'script.sql:1: SET default_transaction_read_only = off: a read-only context keeps to one transaction that cannot write',
      "script.sql:1: COPY a TO PROGRAM 'x': it uses files or programs of the server",
    ]);
  });

  it('is none for a script with commands that dayboard does not run: each is named with its line', async () => {
    await expect(plan('SELECT 1;\n\\! rm -rf /\n\\c other')).rejects.toMatchObject({
      code: 'script.unsupported',
      message: expect.stringMatching(/script\.sql:2: \\!:.*\nscript\.sql:3: \\c:/),
    });
  });
});
