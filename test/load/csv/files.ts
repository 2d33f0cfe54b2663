import fc from 'fast-check';
import type { Dataset } from '../../../src/project/model.ts';
import { texts } from '../fixtures.ts';

/** Of every sort that a delivery has; times without an offset are of Paris, where two hours of a year are odd. */
const TYPED: Dataset['table']['columns'] = [
  { name: 'word', type: 'text', nullable: true },
  { name: 'must', type: 'varchar(40)', nullable: false },
  { name: 'n', type: 'integer', nullable: true },
  { name: 'price', type: 'numeric(12,2)', nullable: true },
  { name: 'ratio', type: 'double precision', nullable: true },
  { name: 'ok', type: 'boolean', nullable: true },
  { name: 'day', type: 'date', nullable: true },
  { name: 'at', type: 'timestamptz', nullable: true },
  { name: 'doc', type: 'jsonb', nullable: true },
  { name: 'id', type: 'uuid', nullable: true },
];

function datasetOf(name: string, columns: Dataset['table']['columns']): Dataset {
  const base = texts(columns.map((column) => column.name));
  return { ...base, name, timeZone: 'Europe/Paris', table: { ...base.table, columns } };
}

export const DATASETS: readonly Dataset[] = [
  datasetOf('typed', TYPED),
  datasetOf('narrow', [{ name: 'only', type: 'text', nullable: true }]),
  datasetOf('pair', [
    { name: 'a', type: 'text', nullable: true },
    { name: 'Ü "b", c', type: 'text', nullable: false },
  ]),
];

/** A file, and what was put into it. */
export interface CsvFile {
  dataset: Dataset;
  bytes: Buffer;
  /** The bytes come in pieces of this many. */
  piece: number;
  /** The header is the declared one, however it is written. */
  headerFits: boolean;
  /** The line of the only thing that is wrong, by the file's own line ends; undefined when that is not known. */
  wrongLine?: number;
  lineEnd: string;
  /** Nothing is wrong with it. */
  isRight: boolean;
}

const SPELLINGS: Record<string, readonly string[]> = {
  text: ['', 'plain', ' spaces ', 'é 😀', '\\N', 'NULL', '\\.', "it's", '\u0085', '\u2028', '\ufeff'],
  'varchar(40)': ['x', 'forty '.repeat(6), '0'],
  integer: ['0', '-1', '+7', ' 12 ', '2147483647', '0x1F', '1_000', '007'],
  'numeric(12,2)': ['1.005', '-0', '1e3', 'NaN', '.5', '5.', '9999999999.99', ' 7 '],
  'double precision': ['1e308', 'Infinity', '-inf', 'NaN', '1e-300', '.1', '0x1p3'],
  boolean: ['t', 'F', 'yes', 'off', '1', '0', 'TRUE', ' true ', 'n'],
  date: [
    '2024-02-29',
    '20240229',
    '2024-2-9',
    'Feb 29 2024',
    '2024.060',
    'infinity',
    '0044-03-15 BC',
    '24-02-03',
  ],
  timestamptz: [
    '2024-03-31 02:30:00',
    '2024-10-27 02:30:00',
    '2024-10-27 02:30:00+02',
    '2024-11-14T10:00:00Z',
    '2024-11-14 24:00:00',
    '2024-11-14 10:00 America/New_York',
    '2024-11-14 23:59:60',
    'epoch',
    '2024-11-14 10:00:00.1234567',
  ],
  jsonb: ['{}', '[1, 2]', '"text"', 'null', '{"a": "b,c"}', ' 1 ', '{"a":1,"a":2}'],
  uuid: [
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}',
    'a0eebc999c0b4ef8bb6d6bb9bd380a11',
  ],
};

/** Values that no spelling makes right. */
const WRONG: Record<string, readonly string[]> = {
  integer: ['many', '2147483648', '1.5', '1__0', '٣'],
  'numeric(12,2)': ['1,5', '99999999999', 'a'],
  'double precision': ['1e309', '1e-400', 'one'],
  boolean: ['maybe', '2', 'tr ue'],
  date: ['2023-02-29', '2024-13-01', 'soon', '14/11/2024'],
  timestamptz: ['2024-11-14 25:00', 'yesterdayish', '2024-11-14 10:00 Mars/Olympus'],
  jsonb: ['{', "{'a': 1}", '{"a": "\\u0000"}'],
  uuid: ['a0eebc99', 'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  'varchar(40)': ['y'.repeat(41)],
};

const LINE_ENDS = ['\n', '\r\n', '\r'] as const;

type Written = { text: string; quote: boolean };

function written({ text, quote }: Written): string {
  return quote || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function aCell({ type, nullable }: { type: string; nullable: boolean }): fc.Arbitrary<string> {
  const free =
    type === 'text'
      ? [
          fc.string({
            unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\\', '.', ' ', 'é', '😀', '\t'),
            maxLength: 9,
          }),
          fc.integer({ min: 1, max: 30_000 }).map((length) => 'long '.repeat(length / 5)),
        ]
      : [];
  const weighted = [
    { weight: 8, arbitrary: fc.constantFrom(...(SPELLINGS[type] ?? [])) },
    ...free.map((arbitrary, at) => ({ weight: at === 0 ? 6 : 1, arbitrary })),
  ];
  const value = fc
    .record({ text: fc.oneof(...weighted), quote: fc.boolean() })
    // An empty field without quotes is no value.
    .map((cell) => written({ ...cell, quote: cell.quote || cell.text === '' }));
  return nullable
    ? fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.constant('') })
    : value;
}

