import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { owe, WHOLE } from '../../src/ledger/derived.ts';
import { inTransaction } from '../../src/ledger/transaction.ts';
import type { Project, View } from '../../src/project/model.ts';
import { ensureRollup } from '../../src/rollup/ensure.ts';
import { recomputeBuckets } from '../../src/rollup/recompute.ts';
import { refreshView } from '../../src/rollup/view.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines, publishRows, startRun } from '../support/deliveries.ts';
import { hooked } from '../support/hooked.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { whileRead } from '../support/reader.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let client: pg.Client;
let run: string;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  run = await startRun(client, 'test');
  await client.query('CREATE TABLE public.current (version int); INSERT INTO public.current VALUES (1)');
  return () => database.drop();
});

/** Five hundred rows that all say which version of the data they are of: a mixture would show. */
function aView(indexes: View['indexes']): View {
  return {
    schema: 'stats',
    name: 'versions',
    description: '',
    reads: [],
    sql: 'SELECT n, version FROM generate_series(1, 500) AS n, public.current',
    indexes,
  };
}
const UNIQUE = [{ name: 'versions_n', columns: ['n'], unique: true }];
const PLAIN = [{ name: 'versions_n', columns: ['n'] }];
const STATE = 'SELECT version, count(*)::int AS rows FROM stats.versions GROUP BY 1 ORDER BY 1';
const whole = (...versions: number[]) => versions.map((version) => JSON.stringify([{ version, rows: 500 }]));

const next = () => client.query('UPDATE public.current SET version = version + 1');

interface Waits {
  signal?: AbortSignal;
  patience?: number;
  onWait?: (who: string) => void;
  onPhase?: (phase: string) => void;
}

const refresh = (view: View, on = client, waits: Waits = {}) =>
  refreshView({ client: on, project: aProject({ views: [view] }), view, run, ...waits });

/** A query of a dashboard that holds its locks until it is told to end. */
async function longQuery(sql: string) {
  const dashboard = await database.connect();
  await dashboard.query(`SET application_name = 'metabase'; BEGIN; ${sql}`);
  const { rows } = await dashboard.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return { pid: rows[0]!.pid, end: () => dashboard.query('COMMIT') };
}

describe.each([
  ['concurrently', UNIQUE],
  ['rebuilt', PLAIN],
])('readers of a view that is refreshed (%s)', (method, indexes) => {
  it('never wait for 50 ms, and see all of the old or all of the new', async () => {
    const view = aView(indexes);
    await refresh(view);
    const { states } = await whileRead(database, STATE, async () => {
      for (let times = 0; times < 5; times += 1) {
        await next();
        expect(await refresh(view)).toBe(method);
      }
    });
    expect(states.at(-1)).toBe(whole(6)[0]);
    expect(whole(1, 2, 3, 4, 5, 6)).toEqual(expect.arrayContaining(states));
    expect(states).toEqual([...states].sort());
  });
});

