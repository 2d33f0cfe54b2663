import { describe, expect, it } from 'vitest';
import { crosstab } from '../../../src/psql/output/crosstab.ts';
import { printContent } from '../../../src/psql/output/print.ts';
import { DEFAULT_PRINT_SETTINGS } from '../../../src/psql/output/result.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { runPsql, wantPsql } from '../../support/psql.ts';

const SALES = `select * from (values
  ('north', 'mon', 3, 2), ('south', 'tue', 5, 1), ('north', 'tue', null, 1), (null, 'mon', 7, 2), ('west', null, 1, 10)
) as sales(region, "Day", sold, rank)`;
const THREE = `select region, "Day", sold from (${SALES}) as s`;

/** Statement and arguments of `\crosstabview`. */
const CASES: Array<[string, string[]]> = [
  [THREE, []],
  [THREE, ['"Day"', 'region']],
  [THREE, ['2', '1', 'sold']],
  [SALES, []],
  [SALES, ['region', '"Day"', 'sold', 'rank']],
  [SALES, ['REGION', '"Day"', '3', '4']],
  [SALES, ['1', '1', '3']],
  [SALES, ['0']],
  [SALES, ['9']],
  [SALES, ['region', 'day', 'sold']],
  ['select 1 as a, 2 as a, 3 as c', ['a']],
  ['select 1, 2', []],
  ['select 1 as a, null as b, 2 as c union all select 1, null, 3', []],
  ['select 1 as a, 2 as b, 2 as c where false', []],
  ["select 1 as a, 'x' || i as b, i as c from generate_series(1, 1601) as i", []],
  [
    "select 'r' as a, v as b, v as c, s from (values ('b', '2'), ('a', '2'), ('c', 'x'), ('d', null), ('e', '-1')) as t(v, s)",
    ['1', '2', '3', '4'],
  ],
];

describe('crosstabview', () => {
  it.runIf(wantPsql())('turns a result and complains as psql does', async () => {
    await using database = await createTestDatabase();
    const client = await database.connect();
    const script = CASES.map(([query, args]) => `${query} \\crosstabview ${args.join(' ')}\n\\echo ==`).join(
      '\n',
    );
    const run = await runPsql(database.url, ['-f', '-'], { stdin: script });
    const errors = run.stderr.split('\n').map((line) => line.replace(/^psql:<stdin>:\d+: error: /, ''));
    const tables = run.stdout.split('==\n').slice(0, -1);
    expect(tables).toHaveLength(CASES.length);
    for (const [at, [query, args]] of CASES.entries()) {
      const { fields, rows } = await client.query<Array<string | null>>({
        text: query,
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text },
      });
      const columns = fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
      const result = crosstab({ columns, rows }, args, DEFAULT_PRINT_SETTINGS);
      const printed = result.ok ? printContent(result.content, DEFAULT_PRINT_SETTINGS) : '';
      expect({ query, args, printed, error: result.ok ? undefined : result.message }).toEqual({
        query,
        args,
        printed: tables[at],
        error: tables[at] === '' ? errors.shift() : undefined,
      });
    }
  });

  it('refuses a statement without a result', () => {
    expect(crosstab(undefined, [], DEFAULT_PRINT_SETTINGS)).toEqual({
      ok: false,
      message: '\\crosstabview: statement did not return a result set',
    });
  });
});
