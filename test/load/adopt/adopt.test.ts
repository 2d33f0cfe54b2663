import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { relationState } from '../../../src/ledger/relations.ts';
import { lines } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { adopt, aTable, projectOf, visits } from './support.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

const ROWS = 'SELECT id, at, agent, hits FROM stats.visits';

/** Everything that people know a table by: columns with their defaults and comments, owner, rights, comment. */
function knownBy(): Promise<string[]> {
  return lines(
    client,
    `SELECT 1 AS part, concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum), attacl) AS what, attnum
       FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE attrelid = 'stats.visits'::regclass AND attnum > 0 AND attname <> '_delivery'
     UNION ALL
     SELECT 2, concat_ws(' ', pg_get_userbyid(relowner), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(relacl) a), obj_description(oid, 'pg_class')), 0
       FROM pg_class WHERE oid = 'stats.visits'::regclass`,
  );
}

async function roles(): Promise<void> {
  for (const role of ['adopt_owner', 'adopt_reader', 'adopt_other'])
    await client.query(
      `DO $$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; GRANT CREATE, USAGE ON SCHEMA stats TO ${role}`,
    );
}

describe('a table that is taken over', () => {
  it('holds the same rows, in a partition for each day of the dataset’s time zone', async () => {
    await aTable(client);
    const before = await lines(client, ROWS);
    await adopt(client, projectOf(visits()), 'finish');
    expect(await lines(client, ROWS)).toEqual(before);
    expect(before).toHaveLength(200);
    const days = `SELECT tableoid::regclass::text, min(at AT TIME ZONE 'Europe/Paris')::date::text, max(at AT TIME ZONE 'Europe/Paris')::date::text FROM stats.visits GROUP BY 1`;
    expect(await lines(client, days)).toEqual([
      // The clocks go back on the 27th: its day has 25 hours.
      'stats.visits_p20241027|2024-10-27|2024-10-27',
      'stats.visits_p20241028|2024-10-28|2024-10-28',
      'stats.visits_p20241029|2024-10-29|2024-10-29',
      'stats.visits_p20241030|2024-10-30|2024-10-30',
    ]);
  });

  it('keeps columns, defaults, owner, rights and comments, and has the indexes of the definition by their names', async () => {
    await aTable(client);
    await roles();
    await client.query(`
      ALTER TABLE stats.visits OWNER TO adopt_owner;
      GRANT SELECT ON stats.visits TO adopt_reader WITH GRANT OPTION;
      GRANT UPDATE (agent, hits) ON stats.visits TO PUBLIC;
      REVOKE TRUNCATE ON stats.visits FROM adopt_owner;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO adopt_other`);
    const before = await knownBy();
    await adopt(client, projectOf(visits()), 'finish');
    expect(await knownBy()).toEqual(before);
    expect(
      await lines(
        client,
        `SELECT indexname, regexp_replace(indexdef, '.* USING', '') FROM pg_indexes WHERE tablename = 'visits'`,
      ),
    ).toEqual(['Visits "at" idx| btree (at DESC)', 'unique_visits| btree (id, at)']);
    expect(
      await lines(client, `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'stats'`),
    ).toEqual(['adopt_owner']);
  });

  it('leaves nothing behind but the table, and the ledger knows it as its own', async () => {
    await aTable(client);
    const project = projectOf(visits());
    const left = `SELECT relname FROM pg_class WHERE relnamespace IN ('stats'::regnamespace, 'dayboard_staging'::regnamespace) AND relkind NOT IN ('i', 'I') AND relname !~ '_p2024'
                  UNION ALL SELECT relname FROM pg_class WHERE relname ~ '^(adopt|origin)_' UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^adopt_'`;
    await adopt(client, project, 'finish');
    expect(await lines(client, left)).toEqual(['visits']);
    expect(await relationState(client, project.name, project.datasets[0]!.table)).toMatchObject({
      owner: 'ours',
      relkind: 'p',
      definitionHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    await expect(adopt(client, project, 'finish')).rejects.toMatchObject({ code: 'adopt.own' });
  });

  it('is gone on with from the step where it was left', async () => {
    await aTable(client);
    const before = await lines(client, ROWS);
    const oid = await lines(client, `SELECT 'stats.visits'::regclass::oid`);
    for (const step of ['prepare', 'prepare', 'copy', 'copy'] as const) {
      await adopt(client, projectOf(visits()), step);
      expect(await lines(client, `SELECT 'stats.visits'::regclass::oid`)).toEqual(oid);
    }
    expect(await adopt(client, projectOf(visits()), 'switch')).toEqual([]);
    expect(await lines(client, `SELECT 'stats.visits_before_dayboard'::regclass::oid`)).toEqual(oid);
    await adopt(client, projectOf(visits()), 'finish');
    expect(await lines(client, `SELECT to_regclass('stats.visits_before_dayboard')`)).toEqual(['null']);
    expect(await lines(client, ROWS)).toEqual(before);
  });

  it('has more columns than the definition and keeps them, whatever their order', async () => {
    await client.query(`CREATE SCHEMA stats; CREATE TABLE stats.visits (note jsonb, hits integer, agent text, gone int, at timestamptz, id varchar);
      ALTER TABLE stats.visits DROP COLUMN gone;
      INSERT INTO stats.visits VALUES ('{"a": [1]}', 1, NULL, '2024-11-14', 'x'), (NULL, NULL, 'b', '2024-11-14 23:30+00', 'y')`);
    const before = await lines(client, 'SELECT * FROM stats.visits');
    await adopt(client, projectOf(visits()), 'finish');
    expect(await lines(client, 'SELECT note, hits, agent, at, id FROM stats.visits')).toEqual(before);
    expect(await lines(client, 'SELECT to_jsonb(v) ->> $$note$$ FROM stats.visits v')).toEqual([
      'null',
      '{"a": [1]}',
    ]);
  });

  it('may be empty', async () => {
    await aTable(client, 1, 0);
    await adopt(client, projectOf(visits()), 'finish');
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'p',
    ]);
  });

  it('may have a name that is as long as names can be', async () => {
    const name = `É"${'v'.repeat(59)}é`.slice(0, 60);
    const dataset = visits();
    dataset.table = { ...dataset.table, name, keyIndex: `${name}i` };
    await client.query(
      `CREATE SCHEMA stats; CREATE TABLE stats."${name.replace('"', '""')}" AS SELECT 'x'::varchar AS id, now() AS at, 'a' AS agent, 1 AS hits;
       CREATE INDEX "${name.replace('"', '""')}i" ON stats."${name.replace('"', '""')}" (hits)`,
    );
    await adopt(client, projectOf(dataset), 'finish');
    expect(
      await lines(client, `SELECT relname, relkind FROM pg_class WHERE relkind IN ('p', 'I')`),
    ).toContain(`${name}|p`);
  });
});

