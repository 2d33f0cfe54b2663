import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { lines } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { adopt, aTable, back, projectOf, visits } from './support.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

const project = projectOf(visits());

/**
 * Reads table and view again and again until it is stopped; gives every answer that was not the first one. A second
 * of waiting for a lock is an error: whoever queued for the table behind a reader would be waited for longer.
 */
async function poll(): Promise<() => Promise<string[]>> {
  const reader = await database.connect();
  await reader.query(`SET lock_timeout = '1s'`);
  const read = async () =>
    (
      await lines(
        reader,
        'SELECT count(*), sum(hits), (SELECT count(*) FROM stats.few) FROM stats.visits',
      ).catch(String)
    ).toString();
  const first = await read();
  const others = new Set<string>();
  let reads = 0;
  let stopped = false;
  const polling = (async () => {
    while (!stopped) {
      const answer = await read();
      reads += 1;
      if (answer !== first) others.add(answer);
    }
  })();
  return async () => {
    const before = reads;
    while (reads === before) await read();
    stopped = true;
    await polling;
    await reader.end();
    return [...others];
  };
}

async function aTableAndView(): Promise<void> {
  await aTable(client);
  await client.query('CREATE VIEW stats.few AS SELECT * FROM stats.visits WHERE hits = 1');
}

describe('who reads a table while it is taken over', () => {
  it('sees every row at any time, and again while it is taken back', async () => {
    await aTableAndView();
    const stop = await poll();
    for (let times = 0; times < 3; times += 1) {
      await adopt(client, project, 'switch');
      await back(client, project);
    }
    await adopt(client, project, 'finish');
    expect(await stop()).toEqual([]);
  });

  it('for long is waited for without others being kept waiting behind', async () => {
    await aTableAndView();
    const holder = await database.connect();
    await holder.query('BEGIN; SELECT count(*) FROM stats.few');
    const stop = await poll();
    let told = '';
    const adopting = adopt(client, project, 'finish', {
      progress: ({ message }) => {
        if (!message.startsWith('waiting')) return;
        told = message;
        // Several tries later: each keeps others out for an instant only.
        setTimeout(() => void holder.query('COMMIT'), 1500);
      },
    });
    await adopting;
    expect(told).toMatch(
      /waiting for a moment in which nobody uses it: \w+ \(process \d+, test\) in a transaction since [\d:]+ UTC, query since [\d:]+ UTC: BEGIN; SELECT count/,
    );
    expect(await stop()).toEqual([]);
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'p',
    ]);
  });

  it('for ever keeps it from the switch, which says who it is and can be tried again', async () => {
    await aTableAndView();
    const holder = await database.connect();
    await holder.query('BEGIN; SELECT count(*) FROM stats.visits');
    await expect(adopt(client, project, 'finish', { patience: 0 })).rejects.toMatchObject({
      code: 'adopt.in-use',
      kind: 'refused',
      facts: { by: expect.stringContaining('SELECT count(*) FROM stats.visits') },
      next: expect.stringContaining('goes on where it is'),
    });
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'r',
    ]);
    await holder.query('ROLLBACK');
    await adopt(client, project, 'switch');
    await holder.query('BEGIN; SELECT count(*) FROM stats.visits');
    await expect(back(client, project, { patience: 0 })).rejects.toMatchObject({ code: 'adopt.in-use' });
    await holder.query('ROLLBACK');
    await back(client, project);
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'r',
    ]);
  });

  it('with a prepared statement reads the new table after the switch', async () => {
    await aTableAndView();
    const reader = await database.connect();
    const count = () => reader.query({ name: 'count', text: 'SELECT count(*)::int AS n FROM stats.visits' });
    for (let times = 0; times < 7; times += 1) await count();
    await adopt(client, project, 'finish');
    await client.query(`DELETE FROM stats.visits WHERE id <> 'v1'`);
    expect((await count()).rows).toEqual([{ n: 4 }]);
  });
});
