import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { Queryable } from '../../src/ledger/client.ts';
import { takeLock } from '../../src/ledger/locks.ts';
import { readRuns } from '../../src/ledger/run-reader.ts';
import { endInterruptedRuns, finishRun, insertRun } from '../../src/ledger/runs.ts';
import { outcomeOf } from '../../src/run/outcome.ts';
import { aPlan } from '../cli/support.ts';
import { hooked } from '../support/hooked.ts';
import { startRun } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import { until } from '../support/until.ts';

const ann = { user: 'ann', host: 'bastion', pid: 11 };

async function states(client: pg.Client): Promise<string[]> {
  const found = await client.query<{ state: string }>('SELECT state FROM dayboard.run ORDER BY id');
  return found.rows.map((row) => row.state);
}

describe('a run whose process is gone', () => {
  it('is ended with its steps and locks in one statement, so that whoever ends it may be killed, too', async () => {
    await using database = await createLedgerDatabase();
    const [client, other] = await Promise.all([database.connect(), database.connect()]);
    const id = await insertRun(client, aPlan(), ann);
    await takeLock(client, { project: 'test', target: 'delivery visits 2024-11-14', actor: ann, run: id });
    await client.query(`UPDATE dayboard.step SET state = 'running' WHERE seq = 1`);
    await client.end();
    const asked: string[] = [];
    const told = hooked(other, (_, sql) => void asked.push(sql));
    await until(async () => (await endInterruptedRuns(told, 'test')).includes(id));
    expect(asked.filter((sql) => /UPDATE|DELETE/.test(sql)).at(-1)).toBe(asked.at(-1));
    const steps = await other.query<{ state: string }>('SELECT state FROM dayboard.step ORDER BY seq');
    expect(steps.rows.map(({ state }) => state)).toEqual(['failed', 'cancelled', 'cancelled']);
    expect((await other.query('SELECT FROM dayboard.lock')).rowCount).toBe(0);
  });
});

describe('a run that ends', () => {
  it('leaves no row of its locks, and those of others', async () => {
    await using database = await createLedgerDatabase();
    const [client, other] = await Promise.all([database.connect(), database.connect()]);
    const id = await insertRun(client, aPlan(), ann);
    await insertRun(other, aPlan(), ann);
    await finishRun(client, id, 'done', outcomeOf([], { seconds: 1, cancelled: false, plan: aPlan() }));
    const left = await other.query<{ target: string }>('SELECT target FROM dayboard.lock');
    expect(left.rows).toEqual([{ target: 'run 2' }]);
  });
});

describe('a run that begins', () => {
  it('is seen by nobody before it holds its lock', async () => {
    await using database = await createLedgerDatabase();
    const [gate, client, other] = await Promise.all([1, 2, 3].map(() => database.connect()));
    await gate!.query('SELECT pg_advisory_lock(42)');
    await gate!.query(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END';
      CREATE TRIGGER wait BEFORE INSERT ON dayboard.lock FOR EACH ROW EXECUTE FUNCTION wait()`);
    const inserting = insertRun(client!, aPlan(), ann);
    await until(async () => {
      const waiting = await other!.query(
        `SELECT FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND locktype = 'advisory' AND NOT granted AND objid = 42`,
      );
      return waiting.rowCount === 1;
    });
    expect(await states(other!)).toEqual([]);
    expect(await endInterruptedRuns(other!, 'test')).toEqual([]);
    await gate!.query('SELECT pg_advisory_unlock(42)');
    const id = await inserting;
    expect(await endInterruptedRuns(other!, 'test')).toEqual([]);
    expect(await states(other!)).toEqual(['running']);
    await client!.end();
    await until(async () => (await endInterruptedRuns(other!, 'test')).includes(id));
    expect(await states(other!)).toEqual(['interrupted']);
  });

  it('is not taken for a dead one by who looks for those at that moment', async () => {
    await using database = await createLedgerDatabase();
    const [client, other] = await Promise.all([database.connect(), database.connect()]);
    let begun = false;
    const between: Queryable = {
      query: (async (...args: unknown[]) => {
        const found: unknown = await (other.query as (...all: unknown[]) => Promise<unknown>).apply(
          other,
          args,
        );
        if (!begun) await insertRun(client, aPlan(), ann);
        begun = true;
        return found;
      }) as Queryable['query'],
    };
    expect(await endInterruptedRuns(between, 'test')).toEqual([]);
    expect(await states(other)).toEqual(['running']);
  });
});

describe('the runs of the board', () => {
  it('have those in flight among them, however many have begun since', async () => {
    await using database = await createLedgerDatabase();
    const client = await database.connect();
    const ids: string[] = [];
    for (let run = 0; run < 5; run += 1) ids.push(await startRun(client, 'test'));
    const [oldest = '', second = ''] = ids;
    const found = await readRuns(client, 'test', 2, [oldest], [oldest]);
    expect(found.map(({ id }) => id)).toEqual([...ids.slice(3).reverse(), oldest]);
    expect(found.map(({ state }) => state)).toEqual(['interrupted', 'interrupted', 'running']);
    expect((await readRuns(client, 'other', 2, [second], [second])).map(({ id }) => id)).toEqual([]);
  });
});
