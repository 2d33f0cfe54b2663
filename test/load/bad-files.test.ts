import { gzipSync, zstdCompressSync } from 'node:zlib';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DayboardError } from '../../src/project/errors.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { Dataset } from '../../src/project/model.ts';
import { failure, HEADER, stage, stagingTables, texts, visits } from './fixtures.ts';

const dataset = visits();
const GOOD = 'a,2024-11-14 10:00:00+00,agent,1\n';

let client: pg.Client;
beforeAll(async () => {
  client = await (await createTestDatabase()).connect();
  await client.query(`CREATE SCHEMA dayboard_staging; CREATE TABLE visits AS SELECT 'published' AS user_id;
    SET statement_timeout = '61s'; SET TimeZone = 'Asia/Tokyo'`);
});

/** Everything that a load could have left or changed. */
async function traces(): Promise<unknown> {
  const settings = await client.query(
    `SELECT current_setting('statement_timeout') AS timeout, current_setting('TimeZone') AS zone`,
  );
  const published = await client.query('SELECT * FROM visits');
  return { staging: await stagingTables(client), published: published.rows, settings: settings.rows };
}
const NONE = {
  staging: [],
  published: [{ user_id: 'published' }],
  settings: [{ timeout: '61s', zone: 'Asia/Tokyo' }],
};

interface Bad {
  what: string;
  file: string | Buffer;
  code: string;
  facts: Record<string, unknown>;
  says?: string[];
  object?: string;
}

const DOCUMENTS: Dataset = {
  ...texts(['id', 'doc']),
  table: {
    ...texts(['id', 'doc']).table,
    columns: [
      { name: 'id', type: 'text', nullable: true },
      { name: 'doc', type: 'jsonb', nullable: true },
    ],
  },
};

const rows = (count: number): string => HEADER + GOOD.repeat(count);

