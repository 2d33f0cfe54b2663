import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { owe, readOwed, WHOLE } from '../../src/ledger/derived.ts';
import type { Project, View } from '../../src/project/model.ts';
import { measureView } from '../../src/rollup/measure.ts';
import { refreshView } from '../../src/rollup/view.ts';
import { aProject } from '../support/definitions.ts';
import { lines, startRun } from '../support/deliveries.ts';
import { hooked } from '../support/hooked.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let client: pg.Client;
let run: string;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  run = await startRun(client, 'test');
  await client.query('CREATE TABLE public.source (day date, n int)');
  await add('2024-11-14', 1);
  return () => database.drop();
});

const add = (day: string, n: number) => client.query('INSERT INTO public.source VALUES ($1, $2)', [day, n]);
const shown = () => lines(client, 'SELECT day::text, n FROM stats.totals');

function view(changes: Partial<View> = {}): View {
  return {
    schema: 'stats',
    name: 'totals',
    description: '',
    reads: [],
    sql: 'SELECT day, sum(n) AS n FROM public.source GROUP BY day',
    indexes: [{ name: 'totals_day', columns: ['day'], unique: true }],
    through: 'max(day)',
    ...changes,
  };
}

function refresh(of: View, changes: Partial<Project> = {}, on = client) {
  return refreshView({ client: on, project: aProject({ views: [of], ...changes }), view: of, run });
}

