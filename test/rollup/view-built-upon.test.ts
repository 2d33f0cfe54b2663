import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { owe, readOwed, WHOLE } from '../../src/ledger/derived.ts';
import type { Project, View } from '../../src/project/model.ts';
import { refreshView } from '../../src/rollup/view.ts';
import { aProject } from '../support/definitions.ts';
import { lines, startRun } from '../support/deliveries.ts';
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
  await client.query(`CREATE SCHEMA stats; CREATE TABLE stats.visits (day date, visits int);
    INSERT INTO stats.visits VALUES ('2024-11-13', 1), ('2024-11-14', 2)`);
  return () => database.drop();
});

function aView(changes: Partial<View> = {}): View {
  return {
    schema: 'stats',
    name: 'per_day',
    description: 'visits per day',
    reads: ['visits'],
    sql: 'SELECT day, sum(visits)::int AS visits FROM stats.visits GROUP BY day',
    indexes: [],
    ...changes,
  };
}

function refresh(view: View, project: Partial<Project> = {}, on = client) {
  return refreshView({ client: on, project: aProject({ views: [view], ...project }), view, run });
}

const rows = () => lines(client, 'SELECT day::text, visits FROM stats.per_day');
const more = () => client.query(`INSERT INTO stats.visits VALUES ('2024-11-15', 3)`);
const besides = () => lines(client, `SELECT relname FROM pg_class WHERE relname ~ 'dayboard_(new|old)'`);

describe('a view without a unique index that somebody built a view on', () => {
  beforeEach(async () => {
    await refresh(aView());
    await client.query('CREATE VIEW stats.on_top AS SELECT max(visits) AS most FROM stats.per_day');
  });

  it('is built beside, and theirs read the new one, with what belongs to them', async () => {
    await client.query(`CREATE VIEW stats."Higher" WITH (security_barrier) AS SELECT most + 1 AS "Most" FROM stats.on_top;
      GRANT SELECT ON stats.on_top TO PUBLIC; COMMENT ON VIEW stats.on_top IS 'theirs'`);
    const theirs = `SELECT c.oid, c.relacl, c.reloptions, obj_description(c.oid) FROM pg_class c
      WHERE c.relname IN ('on_top', 'Higher')`;
    const before = await lines(client, theirs);
    await more();
    expect(await refresh(aView())).toBe('rebuilt');
    expect(await rows()).toHaveLength(3);
    expect(await lines(client, 'SELECT most FROM stats.on_top')).toEqual(['3']);
    expect(await lines(client, 'SELECT "Most" FROM stats."Higher"')).toEqual(['4']);
    expect(await lines(client, theirs)).toEqual(before);
    expect(await besides()).toEqual([]);
    await more();
    expect(await refresh(aView())).toBe('rebuilt');
    expect(await lines(client, 'SELECT most FROM stats.on_top')).toEqual(['6']);
  });

  it('is refreshed in place when a materialized view is built on it, which cannot be bound anew', async () => {
    await client.query(
      'CREATE MATERIALIZED VIEW stats.beyond AS SELECT max(visits) AS most FROM stats.per_day',
    );
    await more();
    expect(await refresh(aView())).toBe('in place');
    expect(await rows()).toHaveLength(3);
    expect(await lines(client, 'SELECT most FROM stats.on_top')).toEqual(['3']);
  });

  it('is refreshed in place when a function’s body depends on it', async () => {
    await client.query(`CREATE FUNCTION stats.newest() RETURNS date LANGUAGE SQL
      BEGIN ATOMIC SELECT max(day) FROM stats.per_day; END`);
    await more();
    expect(await refresh(aView())).toBe('in place');
    expect(await rows()).toHaveLength(3);
    expect(await lines(client, 'SELECT stats.newest()::text')).toEqual(['2024-11-15']);
    expect(await besides()).toEqual([]);
  });

  it('is not dropped when its definition changes: what depends on it is named', async () => {
    await expect(refresh(aView({ sql: 'SELECT day FROM stats.visits' }))).rejects.toMatchObject({
      code: 'database.depended-on',
      message: expect.stringContaining('view stats.on_top depends on materialized view stats.per_day'),
    });
    expect(await rows()).toEqual(['2024-11-13|1', '2024-11-14|2']);
    expect(await besides()).toEqual([]);
  });
});

describe('a refresh that fails', () => {
  it('by rows that break the unique index keeps what was shown, and leaves the view owed', async () => {
    const indexes = [{ name: 'per_day_key', columns: ['day'], unique: true }];
    await refresh(aView({ indexes }));
    await owe(client, 'test', 'per_day', [WHOLE], 'visits changed.');
    await client.query('INSERT INTO stats.visits SELECT * FROM stats.visits');
    await expect(
      refresh(aView({ sql: 'SELECT day, visits FROM stats.visits', indexes })),
    ).rejects.toMatchObject({ code: '23505' });
    expect(await rows()).toEqual(['2024-11-13|1', '2024-11-14|2']);
    expect(await besides()).toEqual([]);
    expect((await readOwed(client, 'test')).has('per_day')).toBe(true);
  });

  it('by a lost connection leaves the view as it was, and the next one clears up after it', async () => {
    const [on, reader] = await Promise.all([database.connect(), database.connect()]);
    on.on('error', () => undefined);
    await refresh(aView());
    await reader.query('BEGIN; SELECT FROM stats.per_day');
    const { pid } = (await on.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!;
    const done = refresh(aView(), {}, on).catch((error: unknown) => error);
    await until(
      async () =>
        (
          await client.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`, [
            pid,
          ])
        ).rowCount === 1,
      { what: 'the swap waits for a reader' },
    );
    await client.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await done).toMatchObject({ code: 'database.connection-lost' });
    await reader.query('ROLLBACK');
    expect(await rows()).toHaveLength(2);
    expect(await besides()).toEqual(['per_day_dayboard_new']);
    await more();
    expect(await refresh(aView())).toBe('rebuilt');
    expect(await rows()).toHaveLength(3);
    expect(await besides()).toEqual([]);
  });
});

describe.each([
  ['table', 'CREATE TABLE stats.per_day AS SELECT 7 AS mine'],
  ['view', 'CREATE VIEW stats.per_day AS SELECT 7 AS mine'],
  ['materialized view', 'CREATE MATERIALIZED VIEW stats.per_day AS SELECT 7 AS mine'],
])('somebody else’s %s under the view’s name', (_kind, sql) => {
  beforeEach(() => client.query(sql));

  it('is never touched unasked', async () => {
    await expect(refresh(aView())).rejects.toMatchObject({ code: 'relation.foreign', kind: 'refused' });
    expect(await lines(client, 'SELECT mine FROM stats.per_day')).toEqual(['7']);
  });

  it('is replaced on demand, and its owner and readers stay', async () => {
    const role = `owner_${randomBytes(4).toString('hex')}`;
    await client.query(`CREATE ROLE ${role}; GRANT USAGE, CREATE ON SCHEMA stats TO ${role};
      GRANT SELECT ON stats.per_day TO PUBLIC; ALTER TABLE stats.per_day OWNER TO ${role}`);
    try {
      await refresh(aView(), { existing: { 'stats.per_day': 'replace' } });
      expect(await rows()).toEqual(['2024-11-13|1', '2024-11-14|2']);
      const rights = `SELECT relkind, pg_get_userbyid(relowner), has_table_privilege('public', oid, 'SELECT')
        FROM pg_class WHERE oid = 'stats.per_day'::regclass`;
      expect(await lines(client, rights)).toEqual([`m|${role}|true`]);
    } finally {
      await client.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });
});
