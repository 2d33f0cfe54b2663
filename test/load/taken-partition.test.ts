import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { publishDelivery } from '../../src/load/publish/publish.ts';
import type { Dataset, Project } from '../../src/project/model.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines, startRun } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { losing } from '../support/losing.ts';
import { until } from '../support/until.ts';

const PARTITION = 'stats.visits_p20241114';

let database: TestDatabase;
let client: pg.Client;
let project: Project;
let dataset: Dataset;
let run: string;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  dataset = aDataset({
    name: 'visits',
    timeZone: 'UTC',
    carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' },
    table: {
      schema: 'stats',
      name: 'visits',
      columns: [
        { name: 'id', type: 'text', nullable: false },
        { name: 'day', type: 'date', nullable: false },
        { name: 'hits', type: 'integer', nullable: true },
      ],
      indexes: [],
      partitionBy: 'day',
    },
  });
  const over = { over: 'visits', timeZone: 'UTC', bucket: { group: 'day', unit: 'day' } } as const;
  const groups = [{ name: 'day', type: 'date', sql: '"day"' }];
  const published = (name: string, columns: string[]) => ({ schema: 'stats', name, columns });
  project = aProject({
    datasets: [dataset],
    rollups: [
      aRollup({
        ...over,
        name: 'days',
        groups,
        measures: { hits: { kind: 'sum', column: 'hits' } },
        published: published('days', ['day', 'hits']),
      }),
      aRollup({
        ...over,
        name: 'people',
        groups: [...groups, { name: 'id', type: 'text', sql: '"id"' }],
        measures: {},
        published: published('people', ['day', 'id']),
      }),
    ],
  });
  run = await startRun(client, project.name);
  return () => database.drop();
});

/** Publishes a delivery of one day that stands in a table as the loader leaves it, and returns that table's oid. */
async function publish(
  period: string,
  rows: string,
  more: Partial<Parameters<typeof publishDelivery>[0]> = {},
) {
  const relation = { schema: 'dayboard_staging', name: `visits_${period.replaceAll('-', '_')}_r${run}_p` };
  const made = await client.query(
    `CREATE TABLE dayboard_staging.${relation.name} AS SELECT id, '${period}'::date AS day, hits, '${period}'::date AS _delivery FROM (VALUES ${rows}) v (id, hits)`,
  );
  const oid = await lines(client, `SELECT 'dayboard_staging.${relation.name}'::regclass::oid`);
  const count = made.rowCount ?? 0;
  await publishDelivery({
    client,
    project,
    dataset,
    period,
    prepared: { relation, rows: count, kept: count, days: { [period]: count }, findings: [], notes: [] },
    object: { key: 'k', size: 1, etag: 'e', modified: '2024-11-15T01:00:00Z' },
    run,
    rules: 'r',
    derive: true,
    signal: new AbortController().signal,
    ...more,
  });
  return oid;
}

/** A lender of one connection. */
async function lender() {
  const other = await database.connect();
  let lent = 0;
  const lend = async (work: (on: pg.Client) => Promise<void>) => {
    lent += 1;
    if (lent === 1) await work(other);
  };
  return { lend, lent: () => lent };
}

const contents = async () => [
  await lines(client, 'TABLE stats.visits'),
  await lines(client, 'TABLE stats.days'),
  await lines(client, 'TABLE stats.people'),
];

