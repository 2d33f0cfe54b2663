import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/demo/postgres/embedded.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { ensureRawTable } from '../../src/load/publish/raw-table.ts';
import type { Dataset } from '../../src/project/model.ts';
import { examinePublications } from '../../src/run/doctor-publications.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { lines, publishRows, startRun } from '../support/deliveries.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { FAST } from '../support/postgres-settings.ts';
import { until } from '../support/until.ts';

let directory: string;
let server: EmbeddedPostgres;
let database: TestDatabase;
let client: pg.Client;
let run: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dayboard-test-replicated-'));
  server = await startEmbeddedPostgres({
    directory,
    env: process.env,
    settings: { ...FAST, wal_level: 'logical' },
  });
  database = await createTestDatabase({ server });
  client = await database.connect();
  await migrate(client);
  run = await startRun(client, 'test');
});
afterAll(async () => {
  await database.drop();
  await server.stop();
  await rm(server.directory, { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
});

function visits(name: string): Dataset {
  const { table, ...dataset } = aDataset({ name });
  return {
    ...dataset,
    carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' },
    table: { ...table, schema: 'stats', name, partitionBy: 'day' },
  };
}

const rows = (day: string, ...ids: string[]) => ids.map((id) => ({ id, day }));

describe('a raw table that is replicated to a subscriber', () => {
  it.each([true, false])(
    'sends the rows of new days and of days that are loaded again (through its root: %s)',
    async (isRoot) => {
      const name = `sent_${isRoot ? 'root' : 'leaf'}`;
      const dataset = visits(name);
      const into = { client, project: aProject({ datasets: [dataset] }), dataset, run };
      await ensureRawTable(client, 'test', dataset);
      await client.query(`ALTER TABLE stats.${name} REPLICA IDENTITY FULL`);
      await client.query(
        `CREATE PUBLICATION ${name} FOR TABLE stats.${name} WITH (publish_via_partition_root = ${isRoot})`,
      );
      await client.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
      await publishRows(into, '2024-11-14', rows('2024-11-14', 'a', 'b'));
      await publishRows(into, '2024-11-15', [...rows('2024-11-15', 'c'), ...rows('2024-11-14', 'a')]);
      await publishRows(into, '2024-11-15', rows('2024-11-15', 'c', 'd'));
      // Inserts and deletes as a subscriber gets them; 'I' and 'D' open such messages.
      const sent = await lines(
        client,
        `SELECT chr(get_byte(data, 0)) AS kind, count(*)
           FROM pg_logical_slot_get_binary_changes('${name}', NULL, NULL, 'proto_version', '1', 'publication_names', '${name}')
          WHERE get_byte(data, 0) IN (68, 73) GROUP BY 1`,
      );
      // Of the 14th: a is given to the 15th and taken back, which is a row that goes and one that comes each time.
      expect(sent).toEqual(['D|2', 'I|6']);
      expect(await lines(client, `SELECT id FROM stats.${name}`)).toEqual(['a', 'b', 'c', 'd']);
      await client.query(`SELECT pg_drop_replication_slot('${name}'); DROP PUBLICATION ${name}`);
    },
  );

  it('has the same rows at a subscriber', async () => {
    const dataset = visits('subscribed');
    const into = { client, project: aProject({ datasets: [dataset] }), dataset, run };
    await ensureRawTable(client, 'test', dataset);
    await client.query('ALTER TABLE stats.subscribed REPLICA IDENTITY FULL');
    await client.query(
      'CREATE PUBLICATION subscribed FOR TABLE stats.subscribed WITH (publish_via_partition_root = true)',
    );
    await client.query(`SELECT pg_create_logical_replication_slot('subscribed', 'pgoutput')`);
    await using copy = await createTestDatabase({ server });
    const there = await copy.connect();
    await there.query(
      'CREATE SCHEMA stats; CREATE TABLE stats.subscribed (id text, day date, _delivery date)',
    );
    await there.query('ALTER TABLE stats.subscribed REPLICA IDENTITY FULL');
    await there.query(
      `CREATE SUBSCRIPTION subscribed CONNECTION '${database.url}' PUBLICATION subscribed WITH (create_slot = false, slot_name = 'subscribed', copy_data = false)`,
    );
    try {
      await publishRows(into, '2024-11-14', rows('2024-11-14', 'a', 'b'));
      await publishRows(into, '2024-11-14', rows('2024-11-14', 'b', 'c'));
      await publishRows(into, '2024-11-15', rows('2024-11-15', 'd'));
      const at = (on: pg.Client) => lines(on, 'SELECT id, day::text, _delivery::text FROM stats.subscribed');
      const wanted = await at(client);
      await until(async () => (await at(there)).join() === wanted.join(), {
        what: 'the subscriber has it all',
      });
      expect(wanted).toHaveLength(3);
    } finally {
      await there.query('ALTER SUBSCRIPTION subscribed DISABLE');
      await there.query('ALTER SUBSCRIPTION subscribed SET (slot_name = NONE); DROP SUBSCRIPTION subscribed');
      await until(
        () =>
          client.query(`SELECT pg_drop_replication_slot('subscribed')`).then(
            () => true,
            () => false,
          ),
        { what: 'the slot is free' },
      );
      await client.query('DROP PUBLICATION subscribed');
    }
  });

  it('that rows could not be deleted from is told by the doctor, and so is a publication of all tables', async () => {
    const dataset = visits('examined');
    const project = aProject({ datasets: [dataset] });
    await publishRows({ client, project, dataset, run }, '2024-11-14', rows('2024-11-14', 'a'));
    const told = async () => {
      const findings = [];
      for await (const { verdict, message } of examinePublications(client, project))
        findings.push(`${verdict}: ${message}`);
      return findings;
    };
    expect(await told()).toEqual([]);
    await client.query('CREATE PUBLICATION examined FOR TABLE stats.examined');
    expect(await told()).toEqual([expect.stringMatching(/^fail: .*2 of the table and its partitions/)]);
    await expect(
      publishRows({ client, project, dataset, run }, '2024-11-14', rows('2024-11-14', 'b')),
    ).rejects.toThrow('replica identity');
    await client.query(
      'ALTER TABLE stats.examined REPLICA IDENTITY FULL; ALTER TABLE stats.examined_p20241114 REPLICA IDENTITY FULL',
    );
    expect(await told()).toEqual([]);
    await client.query('CREATE PUBLICATION all_tables FOR ALL TABLES');
    expect(await told()).toEqual([expect.stringMatching(/^warn: .*of all tables/)]);
    await client.query('DROP PUBLICATION all_tables; DROP PUBLICATION examined');
  });
});

describe('a new partition', () => {
  it('is granted to whom the table is, and has its replica identity', async () => {
    const dataset = visits('granted');
    const into = { client, project: aProject({ datasets: [dataset] }), dataset, run };
    await ensureRawTable(client, 'test', dataset);
    await client.query(`CREATE ROLE partition_reader; CREATE ROLE "Partition Keeper";
      GRANT SELECT ON stats.granted TO partition_reader; GRANT SELECT ON stats.granted TO PUBLIC;
      GRANT SELECT, INSERT ON stats.granted TO "Partition Keeper" WITH GRANT OPTION;
      ALTER TABLE stats.granted REPLICA IDENTITY USING INDEX granted_key`);
    await publishRows(into, '2024-11-14', rows('2024-11-14', 'a'));
    const acl = (relation: string) =>
      lines(
        client,
        `SELECT coalesce(grantee::regrole::text, ''), privilege_type, is_grantable FROM pg_class, aclexplode(relacl) WHERE oid = '${relation}'::regclass AND grantee <> relowner`,
      );
    expect(await acl('stats.granted')).toHaveLength(4);
    expect(await acl('stats.granted_p20241114')).toEqual(await acl('stats.granted'));
    expect(
      await lines(
        client,
        `SELECT relreplident FROM pg_class WHERE oid = 'stats.granted_p20241114'::regclass`,
      ),
    ).toEqual(['i']);
    await client.query(
      `DROP OWNED BY partition_reader, "Partition Keeper"; DROP ROLE partition_reader, "Partition Keeper"`,
    );
  });
});
