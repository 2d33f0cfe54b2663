import { describe, expect, it } from 'vitest';
import { typeFamily } from '../../src/load/column-types.ts';
import { copyPlace } from '../../src/load/copy-context.ts';
import { excerpt } from '../../src/load/excerpt.ts';
import { explainLoadError, explainPrepareError } from '../../src/load/explain.ts';
import { rulesHash } from '../../src/load/rules-hash.ts';
import { stagingName } from '../../src/load/staging-name.ts';
import type { Dataset } from '../../src/project/model.ts';
import { visits } from './fixtures.ts';

describe('the place of a COPY error is read in any language', () => {
  const table = 'visits_2024_11_14_r7';
  it.each([
    [`COPY ${table}, line 5, column visit_ts: "soon"`, { line: 5, column: 'visit_ts', value: 'soon' }],
    [
      `COPY ${table}, ligne 5, colonne visit_ts : « bientôt »`,
      { line: 5, column: 'visit_ts', value: 'bientôt' },
    ],
    [`COPY ${table}, Zeile 5, Spalte visit_ts: »bald«`, { line: 5, column: 'visit_ts', value: 'bald' }],
    [`${table} の COPY、行 5、列 visit_ts: "soon"`, { line: 5, column: 'visit_ts', value: 'soon' }],
    [`COPY ${table}, line 3: "a,"b c",visit_ts"`, { line: 3, value: 'a,"b c",visit_ts' }],
    [`COPY ${table}, line 3: ""`, { line: 3, value: '' }],
    [`COPY ${table}, line 12`, { line: 12 }],
    [`COPY ${table}, line 12, column visit: null input`, { line: 12, column: 'visit' }],
    [`SQL function "x"\nCOPY ${table}, line 12, column visit`, { line: 12, column: 'visit' }],
    ['SQL statement "SELECT 1"', {}],
    [undefined, {}],
  ])('%s', (context, place) => {
    expect(copyPlace(context, table, ['visit', 'visit_ts'])).toEqual(place);
  });
});

describe('an excerpt', () => {
  it('is short, in whole characters, and cannot act on a terminal', () => {
    expect(excerpt('plain')).toBe('plain');
    expect(excerpt('a\u001b[31mb\nc\u202ed')).toBe('a [31mb c d');
    expect(excerpt('x'.repeat(80))).toBe('x'.repeat(80));
    expect(excerpt('x'.repeat(81))).toBe(`${'x'.repeat(79)}…`);
    expect(excerpt('😀'.repeat(81))).toBe(`${'😀'.repeat(79)}…`);
    expect(excerpt('😀'.repeat(80))).toBe('😀'.repeat(80));
  });
});

describe('the name of a staging table', () => {
  it('says dataset, period and run', () => {
    expect(stagingName('visits', '2024-11-14', '12')).toEqual({
      schema: 'dayboard_staging',
      name: 'visits_2024_11_14_r12',
    });
    expect(stagingName('visits', '2024-W46', '12', 'p').name).toBe('visits_2024_W46_r12_p');
  });

  it('stays different from others when it would be too long for PostgreSQL', () => {
    const names = [14, 15].flatMap((day) =>
      [undefined, 'p' as const].map(
        (purpose) => stagingName('é'.repeat(40), `2024-11-${day}`, '12', purpose).name,
      ),
    );
    expect(new Set(names).size).toBe(4);
    for (const name of names) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
      expect(name).toMatch(/^é+_[0-9a-f]{12}_r12(_p)?$/);
    }
  });
});