function aRow(dataset: Dataset): fc.Arbitrary<string> {
  const columns = dataset.table.columns;
  return fc.tuple(...columns.map(aCell)).map((cells) => cells.join(','));
}

/** A record that nothing makes right, on one line. */
function aWrongRow(dataset: Dataset): fc.Arbitrary<Buffer> {
  const columns = dataset.table.columns;
  const good = columns.map(({ type }) => (type === 'text' ? 'x' : (SPELLINGS[type]?.[0] ?? 'x')));
  const wrongValues = columns.flatMap(({ type }, at) =>
    (WRONG[type] ?? []).map((text) => good.with(at, written({ text, quote: /[",]/.test(text) })).join(',')),
  );
  const missing = columns.flatMap(({ nullable }, at) => (nullable ? [] : [good.with(at, '').join(',')]));
  const shapes = [
    [...good, 'more'].join(','),
    ...(columns.length > 1 ? [good.slice(1).join(','), ''] : []),
    good.with(0, 'a\0b').join(','),
  ];
  const bytes = [
    ...[...wrongValues, ...missing, ...shapes].map((text) => Buffer.from(text)),
    ...[[0xe9], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff], [0xf4, 0x90, 0x80, 0x80]].map((bad) =>
      Buffer.concat([Buffer.from(bad), Buffer.from(good.with(0, 'x').join(','))]),
    ),
  ];
  return fc.constantFrom(...bytes);
}

function headerOf(dataset: Dataset): fc.Arbitrary<{ text: string; fits: boolean }> {
  const names = dataset.file.map(({ header }) => header);
  const plain = names.map((text) => written({ text, quote: false })).join(',');
  const quoted = names.map((text) => written({ text, quote: true })).join(',');
  const other = [
    [...names].reverse().join(';'),
    `${plain},more`,
    plain.toUpperCase().replace('Ü', 'ü'),
    ` ${plain}`,
    `${plain} `,
    names
      .slice(1)
      .map((text) => written({ text, quote: false }))
      .join(','),
    plain.replace(/^./, '"$&\n"'),
  ].filter((text) => text !== plain);
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(plain, quoted).map((text) => ({ text, fits: true })) },
    { weight: 1, arbitrary: fc.constantFrom(...other).map((text) => ({ text, fits: false })) },
  );
}

/** Files that are right, files with one thing wrong in a known line, and files with bytes changed anywhere behind the header. */
export const files: fc.Arbitrary<CsvFile> = fc.constantFrom(...DATASETS).chain((dataset) =>
  fc
    .record({
      header: headerOf(dataset),
      rows: fc.array(aRow(dataset), { maxLength: 6 }),
      lineEnd: fc.constantFrom(...LINE_ENDS),
      lastLineEnd: fc.boolean(),
      bom: fc.boolean(),
      piece: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(1_000, 65_536)),
      sort: fc.constantFrom('right', 'wrong', 'wrong', 'damaged' as const),
      wrong: aWrongRow(dataset),
      wrongAt: fc.nat({ max: 6 }),
      damage: fc.array(fc.record({ at: fc.nat(), what: aDamage() }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ header, rows, lineEnd, lastLineEnd, bom, piece, sort, wrong, wrongAt, damage }) => {
      const at = Math.min(wrongAt, rows.length);
      const lines: Buffer[] = [header.text, ...rows].map((line) => Buffer.from(line));
      if (sort === 'wrong') lines.splice(1 + at, 0, wrong);
      const end = Buffer.from(lineEnd);
      // A last record that is a lone empty value can only be told from none by its line end.
      const isEnded = lastLineEnd || lines.at(-1)?.length === 0;
      let body: Buffer = Buffer.concat(
        lines.slice(1).flatMap((line, place) => (place === 0 ? [line] : [end, line])),
      );
      if (lines.length > 1 && isEnded) body = Buffer.concat([body, end]);
      if (sort === 'damaged')
        body = damage.reduce<Buffer>((bytes, each) => damaged(bytes, each.at, each.what), body);
      const head = Buffer.from(`${bom ? '\ufeff' : ''}${header.text}${lineEnd}`);
      return {
        dataset,
        bytes: Buffer.concat([head, body]),
        piece,
        headerFits: header.fits,
        lineEnd,
        isRight: sort === 'right' && header.fits,
        ...(sort === 'wrong' && header.fits ? { wrongLine: lineOf(lines.slice(0, 1 + at), lineEnd) } : {}),
      };
    }),
);

/** PostgreSQL counts the line ends of the file's own kind, those inside of quotes too. */
function lineOf(before: readonly Buffer[], lineEnd: string): number {
  const counted = lineEnd === '\n' ? 0x0a : 0x0d;
  const inside = before.reduce((sum, line) => sum + line.filter((byte) => byte === counted).length, 0);
  return 1 + before.length + inside;
}

function aDamage(): fc.Arbitrary<Buffer> {
  return fc.constantFrom(
    ...['"', '""', ',', '\n', '\r', '\r\n', '\n\n', '\\.', '\n\\.\n', '\\', '\0', ' ', '\ufeff', '<'].map(
      (text) => Buffer.from(text),
    ),
    Buffer.from([0x80]),
    Buffer.from([0xe2, 0x82]),
  );
}

function damaged(bytes: Buffer, at: number, what: Buffer): Buffer {
  const place = bytes.length === 0 ? 0 : at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), what, bytes.subarray(place)]);
}