describe('a swap that meets a query of minutes', () => {
  it('keeps nobody waiting behind it, says whom it waits for, and comes when that has ended', async () => {
    const view = aView(PLAIN);
    await refresh(view);
    await next();
    const dashboard = await longQuery('SELECT count(*) FROM stats.versions');
    const on = await database.connect();
    const [waits, phases]: [string[], string[]] = [[], []];
    const { states } = await whileRead(database, STATE, async () => {
      const refreshed = refresh(view, on, {
        onWait: (who) => waits.push(who),
        onPhase: (phase) => phases.push(phase),
      });
      await until(() => waits.length > 0, { what: 'it says whom it waits for' });
      // It tries on while others read.
      const begun = await tries(on);
      await until(async () => (await tries(on)) > begun, { what: 'it tries again' });
      await dashboard.end();
      expect(await refreshed).toBe('rebuilt');
    });
    expect(states).toEqual(whole(1, 2));
    expect(waits[0]).toContain(`(process ${dashboard.pid}, metabase) in a transaction since`);
    expect(waits[0]).toContain('query since');
    expect(phases).toEqual([
      'building beside',
      'index versions_n (1 of 1)',
      'analyze',
      'taking its place',
      'waiting for a moment in which nobody reads it',
    ]);
  });

  it('gives up after its time with an error that names it, and leaves the old one alone', async () => {
    const view = aView(PLAIN);
    await refresh(view);
    await next();
    const dashboard = await longQuery('SELECT count(*) FROM stats.versions');
    const on = await database.connect();
    const { states } = await whileRead(database, STATE, () =>
      expect(refresh(view, on, { patience: 300 })).rejects.toMatchObject({
        code: 'database.lock-timeout',
        message: expect.stringMatching(/^stats\.versions was in use .* It is as it was/),
        facts: {
          relation: 'stats.versions',
          by: expect.stringContaining(`(process ${dashboard.pid}, metabase)`) as unknown,
        },
        next: expect.stringContaining('pg_terminate_backend') as unknown,
      }),
    );
    expect(states).toEqual(whole(1));
    expect(await lines(client, 'SELECT matviewname FROM pg_matviews')).toEqual(['versions']);
    await dashboard.end();
    expect(await refresh(view)).toBe('rebuilt');
    expect(await lines(client, STATE)).toEqual(['2|500']);
  });

  it('keeps nobody waiting who reads a view over it either, and that shows the new version at the same moment', async () => {
    const view = aView(PLAIN);
    await refresh(view);
    await client.query('CREATE VIEW stats.on_top AS SELECT max(version) AS newest FROM stats.versions');
    const dashboard = await longQuery('SELECT newest FROM stats.on_top');
    await next();
    const on = await database.connect();
    const waits: string[] = [];
    const both =
      'SELECT (SELECT newest FROM stats.on_top), (SELECT max(version) FROM stats.versions) AS version';
    const { states } = await whileRead(database, both, async () => {
      const refreshed = refresh(view, on, { onWait: (who) => waits.push(who) });
      await until(() => waits.length > 0, { what: 'it says whom it waits for' });
      await dashboard.end();
      expect(await refreshed).toBe('rebuilt');
    });
    expect(states).toEqual([1, 2].map((version) => JSON.stringify([{ newest: version, version }])));
  });

  it('makes way for vacuum first, with a lock that no reader waits behind', async () => {
    const view = aView(PLAIN);
    await refresh(view);
    await next();
    // It holds the lock that vacuum holds.
    const vacuum = await longQuery(`COMMENT ON MATERIALIZED VIEW stats.versions IS ''`);
    const on = await database.connect();
    const { states } = await whileRead(database, STATE, async () => {
      const refreshed = refresh(view, on);
      await until(
        async () =>
          (
            await lines(
              client,
              `SELECT mode FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT granted`,
            )
          ).join() === 'ShareUpdateExclusiveLock',
        { what: 'the swap waits in the lock of vacuum' },
      );
      await vacuum.end();
      expect(await refreshed).toBe('rebuilt');
    });
    expect(states).toEqual(whole(1, 2));
  });

  it('ends with its run when that is cancelled, and leaves nothing beside', async () => {
    const view = aView(PLAIN);
    await refresh(view);
    await longQuery('SELECT count(*) FROM stats.versions');
    const [on, cancel] = [await database.connect(), new AbortController()];
    await expect(
      refresh(view, on, { signal: cancel.signal, onWait: () => cancel.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(await lines(client, 'SELECT matviewname FROM pg_matviews')).toEqual(['versions']);
  });

  it('in place, where a materialized view is built on it, keeps nobody waiting behind it either', async () => {
    const view = aView(PLAIN);
    await refresh(view);
    await client.query(
      'CREATE MATERIALIZED VIEW stats.on_top AS SELECT max(version) AS newest FROM stats.versions',
    );
    await longQuery('SELECT count(*) FROM stats.versions');
    const on = await database.connect();
    const { states } = await whileRead(database, STATE, () =>
      expect(refresh(view, on, { patience: 300 })).rejects.toMatchObject({ code: 'database.lock-timeout' }),
    );
    expect(states).toEqual(whole(1));
  });
});

/** How often the session has begun a transaction that it took back. */
async function tries(on: pg.Client): Promise<number> {
  const { rows } = await client.query<{ started: string }>(
    'SELECT extract(epoch FROM state_change) AS started FROM pg_stat_activity WHERE pid = $1',
    [(on as pg.Client & { processID?: number }).processID],
  );
  return Number(rows[0]?.started ?? 0);
}

describe('readers of a table and its rollup', () => {
  const dataset = aDataset();
  const perDay = (changes = {}) =>
    aRollup({
      name: 'per_day',
      over: 'visits',
      published: { schema: 'public', name: 'visits_per_day', columns: ['day', 'visits'] },
      ...changes,
    });
  const project = (changes: Partial<Project> = {}) =>
    aProject({ datasets: [dataset], rollups: [perDay()], ...changes });
  const BOTH = `SELECT (SELECT count(*)::int FROM visits WHERE day = '2024-11-14') AS raw,
    (SELECT sum(visits)::int FROM visits_per_day WHERE day = '2024-11-14') AS rollup`;
  const both = (rows: number) => JSON.stringify([{ raw: rows, rollup: rows }]);
  const visitors = (day: string, count: number) =>
    Array.from({ length: count }, (_, at) => ({ id: `${day}-${at}`, day }));
  const publish = (period: string, count: number) =>
    publishRows({ client, project: project(), dataset, run }, period, visitors(period, count));

  it('never wait for 50 ms for publishes of old and of new days, and see both at one version', async () => {
    await publish('2024-11-14', 10);
    const { states } = await whileRead(database, BOTH, async () => {
      for (const count of [20, 30, 40]) {
        await publish('2024-11-14', count);
        await publish(`2024-11-${count / 2 + 5}`, 5);
      }
    });
    expect(states).toEqual([...states].sort());
    expect([10, 20, 30, 40].map(both)).toEqual(expect.arrayContaining(states));
    expect(states.at(-1)).toBe(both(40));
  });

  it('are not in the way of a publish, however long they read', async () => {
    await publish('2024-11-14', 10);
    const dashboard = await longQuery('SELECT count(*) FROM visits; SELECT count(*) FROM visits_per_day');
    const { states } = await whileRead(database, BOTH, async () => {
      await publish('2024-11-14', 20);
      await publish('2024-11-15', 5);
    });
    expect(states.at(-1)).toBe(both(20));
    await dashboard.end();
  });

  it('do not wait behind a rollup that is built anew, which says whom it waits for', async () => {
    await publish('2024-11-14', 10);
    const fewer = perDay({ where: `id <> '2024-11-14-0'` });
    const changed = project({ rollups: [fewer] });
    const dashboard = await longQuery('SELECT count(*) FROM visits_per_day');
    const on = await database.connect();
    const waits: string[] = [];
    const { states } = await whileRead(database, BOTH, async () => {
      const rebuilt = inTransaction(on, async () => {
        await ensureRollup(on, changed, fewer);
        await owe(on, 'test', 'per_day', [WHOLE], 'changed.');
        await recomputeBuckets({ client: on, project: changed, run }, fewer, [WHOLE], (who) =>
          waits.push(who),
        );
      });
      await until(() => waits.length > 0, { what: 'it says whom it waits for' });
      await dashboard.end();
      await rebuilt;
    });
    expect(waits[0]).toContain(`(process ${dashboard.pid}, metabase)`);
    expect(states).toEqual([both(10), JSON.stringify([{ raw: 10, rollup: 9 }])]);
  });

  it('wait for no way over the network: what keeps them out is one message', async () => {
    await publish('2024-11-14', 10);
    const fewer = perDay({ where: `id <> '2024-11-14-0'` });
    const other = perDay({
      published: { schema: 'public', name: 'visits_per_day', columns: ['visits', 'day'] },
    });
    const on = await database.connect();
    const held = () =>
      lines(
        client,
        `SELECT relation::regclass::text FROM pg_locks
          WHERE mode = 'AccessExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND relation IN ('visits_per_day'::regclass, 'dayboard.rollup_test_per_day'::regclass)`,
      );
    // Asked before each message: what is held until it is sent is held for a way to the server and back. A statement
    // that failed gives its locks up after its error has been told, so that they are asked for more than once.
    let messages = 0;
    const watched = hooked(on, async () => {
      messages += 1;
      await until(async () => (await held()).length === 0, { what: 'no reader is kept out', seconds: 10 });
    });
    for (const rollup of [fewer, other]) {
      const changed = project({ rollups: [rollup] });
      await inTransaction(watched, async () => {
        await owe(watched, 'test', 'per_day', [WHOLE], 'changed.');
        await recomputeBuckets({ client: watched, project: changed, run }, rollup, [WHOLE]);
      });
    }
    expect(messages).toBeGreaterThan(20);
    expect(await lines(client, 'SELECT * FROM visits_per_day')).toEqual(['10|2024-11-14T00:00:00.000Z']);
  });
});
