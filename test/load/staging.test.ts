import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DayboardError } from '../../src/project/errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { failure, HEADER, rowsOf, stage, stagingTables, streamOf, texts, visits } from './fixtures.ts';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
});
beforeEach(() =>
  client.query('DROP SCHEMA IF EXISTS dayboard_staging CASCADE; CREATE SCHEMA dayboard_staging'),
);

const ROWS = 'a,2024-11-14 10:00:00+00,agent,1\nb,2024-11-14 11:00:00+00,agent,2\n';

describe('a staged file', () => {
  it('is an unlogged table of the file alone, with its rows and bytes counted', async () => {
    const staged = await stage(client, visits(), HEADER + ROWS);
    expect(staged).toEqual({
      relation: { schema: 'dayboard_staging', name: 'visits_2024_11_14_r7' },
      rows: 2,
      bytes: Buffer.byteLength(HEADER + ROWS),
    });
    const found = await client.query(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required, relpersistence AS kind
         FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE c.oid = 'dayboard_staging.visits_2024_11_14_r7'::regclass AND attnum > 0 ORDER BY attnum`,
    );
    expect(found.rows).toEqual([
      { name: 'user_id', type: 'character varying', required: true, kind: 'u' },
      { name: 'visit_ts', type: 'timestamp with time zone', required: true, kind: 'u' },
      { name: 'user_agent', type: 'text', required: true, kind: 'u' },
      { name: 'hits', type: 'integer', required: false, kind: 'u' },
    ]);
  });

  it.each([
    ['LF', HEADER + ROWS],
    ['CRLF', (HEADER + ROWS).replaceAll('\n', '\r\n')],
    ['no line end at its end', (HEADER + ROWS).slice(0, -1)],
    ['CRLF and no line end at its end', (HEADER + ROWS).replaceAll('\n', '\r\n').slice(0, -2)],
    ['a byte order mark', `\ufeff${HEADER}${ROWS}`],
    [
      'a byte order mark and a quoted header',
      `\ufeff"user_id","visit_ts","user_agent","hits"\r\n${ROWS.replaceAll('\n', '\r\n')}`,
    ],
    ['gzip', gzipSync(HEADER + ROWS)],
    ['zstd', zstdCompressSync(HEADER + ROWS)],
  ])('holds the same rows with %s', async (_what, file) => {
    const staged = await stage(client, visits(), file);
    expect(staged.rows).toBe(2);
    expect(await rowsOf(client, staged.relation, ['user_id', 'user_agent', 'hits'])).toEqual([
      ['a', 'agent', '1'],
      ['b', 'agent', '2'],
    ]);
  });

  it('is empty for a header alone, which is for the guards to judge', async () => {
    expect(await stage(client, visits(), HEADER)).toMatchObject({ rows: 0 });
  });

  it('keeps commas, quotes, line ends, backslashes and empty texts as they are', async () => {
    const file = [
      'a,b',
      '"Mozilla/5.0 (X11, Linux; ""x"")",1',
      '"two\nlines\r\n",2',
      '\\xdeadbeef,\\N',
      '\\.x,\\\\',
      '"",',
      ' padded ,"\\"',
    ].join('\n');
    const staged = await stage(client, texts(['a', 'b']), file);
    expect(await rowsOf(client, staged.relation, ['a', 'b'])).toEqual([
      ['Mozilla/5.0 (X11, Linux; "x")', '1'],
      ['two\nlines\r\n', '2'],
      ['\\xdeadbeef', '\\N'],
      ['\\.x', '\\\\'],
      ['', null],
      [' padded ', '\\'],
    ]);
  });

  it('reads the three spellings of a timestamp, whatever the session has for a time zone and date style', async () => {
    await client.query(`SET TimeZone = 'America/New_York'; SET DateStyle = 'SQL, DMY'`);
    const stamps = [
      '2023-05-17 00:00:00+02',
      '2022-02-08 13:00:00 +02:00',
      '2018-11-21 12:00:00+01',
      '2024-11-14 00:00:00',
    ];
    const rows = stamps.map((stamp) => `a,${stamp},agent,\n`).join('');
    const staged = await stage(client, visits({ timeZone: 'Europe/Paris' }), HEADER + rows);
    expect((await client.query('SHOW TimeZone')).rows).toEqual([{ TimeZone: 'America/New_York' }]);
    await client.query(`SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'`);
    expect(await rowsOf(client, staged.relation, ['visit_ts'])).toEqual([
      ['2023-05-16 22:00:00+00'],
      ['2022-02-08 11:00:00+00'],
      ['2018-11-21 11:00:00+00'],
      ['2024-11-13 23:00:00+00'],
    ]);
  });

  it('maps headers to columns of other names', async () => {
    const dataset = texts(['a', 'b']);
    dataset.file[1] = { header: 'users legacy', column: 'b' };
    const staged = await stage(client, dataset, 'a,users legacy\n1,2\n');
    expect(await rowsOf(client, staged.relation, ['b'])).toEqual([['2']]);
  });

  it('tells how far it is: bytes of the object, bytes after decompression, and at the end rows', async () => {
    const file = HEADER + ROWS.repeat(20_000);
    const zipped = gzipSync(file);
    const told: Array<{ bytes: number; read: number; rows?: number }> = [];
    await stage(client, visits(), zipped, {
      open: async () => streamOf(zipped, 1_000),
      onProgress: (each) => told.push(each),
    });
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual([...told].sort((a, b) => a.bytes - b.bytes || a.read - b.read));
    expect(told.filter((each) => each.rows !== undefined)).toEqual([
      { bytes: Buffer.byteLength(file), read: zipped.length, rows: 40_000 },
    ]);
  });

  it('replaces what an earlier try of the same run left', async () => {
    await stage(client, visits(), HEADER + ROWS);
    expect(await stage(client, visits(), HEADER)).toMatchObject({ rows: 0 });
  });
});

/** Gives the header and one row, then nothing, until it is destroyed. */
function stalled(): Readable {
  const source = new Readable({ read: () => undefined });
  source.push(HEADER + ROWS);
  return source;
}

/** Gives rows until it is destroyed. */
function endless(): Readable {
  return Readable.from(
    (function* () {
      yield Buffer.from(HEADER);
      for (;;) yield Buffer.from(ROWS.repeat(1_000));
    })(),
  );
}

describe('loading that is interrupted leaves nothing behind:', () => {
  it('cancelled while the source has nothing to give', async () => {
    const abort = new AbortController();
    const source = stalled();
    const loading = failure(
      stage(client, visits(), '', {
        open: async () => source,
        signal: abort.signal,
        onProgress: () => abort.abort(),
      }),
    );
    expect(await loading).toMatchObject({
      code: 'load.cancelled',
      kind: 'interrupted',
      facts: { dataset: 'visits' },
    });
    expect(source.destroyed).toBe(true);
    expect(await stagingTables(client)).toEqual([]);
  });

  it('cancelled while data flows', async () => {
    const abort = new AbortController();
    const onProgress = ({ bytes }: { bytes: number }): void => {
      if (bytes > 10_000_000) abort.abort();
    };
    const loading = stage(client, visits(), '', {
      open: async () => endless(),
      signal: abort.signal,
      onProgress,
    });
    expect(await failure(loading)).toMatchObject({ code: 'load.cancelled' });
    expect(await stagingTables(client)).toEqual([]);
  });

  it('cancelled before it begins', async () => {
    const opened = (): Promise<Readable> => Promise.reject(new Error('it was opened'));
    const loading = stage(client, visits(), '', { open: opened, signal: AbortSignal.abort() });
    expect(await failure(loading)).toMatchObject({ code: 'load.cancelled' });
  });

  it('cancelled with a reason of dayboard, which is then the error', async () => {
    const reason = new DayboardError({ code: 'ledger.lost', message: 'The ledger cannot be written.' });
    const loading = stage(client, visits(), '', { signal: AbortSignal.abort(reason) });
    expect(await failure(loading)).toMatchObject({ code: 'ledger.lost', facts: { dataset: 'visits' } });
  });

  it('cancelled by the server', async () => {
    // A server does not look at a cancellation before the COPY begins, nor while it waits for data.
    const other = await database.connect();
    const pid = (client as pg.Client & { processID: number }).processID;
    let asked = false;
    const onProgress = ({ bytes }: { bytes: number }): void => {
      if (asked || bytes < 1_000_000) return;
      asked = true;
      void other.query('SELECT pg_cancel_backend($1)', [pid]);
    };
    const loading = stage(client, visits(), '', { open: async () => endless(), onProgress });
    expect(await failure(loading)).toMatchObject({
      code: 'database.cancelled',
      message: expect.stringContaining('An administrator, or another session, cancelled'),
      facts: { dataset: 'visits', sqlstate: '57014' },
    });
    expect(await stagingTables(client)).toEqual([]);
  });

  it('the source fails: its own error, with where it happened', async () => {
    const gone = new DayboardError({
      code: 'source.object-changed',
      message: 'changed',
      facts: { etag: 'x' },
    });
    const source = stalled();
    const onProgress = (): void => void source.destroy(gone);
    const loading = stage(client, visits(), '', { open: async () => source, onProgress });
    expect(await failure(loading)).toMatchObject({
      code: 'source.object-changed',
      facts: { etag: 'x', dataset: 'visits', period: '2024-11-14' },
    });
    expect(await stagingTables(client)).toEqual([]);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('the file cannot be opened: not an error of the database', async () => {
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const loading = stage(client, visits(), '', { open: () => Promise.reject(missing) });
    expect(await failure(loading)).toMatchObject({
      code: 'load.read',
      message: expect.stringContaining('no such file'),
    });
  });

  it('the connection is lost', async () => {
    const own = new pg.Client({ connectionString: database.url });
    own.on('error', () => undefined);
    await own.connect();
    const pid = (own as pg.Client & { processID: number }).processID;
    let asked = false;
    const onProgress = (): void => {
      if (!asked) void client.query('SELECT pg_terminate_backend($1)', [pid]);
      asked = true;
    };
    const source = stalled();
    const loading = stage(own, visits(), '', { open: async () => source, onProgress });
    expect(await failure(loading)).toMatchObject({ code: 'load.connection', facts: { sqlstate: '57P01' } });
    expect(source.destroyed).toBe(true);
    await own.end();
    await until(async () => (await stagingTables(client)).length === 0);
  });

  it('the role may not create tables there', async () => {
    await client.query(`DROP ROLE IF EXISTS load_reader; CREATE ROLE load_reader; SET ROLE load_reader`);
    try {
      expect(await failure(stage(client, visits(), HEADER + ROWS))).toMatchObject({
        code: 'load.permission',
        facts: { sqlstate: '42501' },
        next: expect.stringContaining('doctor'),
      });
    } finally {
      await client.query('RESET ROLE; DROP ROLE load_reader');
    }
  });

  it('there is no staging schema', async () => {
    await client.query('DROP SCHEMA dayboard_staging CASCADE');
    expect(await failure(stage(client, visits(), HEADER + ROWS))).toMatchObject({
      code: 'database.schema-missing',
    });
  });
});