describe('a delivery of one new day', () => {
  it('becomes the partition as it was prepared, without a copy, with the key’s index', async () => {
    const oid = await publish('2024-11-14', `('a', 1), ('b', NULL)`);
    expect(await lines(client, `SELECT '${PARTITION}'::regclass::oid`)).toEqual(oid);
    expect(await contents()).toEqual([
      ['a|2024-11-14|1|2024-11-14', 'b|2024-11-14|null|2024-11-14'].map((line) =>
        line.replaceAll('2024-11-14', '2024-11-14T00:00:00.000Z'),
      ),
      ['2024-11-14T00:00:00.000Z|1'],
      ['2024-11-14T00:00:00.000Z|a', '2024-11-14T00:00:00.000Z|b'],
    ]);
    const again = client.query(`INSERT INTO ${PARTITION} VALUES ('a', '2024-11-14', 2, '2024-11-14')`);
    await expect(again).rejects.toMatchObject({ code: '23505' });
    const left = `SELECT relname FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace AND relkind = 'r'`;
    expect(await lines(client, left)).toEqual([]);
  });

  it('is the same with a connection that is lent and without one', async () => {
    await publish('2024-11-14', `('a', 1), ('b', NULL)`);
    const alone = await contents();
    const second = { ...project, name: 'second' };
    await client.query('DROP TABLE stats.visits CASCADE');
    await client.query(`DELETE FROM dayboard.version; DELETE FROM dayboard.relation`);
    await client.query(
      `DO $$ DECLARE t text; BEGIN FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'stats'::regnamespace AND relkind = 'v' LOOP EXECUTE 'DROP VIEW ' || t; END LOOP; END $$`,
    );
    run = await startRun(client, second.name);
    const { lend, lent } = await lender();
    await publish('2024-11-14', `('a', 1), ('b', NULL)`, { project: second, lend });
    expect(lent()).toBeGreaterThan(0);
    expect(await contents()).toEqual(alone);
  });

  it('has each index once when a connection is lost after they were made', async () => {
    const { lend, lost } = await losing(database, /CREATE UNLOGGED TABLE/);
    const oid = await publish('2024-11-14', `('a', 1), ('b', NULL)`, { lend });
    expect(lost.count).toBe(1);
    expect(await lines(client, `SELECT '${PARTITION}'::regclass::oid`)).toEqual(oid);
    const indexes = (table: string) =>
      lines(client, `SELECT indexrelid FROM pg_index WHERE indrelid = '${table}'::regclass`);
    expect(await indexes(PARTITION)).toHaveLength((await indexes('stats.visits')).length);
    expect((await contents())[2]).toHaveLength(2);
  });

  it('is copied when the table gives its partitions what cannot be given while others read', async () => {
    await publish('2024-11-13', `('a', 1)`);
    await client.query('ALTER TABLE stats.visits REPLICA IDENTITY FULL');
    const { lend } = await lender();
    const oid = await publish('2024-11-14', `('a', 1), ('b', NULL)`, { lend });
    expect(await lines(client, `SELECT '${PARTITION}'::regclass::oid`)).not.toEqual(oid);
    expect(
      await lines(client, `SELECT relreplident FROM pg_class WHERE oid = '${PARTITION}'::regclass`),
    ).toEqual(['f']);
    expect((await contents())[1]).toHaveLength(2);
  });

  it('is copied when the table has a constraint that the rows must be asked for', async () => {
    await publish('2024-11-13', `('a', 1)`);
    await client.query('ALTER TABLE stats.visits ADD CHECK (hits < 9)');
    const oid = await publish('2024-11-14', `('a', 1)`);
    expect(await lines(client, `SELECT '${PARTITION}'::regclass::oid`)).not.toEqual(oid);
    await expect(publish('2024-11-15', `('a', 9)`)).rejects.toMatchObject({
      message: expect.stringMatching(/check/),
    });
    expect((await contents())[1]).toHaveLength(2);
  });

  it('adds its groups once, however often the transaction is tried', async () => {
    await publish('2024-11-13', `('a', 1)`);
    const other = await database.connect();
    await other.query(`BEGIN; LOCK TABLE stats.visits IN SHARE UPDATE EXCLUSIVE MODE`);
    const publishing = publish('2024-11-14', `('a', 1), ('b', 2)`);
    const waits = `SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND c.relname = 'visits' AND NOT l.granted`;
    await until(async () => (await lines(other, waits)).length > 0, {
      what: 'the publish waits for the table',
    });
    await other.query('COMMIT');
    await publishing;
    expect((await contents())[1]).toEqual(['2024-11-13T00:00:00.000Z|1', '2024-11-14T00:00:00.000Z|3']);
  });
});