describe('the hash of the rules', () => {
  const changed = (change: (dataset: Dataset) => void): string => {
    const dataset = structuredClone(visits());
    change(dataset);
    return rulesHash(dataset);
  };
  const before = rulesHash(visits());

  it('is the same in every process', () => {
    expect(before).toBe('f7d455972fa90b679c20b2c7fd07e17a2845dedc1e59cb7ae476f39fbac94f7b');
  });

  it.each<[string, (dataset: Dataset) => void]>([
    [
      'a pattern',
      (dataset) =>
        Object.assign(dataset.table.columns[3]!, {
          value: { ...dataset.table.columns[3]!.value, otherwise: 'x' },
        }),
    ],
    ['the time zone', (dataset) => (dataset.timeZone = 'Europe/Paris')],
    ["a column's type", (dataset) => (dataset.table.columns[0]!.type = 'text')],
    ['a new column', (dataset) => dataset.table.columns.push({ name: 'n', type: 'int', nullable: true })],
    ['the key', (dataset) => (dataset.carries = { kind: 'window', key: ['user_id'], winner: 'newest' })],
    [
      'the winner',
      (dataset) => (dataset.carries = { kind: 'window', key: ['user_id', 'visit_ts'], winner: 'first' }),
    ],
    ['the order of duplicates', (dataset) => (dataset.duplicates = ['hits'])],
    ['what a header fills', (dataset) => (dataset.file[0]!.header = 'id')],
  ])('changes with %s', (_what, change) => {
    expect(changed(change)).not.toBe(before);
  });

  it.each<[string, (dataset: Dataset) => void]>([
    ['its description', (dataset) => (dataset.description = 'x')],
    ['the order of columns', (dataset) => dataset.table.columns.reverse()],
    ['the order of the file', (dataset) => dataset.file.reverse()],
    ['nullability', (dataset) => (dataset.table.columns[0]!.nullable = true)],
    ['guards', (dataset) => (dataset.guards = { empty: 'accept' })],
    [
      'the order in which a rule is written',
      (dataset) => {
        const column = dataset.table.columns[3]!;
        column.value = Object.fromEntries(Object.entries(column.value!).reverse()) as unknown as NonNullable<
          typeof column.value
        >;
      },
    ],
  ])('does not change with %s', (_what, change) => {
    expect(changed(change)).toBe(before);
  });
});

describe('errors that no test can bring about on a server', () => {
  const context = {
    dataset: 'visits',
    period: '2024-11-14',
    object: 'a.csv',
    relation: 'visits_r7',
    columns: ['a'],
  };
  const never = new AbortController().signal;
  const thrown = (code: string, message = 'said by the server'): Error =>
    Object.assign(new Error(message), { code });

  it.each([
    ['53100', 'load.disk-full'],
    ['08006', 'load.connection'],
    ['57P01', 'load.connection'],
    ['ECONNRESET', 'load.connection'],
    ['57014', 'database.cancelled'],
    ['42501', 'load.permission'],
    ['22P05', 'load.encoding'],
    ['22023', 'load.bad-value'],
    ['55P03', 'database.lock-timeout'],
    ['XX000', 'database.error'],
  ])('%s is %s', (code, expected) => {
    expect(explainLoadError(thrown(code), context, never)).toMatchObject({
      code: expected,
      facts: { dataset: 'visits', period: '2024-11-14', object: 'a.csv', sqlstate: code },
    });
  });

  it('in computed columns are not told as errors of the file', () => {
    for (const code of ['22012', '42703']) {
      expect(explainPrepareError(thrown(code), context, never)).toMatchObject({
        code: 'load.computed',
        facts: { sqlstate: code },
      });
    }
    expect(explainPrepareError(thrown('53100'), context, never).code).toBe('load.disk-full');
  });
});

it('types are known in every spelling', () => {
  const families = [
    'TIMESTAMP (3) WITH TIME ZONE',
    'timestamptz(0)',
    'timestamp',
    'date',
    'varchar(20)',
    'character varying',
    'numeric(10, 2)',
    'jsonb',
    'text[]',
  ];
  expect(families.map(typeFamily)).toEqual([
    'timestamptz',
    'timestamptz',
    'timestamp',
    'date',
    'text',
    'text',
    'sortable',
    'other',
    'other',
  ]);
});
