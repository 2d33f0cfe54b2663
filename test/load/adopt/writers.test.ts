import fc from 'fast-check';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/project/model.ts';
import { lines } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';
import { hooked } from '../../support/hooked.ts';
import { adopt, aTable, back, LEFTOVERS, projectOf, visits } from './support.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

const COLUMNS = 'id, at, agent, hits';

/** The same table again, in which every write is made a second time. */
async function aMirror(): Promise<void> {
  await client.query(
    `CREATE TABLE stats.mirror AS SELECT ${COLUMNS} FROM stats.visits; ALTER TABLE stats.mirror ALTER hits SET DEFAULT 7`,
  );
}

/** Rows that only one of the two has. */
function differences(): Promise<string[]> {
  return lines(
    client,
    `(SELECT 'lost', ${COLUMNS} FROM stats.mirror EXCEPT ALL SELECT 'lost', ${COLUMNS} FROM stats.visits)
     UNION ALL (SELECT 'too many', ${COLUMNS} FROM stats.visits EXCEPT ALL SELECT 'too many', ${COLUMNS} FROM stats.mirror)`,
  );
}

/** What writers do, with # for the table: a new row, one of a new day, others changed, moved to other days, and gone. */
const WRITES: ReadonlyArray<(n: number) => string> = [
  (n) =>
    `INSERT INTO # (${COLUMNS}) VALUES ('n${n}', timestamptz '2024-10-27 00:10+02' + ${n % 3} * interval '1 day', NULL, ${n})`,
  (n) =>
    `INSERT INTO # (${COLUMNS}) VALUES ('d${n}', timestamptz '2024-11-02 00:10+01' + ${n % 5} * interval '1 day', 'new day', NULL)`,
  (n) => `UPDATE # SET agent = CASE WHEN agent IS NULL THEN 'a${n}' END WHERE id LIKE 'v%${n % 10}'`,
  (n) => `UPDATE # SET at = at + interval '1 day 1 minute' WHERE id = 'v${n % 30}'`,
  (n) => `DELETE FROM # WHERE id LIKE '%${n % 10}' AND at > '2024-10-28'`,
  (n) => `INSERT INTO # (${COLUMNS}) SELECT id || '-${n}', at, agent, hits FROM # WHERE id LIKE 'v${n % 5}%'`,
  (n) =>
    `WITH gone AS (DELETE FROM # WHERE id = 'v${n % 40}' RETURNING *) INSERT INTO # (${COLUMNS}) SELECT ${COLUMNS} FROM gone`,
];

/** Writes to the table and the mirror, or to neither: the table is locked, or is another one by now. */
async function write(writer: pg.Client, sql: string): Promise<void> {
  const both = ['stats.visits', 'stats.mirror'].map((table) => sql.replaceAll('#', table)).join(';');
  await writer
    .query(`BEGIN; SET LOCAL lock_timeout = '50ms'; ${both}; COMMIT`)
    .catch(async (error: { code: string }) => {
      await writer.query('ROLLBACK');
      // Locked; after the switch a day without a partition, and a row that does not say its delivery.
      if (!['55P03', '23514', '23502'].includes(error.code)) throw error;
    });
}

/** Numbers below 2^23 that follow from a seed and do not repeat after a few. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 9;
  };
}

/** Adopts while somebody writes between any two queries of it. */
async function adoptWhileWritten(dataset: Dataset, seed: number): Promise<void> {
  const writer = await database.connect();
  const slow = await database.connect();
  const next = numbersFrom(seed);
  let written = 0;
  let isOpen = false;
  const disturbed = hooked(client, async (_, sql) => {
    // Its triggers wait for every writer to end.
    if (sql.startsWith('CREATE TRIGGER') && isOpen) {
      isOpen = false;
      await slow.query('COMMIT');
    }
    const chosen = next();
    if (chosen % 3 !== 0) return;
    // Another number for each write: whoever inserts a key twice fails in a table that nobody adopts, too.
    written += 1;
    const n = (chosen >> 4) * 1000 + written;
    if (chosen % 5 !== 0) return write(writer, WRITES[chosen % WRITES.length]!(n));
    // A transaction that is open over several of the adoption's.
    if (isOpen) await slow.query('COMMIT');
    else {
      await slow.query(`BEGIN; SET LOCAL lock_timeout = '50ms'`);
      const row = `VALUES ('slow${n}', timestamptz '2024-10-27 12:00+01' + ${chosen % 4} * interval '1 day', 'slow', 1)`;
      const both = ['visits', 'mirror'].map((table) => `INSERT INTO stats.${table} (${COLUMNS}) ${row}`);
      const failed = await slow.query(both.join(';')).catch(() => true);
      if (failed === true) return void (await slow.query('ROLLBACK'));
    }
    isOpen = !isOpen;
  });
  const ended = adopt(disturbed, projectOf(dataset), 'finish', {
    // Who waits for a moment in which nobody uses it gets one.
    progress: ({ message }) => {
      if (!message.startsWith('waiting') || !isOpen) return;
      isOpen = false;
      void slow.query('COMMIT');
    },
  });
  await ended;
  if (isOpen) await slow.query('COMMIT');
  await Promise.all([writer.end(), slow.end()]);
}

