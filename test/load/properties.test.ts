import fc from 'fast-check';
import type pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { createTestDatabase } from '../support/postgres.ts';
import { rowsOf, stage, streamOf, texts } from './fixtures.ts';

let client: pg.Client;
beforeAll(async () => {
  client = await (await createTestDatabase()).connect();
  await client.query('CREATE SCHEMA dayboard_staging');
});

/** A value, and whether it is quoted where it need not be. */
const cell = fc.record({
  value: fc.option(
    fc.oneof(
      fc.string({
        unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\\', '.', 'N', ' ', 'é', '😀', ';'),
        maxLength: 8,
      }),
      fc
        .string({ unit: 'binary', maxLength: 5 })
        .map((text) => text.replaceAll('\0', '').replace(/\p{Cs}/gu, '')),
      fc.constantFrom('\\.', '\\N', 'NULL', '', '\\x2e'),
    ),
    { nil: null },
  ),
  quoted: fc.boolean(),
});

function written({ value, quoted }: { value: string | null; quoted: boolean }, columns: number): string {
  if (value === null) return '';
  const must = value === '' || /[",\r\n]/.test(value) || (columns === 1 && value === '\\.');
  return must || quoted ? `"${value.replaceAll('"', '""')}"` : value;
}

const files = fc.integer({ min: 1, max: 4 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 12 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    lastLineEnd: fc.boolean(),
    bom: fc.boolean(),
    chunk: fc.integer({ min: 1, max: 40 }),
    packing: fc.constantFrom('plain', 'gzip', 'zstd'),
  }),
);

it('the rows that are loaded are the rows that were written, however they are quoted, packed and cut', async () => {
  await fc.assert(
    fc.asyncProperty(files, async ({ columns, rows, lineEnd, lastLineEnd, bom, chunk, packing }) => {
      const names = Array.from({ length: columns }, (_, at) => `c${at}`);
      const lines = [
        names.join(','),
        ...rows.map((row) => row.map((each) => written(each, columns)).join(',')),
      ];
      // A last line that is a lone empty value can only be told from no line by its line end.
      const last = lastLineEnd || lines.at(-1) === '' ? lineEnd : '';
      const plain = Buffer.from(`${bom ? '\ufeff' : ''}${lines.join(lineEnd)}${last}`);
      const bytes =
        packing === 'gzip' ? gzipSync(plain) : packing === 'zstd' ? zstdCompressSync(plain) : plain;
      const staged = await stage(client, texts(names), '', { open: async () => streamOf(bytes, chunk) });
      expect(staged.rows).toBe(rows.length);
      expect(await rowsOf(client, staged.relation, names)).toEqual(
        rows.map((row) => row.map(({ value }) => value)),
      );
    }),
    { numRuns: 150 },
  );
});
