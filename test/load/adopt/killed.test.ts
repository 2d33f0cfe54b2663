import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
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

const ROWS = 'SELECT id, at, agent, hits FROM stats.visits';
const project = projectOf(visits());

/** Adopts on a connection that is terminated before the given query. False when it ended before. */
async function killedAt(query: number, work: (victim: pg.Client) => Promise<unknown>): Promise<boolean> {
  const victim = await database.connect();
  victim.on('error', () => undefined);
  const { processID } = victim as pg.Client & { processID: number };
  const gone = async () =>
    (await lines(client, `SELECT 1 FROM pg_stat_activity WHERE pid = ${processID}`)).length === 0;
  let killed = false;
  const ended = work(
    hooked(victim, async (at) => {
      if (at !== query) return;
      killed = true;
      await client.query('SELECT pg_terminate_backend($1)', [processID]);
      await until(gone);
    }),
  );
  const code = await ended.then(
    () => 'none',
    (error: { code: string }) => error.code,
  );
  expect(code).toMatch(killed ? /^database\./ : /^none$/);
  return killed;
}

/** Queries all over an adoption, of about 215 with its last step; they differ from test to test. */
const places = (first: number) => Array.from({ length: 11 }, (_, at) => first + at * 20);

describe('an adoption whose connection is lost', () => {
  it.each(places(5))('at query %i is gone on with, and nothing is lost or left', async (query) => {
    await aTable(client, 3, 10);
    const before = await lines(client, ROWS);
    const killed = await killedAt(query, (victim) => adopt(victim, project, 'finish'));
    if (killed) await adopt(client, project, 'finish');
    expect(await lines(client, ROWS)).toEqual(before);
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'p',
    ]);
    expect(await lines(client, LEFTOVERS)).toEqual([]);
  });

  it.each(places(9))('at query %i is taken back, and the original is as it was', async (query) => {
    await aTable(client, 3, 10);
    const facts = `SELECT oid, relname, relkind, relfilenode FROM pg_class WHERE relnamespace = 'stats'::regnamespace`;
    const before = [await lines(client, facts), await lines(client, ROWS)];
    await killedAt(query, (victim) => adopt(victim, project, 'switch'));
    await back(client, project).catch((error: { code: string }) => {
      // It was lost before anything was made.
      if (error.code !== 'adopt.nothing-to-take-back') throw error;
    });
    expect([await lines(client, facts), await lines(client, ROWS)]).toEqual(before);
    expect(await lines(client, LEFTOVERS)).toEqual([]);
  });

  it.each([3, 8, 13, 18, 23, 28])(
    'while it is taken back, at query %i, is taken back again',
    async (query) => {
      await aTable(client, 3, 10);
      await adopt(client, project, 'switch');
      await client.query(`DELETE FROM stats.visits WHERE id = 'v3'`);
      const before = await lines(client, ROWS);
      const killed = await killedAt(query, (victim) => back(victim, project));
      if (killed) await back(client, project);
      expect(await lines(client, ROWS)).toEqual(before);
      expect(
        await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`),
      ).toEqual(['r']);
      expect(await lines(client, LEFTOVERS)).toEqual([]);
    },
  );
});
