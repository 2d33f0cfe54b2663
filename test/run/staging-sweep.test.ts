import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { Queryable } from '../../src/ledger/client.ts';
import { takeLock } from '../../src/ledger/locks.ts';
import { sweepStaging } from '../../src/run/staging-sweep.ts';
import { createLedgerDatabase } from '../support/ledger.ts';

const ann = { user: 'ann', host: 'bastion', pid: 11 };

async function staging(client: pg.Client): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace ORDER BY 1`,
  );
  return found.rows.map((row) => row.name);
}

describe('sweeping what dead runs left', () => {
  it('leaves what somebody still has locked for later, and drops the rest', async () => {
    await using database = await createLedgerDatabase();
    const [client, zombie] = await Promise.all([database.connect(), database.connect()]);
    await client.query('CREATE UNLOGGED TABLE dayboard_staging.a_2024_11_14_r1 (x int)');
    await client.query('CREATE UNLOGGED TABLE dayboard_staging.b_2024_11_14_r1 (x int)');
    await zombie.query('BEGIN; LOCK TABLE dayboard_staging.a_2024_11_14_r1 IN ACCESS SHARE MODE');
    await sweepStaging(client);
    expect(await staging(client)).toEqual(['a_2024_11_14_r1']);
    expect((await client.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '0' }]);
    await zombie.query('ROLLBACK');
    await sweepStaging(client);
    expect(await staging(client)).toEqual([]);
  });

  it('never takes the tables of a run that begins meanwhile', async () => {
    await using database = await createLedgerDatabase();
    const [client, other] = await Promise.all([database.connect(), database.connect()]);
    let begun = false;
    const between: Queryable = {
      query: (async (...args: unknown[]) => {
        const found: unknown = await (client.query as (...all: unknown[]) => Promise<unknown>).apply(
          client,
          args,
        );
        if (!begun) {
          begun = true;
          await takeLock(other, { project: 'p', target: 'run 7', actor: ann, run: '7' });
          await other.query('CREATE UNLOGGED TABLE dayboard_staging.a_2024_11_14_r7 (x int)');
        }
        return found;
      }) as Queryable['query'],
    };
    await sweepStaging(between);
    expect(await staging(client)).toEqual(['a_2024_11_14_r7']);
  });
});
