import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { expect, it } from 'vitest';
import { columns, qualified } from '../../../src/ledger/sql.ts';
import { setForDataset } from '../../../src/ledger/transaction.ts';
import { createStaging } from '../../../src/load/staging.ts';
import type { Staged } from '../../../src/load/prepared.ts';
import type { DayboardError } from '../../../src/project/errors.ts';
import type { Dataset } from '../../../src/project/model.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { stage, stagingTables, streamOf } from '../fixtures.ts';
import { type CsvFile, DATASETS, files } from './files.ts';

/** DAYBOARD_CSV_CASES=100000 tries more files than every run does, DAYBOARD_CSV_SEED others. */
const CASES = Number(process.env['DAYBOARD_CSV_CASES'] ?? 450);
const SEED = Number(process.env['DAYBOARD_CSV_SEED'] ?? 20_261_123);
/** Connections side by side. */
const LANES = 3;
const HOUR = 3_600_000;

/** What was seen of the files, so that it shows when a sort of them is never made. */
interface Seen {
  files: number;
  loaded: number;
  rows: number;
  refused: number;
  codes: Map<string, number>;
  /** Refused with the line in which the wrong thing was put. */
  lines: number;
}

/** COPY's own answer: its count of rows, or its error. */
type Copied = { rows: number } | { sqlstate: string; line: number | undefined };

/** The same rows through PostgreSQL's own COPY into a table of the same columns; open in a transaction. */
async function copied(client: pg.Client, { dataset, bytes }: CsvFile): Promise<Copied> {
  const names = columns(dataset.file.map(({ column }) => column));
  const sql = `COPY ${qualified(twinOf(dataset))} (${names}) FROM STDIN WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')`;
  const bom = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  const copy = client.query(copyFrom(sql));
  try {
    await pipeline(Readable.from([bytes.subarray(bom)]), copy);
    return { rows: copy.rowCount };
  } catch (thrown) {
    const { code, where } = thrown as { code?: string; where?: string };
    const line = /^COPY .*?, line (\d+)/m.exec(where ?? '')?.[1];
    return { sqlstate: code ?? String(thrown), line: line === undefined ? undefined : Number(line) };
  }
}

function twinOf({ name }: Dataset) {
  return { schema: 'twins', name };
}

async function prepared(): Promise<pg.Client> {
  const client = await (await createTestDatabase()).connect();
  await client.query('CREATE SCHEMA dayboard_staging; CREATE SCHEMA twins');
  for (const dataset of DATASETS) await client.query(createStaging(dataset, twinOf(dataset)));
  return client;
}

/** Loads the file in both ways; throws when they differ in anything but what is meant to differ. */
async function compared(client: pg.Client, file: CsvFile, seen: Seen): Promise<void> {
  const { dataset, bytes, piece } = file;
  const loaded = await stage(client, dataset, '', { open: async () => streamOf(bytes, piece) }).catch(
    (thrown: DayboardError) => thrown,
  );
  const left = await stagingTables(client);
  await client.query('BEGIN');
  try {
    await setForDataset(client, dataset);
    const twin = await copied(client, file);
    seen.files += 1;
    if ('relation' in loaded) await judgeLoaded(client, file, loaded, twin, seen);
    else judgeRefusal(file, loaded, twin, left, seen);
  } finally {
    await client.query('ROLLBACK');
    if ('relation' in loaded) await client.query(`DROP TABLE ${qualified(loaded.relation)}`);
  }
}

async function judgeLoaded(
  client: pg.Client,
  { headerFits, dataset }: CsvFile,
  { relation, rows }: Staged,
  twin: Copied,
  seen: Seen,
): Promise<void> {
  // Rule: what the header does not say is never loaded, though COPY passes over any first record.
  expect(headerFits).toBe(true);
  expect(twin).toEqual({ rows });
  expect(await sameRows(client, dataset, relation)).toBe(true);
  seen.loaded += 1;
  seen.rows += rows;
}

function judgeRefusal(
  file: CsvFile,
  { code, facts, message, next }: DayboardError,
  twin: Copied,
  left: readonly string[],
  seen: Seen,
): void {
  seen.refused += 1;
  seen.codes.set(code, (seen.codes.get(code) ?? 0) + 1);
  expect(left).toEqual([]);
  expect(next).toContain('what was published before is untouched');
  expect(file.isRight).toBe(false);
  // Rule: what is no header is refused before COPY sees it; what begins as XML or HTML is told from a CSV file.
  if (!file.headerFits) return expect(code).toMatch(/^load\.(header|not-csv)$/);
  // Rule: everything else that is refused, COPY refuses too, in the same line and for the same reason.
  expect({ sqlstate: facts['sqlstate'], line: facts['line'] }).toEqual(twin);
  expect(code).toMatch(/^load\.(malformed-row|bad-value|null|encoding)$/);
  expect(message).toContain(`Line ${facts['line']}`);
  if (file.wrongLine === undefined) return;
  // Rule: behind a lone CR COPY looks for an LF, and finds a byte there that is no text, before it counts the line.
  const early = code === 'load.encoding' && file.lineEnd === '\r' ? 1 : 0;
  expect([file.wrongLine, file.wrongLine - early]).toContain(facts['line']);
  seen.lines += 1;
}

/** Row by row, NULL and '' apart; where a row comes to lie is the server's business. */
async function sameRows(
  client: pg.Client,
  dataset: Dataset,
  relation: { schema: string; name: string },
): Promise<boolean> {
  const all = (of: string) => `SELECT string_agg(each::text, E'\\n' ORDER BY each::text) FROM ${of} AS each`;
  const found = await client.query<{ same: boolean }>(
    `SELECT (${all(qualified(relation))}) IS NOT DISTINCT FROM (${all(qualified(twinOf(dataset)))}) AS same`,
  );
  return found.rows[0]?.same === true;
}

it(
  'a file is loaded exactly as COPY loads it, or changes nothing and is refused with its line',
  async () => {
    const seen: Seen = { files: 0, loaded: 0, rows: 0, refused: 0, codes: new Map(), lines: 0 };
    const lane = async (at: number): Promise<void> => {
      const client = await prepared();
      await fc.assert(
        fc.asyncProperty(files, (file) => compared(client, file, seen)),
        { numRuns: Math.ceil(CASES / LANES), seed: SEED + at, endOnFailure: CASES > 10_000 },
      );
    };
    await Promise.all(Array.from({ length: LANES }, (_, at) => lane(at)));
    const codes = [...seen.codes].map(([code, count]) => `${code} ${count}`);
    process.stdout.write(
      `${seen.files} files: ${seen.loaded} loaded with ${seen.rows} rows, ${seen.refused} refused (${codes.join(', ')}), ${seen.lines} in the very line that is wrong\n`,
    );
    expect(seen.codes.size).toBeGreaterThanOrEqual(5);
    expect(seen.loaded).toBeGreaterThan(CASES / 5);
    expect(seen.lines).toBeGreaterThan(CASES / 5);
  },
  2 * HOUR,
);