describe('a table that is written to while it is taken over', () => {
  it.each([
    ['with a key', visits()],
    ['without a key, in which rows repeat', visits({ carries: { kind: 'period', column: 'at' } })],
  ])('%s loses and doubles nothing', async (_, dataset) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
        await database.drop();
        database = await createLedgerDatabase();
        client = await database.connect();
        await aTable(client, 4, 40);
        if (!('key' in dataset.carries))
          await client.query(
            'DROP INDEX stats.unique_visits; INSERT INTO stats.visits SELECT * FROM stats.visits',
          );
        await aMirror();
        await adoptWhileWritten(dataset, seed);
        expect(await differences()).toEqual([]);
        expect(await lines(client, LEFTOVERS)).toEqual([]);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  it('waits for who was writing when it began, and misses nothing of it', async () => {
    await aTable(client);
    await aMirror();
    const writer = await database.connect();
    await writer.query(
      `BEGIN; DELETE FROM stats.visits WHERE id = 'v1'; DELETE FROM stats.mirror WHERE id = 'v1'`,
    );
    const adopting = adopt(client, projectOf(visits()), 'finish');
    const other = await database.connect();
    const waits = async () =>
      (
        await lines(
          other,
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
      ).length > 0;
    await until(waits, { what: 'the adoption waits for the writer' });
    // Readers do not wait behind it.
    expect(
      await lines(other, `SET lock_timeout = '1s'; SELECT count(*) > 0 FROM stats.visits`).catch(String),
    ).not.toMatch(/timeout/);
    await writer.query('COMMIT');
    await adopting;
    expect(await differences()).toEqual([]);
  });

  it.each(['copy', 'switch'] as const)('and emptied before the %s has what came after', async (step) => {
    await aTable(client);
    await aMirror();
    await adopt(client, projectOf(visits()), step === 'copy' ? 'prepare' : 'copy');
    for (const table of ['visits', 'mirror'])
      await client.query(
        `INSERT INTO stats.${table} VALUES ('before', '2024-10-28', NULL, 1); TRUNCATE stats.${table}; INSERT INTO stats.${table} VALUES ('after', '2024-10-28', NULL, 1)`,
      );
    const told = await adopt(client, projectOf(visits()), 'switch');
    expect(told.join()).toMatch(step === 'switch' ? /emptied/ : /1 rows copied/);
    expect(await differences()).toEqual([]);
  });

  it('by statements that insert or update in one has all of it', async () => {
    await aTable(client);
    await aMirror();
    await client.query('CREATE UNIQUE INDEX ON stats.mirror (id, at)');
    await adopt(client, projectOf(visits()), 'copy');
    for (const table of ['visits', 'mirror'])
      await client.query(
        `INSERT INTO stats.${table} AS t (id, at, agent) SELECT id, at, 'merged' FROM (SELECT id, at FROM stats.${table} WHERE id < 'v2' UNION ALL VALUES ('x', timestamptz '2024-11-20')) s
         ON CONFLICT (id, at) DO UPDATE SET agent = excluded.agent, hits = NULL`,
      );
    await adopt(client, projectOf(visits()), 'finish');
    expect(await differences()).toEqual([]);
  });

  it('by those who know nothing of the adoption goes on to be, before and after the switch', async () => {
    await aTable(client);
    await client.query(`
      DO $$ BEGIN CREATE ROLE adopt_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      GRANT USAGE ON SCHEMA stats TO adopt_writer; GRANT SELECT, INSERT, DELETE ON stats.visits TO adopt_writer`);
    const writer = await database.connect();
    await writer.query('SET ROLE adopt_writer');
    const insert = (id: string) =>
      writer.query(
        `INSERT INTO stats.visits VALUES ('${id}', '2024-10-28 12:00+01', 'x') ON CONFLICT (id, at) DO NOTHING`,
      );
    await adopt(client, projectOf(visits()), 'prepare');
    await insert('copying');
    await adopt(client, projectOf(visits()), 'switch');
    await insert('switched');
    await insert('switched');
    await back(client, projectOf(visits()));
    await insert('back');
    expect(await lines(client, `SELECT id, hits FROM stats.visits WHERE agent = 'x'`)).toEqual([
      'back|7',
      'copying|7',
      'switched|7',
    ]);
  });

  it('may have columns with the names of what dayboard writes SQL with', async () => {
    const names = ['seen', 'project', 'most_', 'taken', 'day_', 'n', 'r', 'o'];
    const list = names.map((name) => `"${name}"`).join(', ');
    const dataset = visits({
      carries: { kind: 'window', key: ['project', 'seen'], winner: 'newest' },
      table: {
        schema: 'stats',
        name: 'visits',
        columns: names.map((name) => ({
          name,
          type: name === 'seen' ? 'date' : 'text',
          nullable: !['seen', 'project'].includes(name),
        })),
        indexes: [],
        partitionBy: 'seen',
      },
    });
    await client.query(`CREATE SCHEMA stats; CREATE TABLE stats.visits ("seen" date, ${list.slice('"seen", '.length).replaceAll(',', ' text,')} text);
      INSERT INTO stats.visits SELECT date '2024-11-14' + n, 'p' || n FROM generate_series(1, 9) n`);
    const before = () => lines(client, `SELECT ${list} FROM stats.visits`);
    await adopt(client, projectOf(dataset), 'copy');
    await client.query(
      `UPDATE stats.visits SET taken = 'x' WHERE project = 'p1'; DELETE FROM stats.visits WHERE project = 'p2'; INSERT INTO stats.visits VALUES ('2024-12-01', 'p1')`,
    );
    const written = await before();
    await adopt(client, projectOf(dataset), 'finish');
    expect(await before()).toEqual(written);
    expect(written).toHaveLength(9);
  });
});
