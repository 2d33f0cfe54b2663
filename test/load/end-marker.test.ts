import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type pg from 'pg';
import { refuseEndMarker } from '../../src/load/end-marker.ts';
import type { DayboardError } from '../../src/project/errors.ts';
import {
  createTestDatabase,
  runServer,
  systemPostgres,
  type TestDatabase,
  type TestServer,
} from '../support/postgres.ts';
import { collect, rowsOf, stage, stagingTables, streamOf, texts } from './fixtures.ts';

function check(file: string, size?: number): Promise<string> {
  const bytes = Buffer.from(file);
  return collect(refuseEndMarker(streamOf(bytes, size), () => streamOf(bytes, 11)));
}

/** The line of the marker that was refused, else what went on. */
async function outcome(file: string, size?: number): Promise<unknown> {
  return check(file, size).catch((thrown: DayboardError) => ({
    code: thrown.code,
    line: thrown.facts['line'],
  }));
}

function refusedAt(line: number): unknown {
  return { code: 'load.end-marker', line };
}

describe('a line that holds only \\.', () => {
  it.each([
    ['in the middle', 'a,b\n1,2\n\\.\n3,4\n', 3],
    ['with CRLF', 'a,b\r\n1,2\r\n\\.\r\n3,4\r\n', 3],
    ['with CR', 'a,b\r1,2\r\\.\r3,4\r', 3],
    ['at the end', 'a,b\n1,2\n\\.\n', 3],
    ['at the end without a line end', 'a,b\n1,2\n\\.', 3],
    ['after a quoted one', 'a,b\n"1\n\\.\n",2\n\\.\n', 5],
  ])('%s is refused with its line', async (_what, file, line) => {
    for (let size = 1; size <= file.length; size++)
      expect(await outcome(file, size)).toEqual(refusedAt(line));
  });

  it.each([
    ['inside quotes', 'a,b\n"1\n\\.\n",2\n3,4\n'],
    ['as a value among others', 'a,b\n\\.,2\n3,\\.\n'],
    ['at the beginning of a longer value', 'a,b\n\\.x\n\\x2e,2\n'],
    ['inside quotes at the end', 'a,b\n1,"2\n\\.'],
  ])('%s goes on', async (_what, file) => {
    for (let size = 1; size <= file.length; size++) expect(await check(file, size)).toBe(file);
  });

  it('is found as one that looks at every byte finds it, whatever the chunks', async () => {
    const unit = fc.constantFrom('\\', '.', '\n', '"', 'x', '\\.', '\n\\.\n');
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit, maxLength: 24 }),
        fc.integer({ min: 1, max: 8 }),
        async (body, size) => {
          const file = `h\n${body}`;
          // A marker is in quotes when an odd number of them stands before it.
          const marker = [...file.matchAll(/(?<=\n)\\\.(?=\n|$)/g)].find(
            ({ index }) => file.slice(0, index).split('"').length % 2 === 1,
          );
          const expected =
            marker === undefined ? file : refusedAt(file.slice(0, marker.index).split('\n').length);
          expect(await outcome(file, size)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const older = await systemPostgres();
afterAll(() => older?.stop());

interface Server {
  name: string;
  server: () => TestServer;
  /** What becomes of three rows, the second a marker. */
  expected: unknown;
}

const LOADED = { staging: ['texts_2024_11_14_r7'], rows: [['1'], ['\\.'], ['3']] };
const REFUSED = {
  staging: [],
  code: 'load.end-marker',
  facts: { line: 3, dataset: 'texts', period: '2024-11-14' },
};
const SERVERS: Server[] = [
  { name: 'PostgreSQL that comes with dayboard', server: runServer, expected: LOADED },
  ...(older === undefined
    ? []
    : [
        {
          name: `PostgreSQL ${older.major} of this machine`,
          server: () => older,
          expected: older.major < 18 ? REFUSED : LOADED,
        },
      ]),
];

describe.each(SERVERS)('on the $name', ({ server, expected }) => {
  let client: pg.Client;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ server: server() });
    client = await database.connect();
    await client.query('CREATE SCHEMA dayboard_staging');
  });
  // Before the server of this machine stops.
  afterAll(() => database.drop());

  it('no row behind \\. is lost', async () => {
    const loading = stage(client, texts(['a']), 'a\n1\n\\.\n3\n');
    const became = await loading.then(
      async ({ relation }) => ({ rows: await rowsOf(client, relation, ['a']) }),
      ({ code, facts }: DayboardError) => ({ code, facts }),
    );
    expect({ ...became, staging: await stagingTables(client) }).toMatchObject(expected as object);
  });

  it('a quoted \\. on a line of its own is data', async () => {
    const staged = await stage(client, texts(['a', 'b']), 'a,b\n"1\n\\.\n",2\n"\\.",4\n');
    expect(await rowsOf(client, staged.relation, ['a', 'b'])).toEqual([
      ['1\n\\.\n', '2'],
      ['\\.', '4'],
    ]);
  });
});