describe('views over a table that is taken over', () => {
  it('go on over the new one, with their options, owner, rights and what is built on them', async () => {
    await aTable(client);
    await roles();
    await client.query(`
      CREATE VIEW stats.agents WITH (security_barrier = true, security_invoker = false) AS SELECT agent, count(*) AS n FROM stats.visits v GROUP BY agent;
      CREATE VIEW stats.few AS SELECT * FROM stats.agents WHERE n < 30;
      ALTER VIEW stats.agents OWNER TO adopt_owner; GRANT SELECT ON stats.visits TO adopt_owner;
      GRANT SELECT ON stats.agents TO adopt_reader; COMMENT ON VIEW stats.agents IS 'by agent'`);
    const facts = `SELECT relname, relowner::regrole, relacl, reloptions, oid, obj_description(oid, 'pg_class') FROM pg_class WHERE relname IN ('agents', 'few')`;
    const before = [await lines(client, facts), await lines(client, 'SELECT * FROM stats.few')];
    await adopt(client, projectOf(visits()), 'finish');
    expect([await lines(client, facts), await lines(client, 'SELECT * FROM stats.few')]).toEqual(before);
    await client.query(`DELETE FROM stats.visits WHERE agent IS NOT NULL`);
    expect(await lines(client, 'SELECT count(*) FROM stats.few')).toEqual(['0']);
  });

  it('keep it from being taken over when one cannot be bound to the new table, and nothing is switched', async () => {
    await aTable(client);
    await client.query('CREATE VIEW stats.whole AS SELECT v AS visit FROM stats.visits v');
    await expect(adopt(client, projectOf(visits()), 'finish')).rejects.toMatchObject({
      code: expect.stringMatching(/^adopt\.(obstacles|view)$/),
      kind: 'refused',
    });
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE oid = 'stats.visits'::regclass`)).toEqual([
      'r',
    ]);
    expect(await lines(client, 'SELECT count(*) FROM stats.whole')).toEqual(['200']);
  });
});
