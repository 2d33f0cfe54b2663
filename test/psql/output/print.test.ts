import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printTable } from '../../../src/psql/output/print.ts';
import {
  DEFAULT_PRINT_SETTINGS,
  type PrintSettings,
  type ResultTable,
} from '../../../src/psql/output/result.ts';
import { literal } from '../../../src/ledger/sql.ts';
import { runServer } from '../../support/postgres.ts';
import { comparedWithPsql, psqlVersion, runPsql, wantPsql } from '../../support/psql.ts';

interface Case {
  table: ResultTable;
  settings: PrintSettings;
}

/** The types that columns get, with texts of theirs as the server gives them back. */
const TYPES = [
  { name: 'text', oid: 25 },
  { name: 'int4', oid: 23 },
  { name: 'numeric', oid: 1700 },
  { name: 'bool', oid: 16 },
] as const;

const piece = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[ -~]{0,12}$/) },
  fc.constantFrom(
    '\n',
    '\t',
    '\r',
    '\u0001',
    '\u007f',
    '\u0085',
    '  ',
    '\\.',
    '"',
    "'",
    '|',
    ',',
    ';',
    '<a&b>',
  ),
  fc.constantFrom('é', 'e\u0301', '日本', '한국어', '😀', 'ﷺ', '①', 'Ω', 'ｆｕｌｌ', '–', '\u00a0'),
);
const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
const cells: Record<string, fc.Arbitrary<string>> = {
  text,
  int4: fc.integer().map(String),
  numeric: fc
    .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(999))
    .map(([whole, fraction]) => `${whole}.${fraction}`),
  bool: fc.constantFrom('t', 'f'),
};
const name = fc
  .array(fc.oneof(fc.stringMatching(/^[ -~]{1,8}$/), fc.constantFrom('\n', 'é', '日', '\t')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((pieces) => pieces.join('').replaceAll(':', '.'));

const table: fc.Arbitrary<ResultTable> = fc
  .array(fc.record({ name, type: fc.constantFrom(...TYPES) }), { maxLength: 4 })
  .chain((columns) => {
    const row = fc.tuple(...columns.map(({ type }) => fc.option(cells[type.name]!, { freq: 6 })));
    return fc.record({
      columns: fc.constant(columns.map(({ name, type }) => ({ name, type: type.oid }))),
      rows: fc.array(row, { maxLength: columns.length === 0 ? 1 : 12 }),
    });
  });

const separator = fc.constantFrom('|', ',', '\t', '; ', '日', '-');
const settings: fc.Arbitrary<PrintSettings> = fc
  .record(
    {
      format: fc.constantFrom(
        'aligned',
        'unaligned',
        'csv',
        'wrapped',
        'html',
        'asciidoc',
        'latex',
        'latex-longtable',
        'troff-ms',
      ),
      border: fc.nat(3),
      expanded: fc.constantFrom<boolean | 'auto'>(true, false, 'auto'),
      tuplesOnly: fc.boolean(),
      footer: fc.boolean(),
      null: fc.constantFrom('', '∅', '(null)', 'NULL\nNULL'),
      fieldsep: separator,
      recordsep: fc.constantFrom('\n', '##', '\0'),
      csvFieldsep: fc.constantFrom(',', ';', '\t', '\\', '.'),
      numericlocale: fc.boolean(),
      linestyle: fc.constantFrom('ascii', 'old-ascii', 'unicode'),
      unicodeBorderLinestyle: fc.constantFrom('single', 'double'),
      unicodeColumnLinestyle: fc.constantFrom('single', 'double'),
      unicodeHeaderLinestyle: fc.constantFrom('single', 'double'),
      columns: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
      title: fc.constantFrom('A title', 'Two\nlines', '題'),
      tableattr: fc.constantFrom('class="t"', '0.2 0.3'),
    },
    { requiredKeys: [] },
  )
  .map((some) => ({ ...DEFAULT_PRINT_SETTINGS, ...some }));

const one: fc.Arbitrary<Case> = fc.record({ table, settings });

/** How psql is told the same settings. */
function psets(each: PrintSettings): string {
  const onOff = (value: boolean): string => (value ? 'on' : 'off');
  const zero = (value: string, option: string): string =>
    value === '\0' ? `\\pset ${option}_zero` : `\\pset ${option} ${quoted(value)}`;
  return [
    `\\pset format ${each.format}`,
    `\\pset border ${each.border}`,
    `\\pset expanded ${each.expanded === 'auto' ? 'auto' : onOff(each.expanded)}`,
    `\\pset tuples_only ${onOff(each.tuplesOnly)}`,
    `\\pset footer ${onOff(each.footer)}`,
    `\\pset null ${quoted(each.null)}`,
    zero(each.fieldsep, 'fieldsep'),
    zero(each.recordsep, 'recordsep'),
    `\\pset csv_fieldsep ${quoted(each.csvFieldsep)}`,
    `\\pset numericlocale ${onOff(each.numericlocale)}`,
    `\\pset linestyle ${each.linestyle}`,
    `\\pset unicode_border_linestyle ${each.unicodeBorderLinestyle}`,
    `\\pset unicode_column_linestyle ${each.unicodeColumnLinestyle}`,
    `\\pset unicode_header_linestyle ${each.unicodeHeaderLinestyle}`,
    `\\pset columns ${each.columns}`,
    each.title === undefined ? '\\pset title' : `\\pset title ${quoted(each.title)}`,
    each.tableattr === undefined ? '\\pset tableattr' : `\\pset tableattr ${quoted(each.tableattr)}`,
  ].join('\n');
}

function quoted(value: string): string {
  const escapes: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\\': '\\\\', "'": "''" };
  return `'${value.replaceAll(/[\n\t\\']/g, (character) => escapes[character] ?? character)}'`;
}

function query({ columns, rows }: ResultTable): string {
  const type = (oid: number): string => TYPES.find((each) => each.oid === oid)!.name;
  const value = (cell: string | null, at: number): string =>
    `${cell === null ? 'NULL' : literal(cell)}::${type(columns[at]!.type)}`;
  const names = columns.map(({ name: each }) => `"${each.replaceAll('"', '""')}"`);
  const picked = (row: ReadonlyArray<string | null>): string =>
    `SELECT ${columns.map((_, at) => `${value(row[at] ?? null, at)} AS ${names[at]}`).join(', ')}`;
  if (rows.length === 0) return `${picked([])} WHERE false`;
  return rows.map(picked).join('\nUNION ALL ');
}

const MARK = '=====next=====';

/** The cases one after another through one psql. */
async function throughPsql(cases: readonly Case[]): Promise<string[]> {
  const script = cases
    .map((each) => `\\set QUIET on\n${psets(each.settings)}\n${query(each.table)}\n;\n\\echo ${MARK}`)
    .join('\n');
  const run = await runPsql(runServer().connectionString('postgres'), ['-q', '-f', '-'], { stdin: script });
  expect(run.stderr).toBe('');
  return run.stdout.split(`${MARK}\n`).slice(0, -1);
}

describe(`${comparedWithPsql('a result is printed', 15)}`, () => {
  it.runIf(wantPsql() && psqlVersion()?.major === 15)(
    'byte for byte as psql prints it, whatever the table and the settings',
    async () => {
      const runs = Number(process.env['DAYBOARD_FUZZ_RUNS'] ?? 400);
      const cases = fc.sample(one, { numRuns: runs, seed: Number(process.env['DAYBOARD_FUZZ_SEED'] ?? 15) });
      const expected = await throughPsql(cases);
      expect(expected).toHaveLength(cases.length);
      const different = cases.findIndex((each, at) => printTable(each.table, each.settings) !== expected[at]);
      const first = cases[different];
      const printed = first === undefined ? undefined : printTable(first.table, first.settings);
      expect({ ...first, printed }).toEqual({ ...first, printed: expected[different] });
    },
  );
});