const FILES: Bad[] = [
  { what: 'no bytes', file: '', code: 'load.empty', facts: {} },
  {
    what: 'a missing column',
    file: 'user_id,visit_ts,hits\na,b,c\n',
    code: 'load.header',
    facts: { missing: 'user_agent' },
  },
  {
    what: 'an extra column',
    file: HEADER.replace('\n', ',note\n'),
    code: 'load.header',
    facts: { extra: 'note' },
  },
  {
    what: 'reordered columns',
    file: 'visit_ts,user_id,user_agent,hits\n',
    code: 'load.header',
    facts: { reordered: 'user_id, visit_ts' },
  },
  {
    what: 'an S3 error body',
    file: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
    code: 'load.not-csv',
    facts: { bodyCode: 'AccessDenied' },
    says: ['AccessDenied: Access Denied'],
  },
  {
    what: 'a record with too few values in the middle',
    file: `${rows(20_000)}b,2024-11-14 10:00:00+00,agent\n${GOOD.repeat(20_000)}`,
    code: 'load.malformed-row',
    facts: { line: 20_002, column: 'hits', sqlstate: '22P04', value: 'b,2024-11-14 10:00:00+00,agent' },
    says: ['Line 20002', '"hits"', '4 columns'],
  },
  {
    what: 'a record with too many values in the middle',
    file: `${rows(2)}b,2024-11-14 10:00:00+00,agent,1,2\n${GOOD}`,
    code: 'load.malformed-row',
    facts: { line: 4, sqlstate: '22P04' },
    says: ['Line 4', 'extra data'],
  },
  {
    what: 'a malformed record behind a value of several lines',
    file: `${HEADER}a,2024-11-14 10:00:00+00,"x\ny\nz",1\nb\n`,
    code: 'load.malformed-row',
    facts: { line: 5 },
  },
  {
    what: 'a quote that is not closed',
    file: `${rows(1)}b,2024-11-14 10:00:00+00,"agent,1\n${GOOD.repeat(3)}`,
    code: 'load.malformed-row',
    facts: { sqlstate: '22P04' },
    says: ['A quote is not closed'],
  },
  {
    what: 'an empty line',
    file: `${rows(1)}\n${GOOD}`,
    code: 'load.malformed-row',
    facts: { line: 3 },
    says: ['(an empty line)'],
  },
  {
    what: 'mixed line ends',
    file: `${rows(2)}${GOOD.replace('\n', '\r\n')}`,
    code: 'load.malformed-row',
    facts: { line: 4 },
    says: ['line ends are mixed'],
  },
  {
    what: 'a timestamp that is none',
    file: `${rows(3)}b,sooner or later,agent,1\n${GOOD}`,
    code: 'load.bad-value',
    facts: { line: 5, column: 'visit_ts', sqlstate: '22007', value: 'sooner or later' },
    says: ['Line 5, column visit_ts', 'sooner or later'],
  },
  {
    what: 'a day that does not exist',
    file: `${rows(1)}b,2024-02-30 00:00:00+00,agent,1\n`,
    code: 'load.bad-value',
    facts: { line: 3, column: 'visit_ts', sqlstate: '22008' },
  },
  {
    what: 'a number that is none',
    file: `${rows(1)}b,2024-11-14 10:00:00+00,agent,many\n`,
    code: 'load.bad-value',
    facts: { line: 3, column: 'hits', sqlstate: '22P02', value: 'many' },
  },
  {
    what: 'a number that is too large',
    file: `${rows(1)}b,2024-11-14 10:00:00+00,agent,9999999999\n`,
    code: 'load.bad-value',
    facts: { line: 3, column: 'hits', sqlstate: '22003' },
  },
  {
    what: 'an empty field where there must be a value',
    file: `${rows(4)}b,2024-11-14 10:00:00+00,,1\n${GOOD}`,
    code: 'load.null',
    facts: { line: 6, column: 'user_agent', sqlstate: '23502' },
    says: ['Line 6', 'user_agent'],
  },
  {
    what: 'a NUL byte',
    file: `${rows(5)}b,2024-11-14 10:00:00+00,ag\0ent,1\n${GOOD}`,
    code: 'load.encoding',
    facts: { line: 7, sqlstate: '22021' },
    says: ['Line 7', '0x00'],
  },
  {
    what: 'bytes that are no UTF-8',
    file: Buffer.concat([
      Buffer.from(`${rows(5_000)}b,2024-11-14 10:00:00+00,`),
      Buffer.from([0xe9, 0x2c, 0x31, 0x0a]),
    ]),
    code: 'load.encoding',
    facts: { line: 5_002, sqlstate: '22021' },
  },
  {
    what: 'a damaged gzip',
    file: gzipSync(rows(20_000)).map((byte, at) => (at === 200 ? byte ^ 0xff : byte)) as Buffer,
    code: 'load.corrupt-archive',
    facts: { format: 'gzip' },
    object: 'visits_2024-11-14.csv.gz',
  },
  {
    what: 'a damaged gzip whose text is another from its beginning',
    file: Buffer.concat([gzipSync('no header\nno rows\n'), gzipSync(rows(10)).subarray(0, -9)]),
    code: 'load.corrupt-archive',
    facts: { format: 'gzip' },
    object: 'visits_2024-11-14.csv.gz',
  },
  {
    what: 'another header in a gzip that is whole',
    file: gzipSync('no header\nno rows\n'),
    code: 'load.header',
    facts: { found: 'no header' },
    object: 'visits_2024-11-14.csv.gz',
  },
  {
    what: 'a truncated gzip',
    file: gzipSync(rows(20_000)).subarray(0, -9),
    code: 'load.corrupt-archive',
    facts: { format: 'gzip' },
    object: 'visits_2024-11-14.csv.gz',
  },
  {
    what: 'a truncated zstd',
    file: zstdCompressSync(rows(20_000)).subarray(0, -1),
    code: 'load.corrupt-archive',
    facts: { format: 'zstd' },
    object: 'visits_2024-11-14.csv.zst',
  },
];

describe('a file is refused, naming dataset, period and object, and leaves everything as it was:', () => {
  it.each(FILES)('$what', async ({ file, code, facts, says = [], object = 'visits_2024-11-14.csv' }) => {
    const error = (await failure(stage(client, dataset, file, { objectName: object }))) as DayboardError;
    expect(error.toJSON()).toMatchObject({
      code,
      facts: { dataset: 'visits', period: '2024-11-14', object, ...facts },
      next: expect.stringContaining('untouched'),
    });
    expect(error.kind).toBe('failed');
    for (const text of says) expect(error.message).toContain(text);
    expect(await traces()).toEqual(NONE);
  });

  it('a value that its type does not take is no fault of the text', async () => {
    const file = 'id,doc\na,{}\nb,"{""a"": ""\\u0000""}"\n';
    const error = (await failure(stage(client, DOCUMENTS, file))) as DayboardError;
    expect(error.toJSON()).toMatchObject({
      code: 'load.bad-value',
      message: expect.stringMatching(/^Line 3, column doc, .*unsupported Unicode escape sequence/),
      facts: { line: 3, column: 'doc', sqlstate: '22P05' },
    });
  });

  it('what an error shows of a value is short and has no control characters', async () => {
    const value = `\u001b[2J\u0007${'x'.repeat(5_000)}`;
    const error = (await failure(stage(client, dataset, `${rows(1)}b,${value},agent,1\n`))) as DayboardError;
    const shown = `${error.message}${JSON.stringify(error.facts)}`;
    expect(shown).not.toMatch(/\p{Cc}/u);
    expect(String(error.facts['value']).length).toBeLessThanOrEqual(80);
    expect(error.message.length).toBeLessThan(500);
  });
});