async function aRole(name: string): Promise<void> {
  await client.query(`DO $$ BEGIN CREATE ROLE ${name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
}

async function isReadableBy(role: string): Promise<boolean> {
  const found = await client.query<{ may: boolean }>(
    `SELECT has_table_privilege($1, 'stats.totals', 'SELECT') AS may`,
    [role],
  );
  return found.rows[0]?.may === true;
}

describe('two views whose long names begin alike', () => {
  it('are built beside at the same time, each with its own rows', async () => {
    const common = 'visits_of_all_days_by_instance_domain_platform_and_';
    const [one, two] = ['one', 'two'].map((end, at) =>
      view({
        name: `${common}${end}`,
        sql: `SELECT ${at + 1} AS n`,
        indexes: [{ name: `of_${end}`, columns: ['n'] }],
      }),
    ) as [View, View];
    const other = await database.connect();
    const meanwhile = hooked(client, async (_, sql) => {
      if (sql.startsWith('CREATE INDEX')) await refresh(two, {}, other);
    });
    await refresh(one, {}, meanwhile);
    expect(await lines(client, `SELECT n FROM stats.${one.name}`)).toEqual(['1']);
    expect(await lines(client, `SELECT n FROM stats.${two.name}`)).toEqual(['2']);
  });
});

describe('a view', () => {
  it('is created with its schema and indexes, and measured', async () => {
    expect(await refresh(view())).toBe('created');
    expect(await shown()).toEqual(['2024-11-14|1']);
    const indexes = await lines(client, `SELECT indexname FROM pg_indexes WHERE tablename = 'totals'`);
    expect(indexes).toEqual(['totals_day']);
    expect(await measureView(client, view())).toMatchObject({ rows: 1, through: '2024-11-14' });
  });

  it('with a unique index is refreshed while it is read', async () => {
    await refresh(view());
    await add('2024-11-15', 2);
    const reader = await database.connect();
    await reader.query('BEGIN; SELECT * FROM stats.totals');
    expect(await refresh(view())).toBe('concurrently');
    expect(await shown()).toEqual(['2024-11-14|1', '2024-11-15|2']);
    await reader.query('COMMIT');
  });

  it('without one is built beside; a reader makes it wait only for the swap', async () => {
    const plain = view({ indexes: [{ name: 'totals_day', columns: ['day'] }] });
    await refresh(plain);
    await add('2024-11-15', 2);
    const reader = await database.connect();
    await reader.query('BEGIN; SELECT * FROM stats.totals');
    const refreshed = refresh(plain, {}, await database.connect());
    await until(
      async () =>
        (
          await lines(
            client,
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          )
        ).length > 0,
      { what: 'the swap waits' },
    );
    expect(await lines(client, `SELECT matviewname FROM pg_matviews`)).toEqual([
      'totals',
      'totals_dayboard_new',
    ]);
    await reader.query('COMMIT');
    expect(await refreshed).toBe('rebuilt');
    expect(await shown()).toEqual(['2024-11-14|1', '2024-11-15|2']);
    expect(await lines(client, `SELECT indexname FROM pg_indexes WHERE tablename = 'totals'`)).toEqual([
      'totals_day',
    ]);
  });

  it('that was never populated is built beside, not concurrently', async () => {
    await refresh(view());
    await client.query('REFRESH MATERIALIZED VIEW stats.totals WITH NO DATA');
    expect(await refresh(view())).toBe('rebuilt');
    expect(await shown()).toEqual(['2024-11-14|1']);
  });

  it('whose definition changed is rebuilt, and its readers may still read it', async () => {
    await refresh(view());
    await aRole('view_reader');
    await client.query('GRANT SELECT ON stats.totals TO view_reader');
    const changed = view({ sql: 'SELECT day, 2 * sum(n) AS n FROM public.source GROUP BY day' });
    expect(await refresh(changed)).toBe('rebuilt');
    expect(await shown()).toEqual(['2024-11-14|2']);
    expect(await isReadableBy('view_reader')).toBe(true);
  });

  it('that is built beside keeps its comments and the readers of single columns', async () => {
    await refresh(view({ indexes: [] }));
    await aRole('view_reader');
    await client.query(
      `GRANT SELECT (day) ON stats.totals TO view_reader WITH GRANT OPTION;
       COMMENT ON MATERIALIZED VIEW stats.totals IS 'it''s all'; COMMENT ON COLUMN stats.totals.n IS 'how many'`,
    );
    expect(await refresh(view({ indexes: [] }))).toBe('rebuilt');
    const kept = `SELECT has_column_privilege('view_reader', 'stats.totals', 'day', 'SELECT WITH GRANT OPTION'),
      has_column_privilege('view_reader', 'stats.totals', 'n', 'SELECT'),
      obj_description('stats.totals'::regclass), col_description('stats.totals'::regclass, 2)`;
    expect(await lines(client, kept)).toEqual(["true|false|it's all|how many"]);
    const other = view({ indexes: [], sql: 'SELECT n FROM public.source' });
    expect(await refresh(other)).toBe('rebuilt');
    expect(await lines(client, `SELECT obj_description('stats.totals'::regclass)`)).toEqual(["it's all"]);
  });

  it('that fails keeps what it showed, and leaves nothing beside', async () => {
    await refresh(view());
    await expect(refresh(view({ sql: 'SELECT day, 1 / (n - n) AS n FROM public.source' }))).rejects.toThrow(
      'division by zero',
    );
    expect(await shown()).toEqual(['2024-11-14|1']);
    expect(await lines(client, 'SELECT matviewname FROM pg_matviews')).toEqual(['totals']);
  });

  it('owes nothing once it is refreshed, unless something changed in the meantime', async () => {
    const owed = async () => [...(await readOwed(client, 'test')).keys()];
    await owe(client, 'test', 'totals', [WHOLE], 'visits changed.');
    await refresh(view());
    expect(await owed()).toEqual([]);
    await owe(client, 'test', 'totals', [WHOLE], 'visits changed.');
    const other = await database.connect();
    const slow = view({
      sql: 'SELECT day, sum(n) AS n FROM public.source, pg_advisory_xact_lock_shared(7) GROUP BY day',
    });
    await client.query('SELECT pg_advisory_lock(7)');
    const refreshed = refresh(slow, {}, other);
    await until(
      async () =>
        (
          await lines(
            client,
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
          )
        ).length > 0,
      { what: 'the refresh is on its way' },
    );
    await owe(client, 'test', 'totals', [WHOLE], 'visits changed again.');
    await client.query('SELECT pg_advisory_unlock(7)');
    await refreshed;
    expect(await owed()).toEqual(['totals']);
  });
});

describe('somebody else’s relation with the name of a view', () => {
  beforeEach(async () => {
    await client.query(
      'CREATE SCHEMA stats; CREATE VIEW stats.totals AS SELECT day, 0 AS n FROM public.source',
    );
    await aRole('view_reader');
    await client.query('GRANT SELECT ON stats.totals TO view_reader');
  });

  it('is in the way, and every choice is named', async () => {
    await expect(refresh(view())).rejects.toMatchObject({
      code: 'relation.foreign',
      next: expect.stringMatching(/'stats\.totals': 'keep'.*'replace'/),
    });
    expect(await shown()).toEqual(['2024-11-14|0']);
  });

  it('is kept when the definition says so', async () => {
    expect(await refresh(view(), { existing: { 'stats.totals': 'keep' } })).toBe('kept');
    expect(await shown()).toEqual(['2024-11-14|0']);
  });

  it('is replaced when the definition says so, and its readers may read the new one', async () => {
    expect(await refresh(view(), { existing: { 'stats.totals': 'replace' } })).toBe('rebuilt');
    expect(await shown()).toEqual(['2024-11-14|1']);
    expect(await isReadableBy('view_reader')).toBe(true);
  });

  it('is not replaced while others depend on it', async () => {
    await client.query('CREATE VIEW stats.above AS SELECT * FROM stats.totals');
    await expect(refresh(view(), { existing: { 'stats.totals': 'replace' } })).rejects.toThrow(/depend/);
    expect(await shown()).toEqual(['2024-11-14|0']);
  });
});
