import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { planTable } from '../../../src/load/adopt/plan.ts';
import { DayboardError } from '../../../src/project/errors.ts';
import type { Column, Dataset } from '../../../src/project/model.ts';
import { lines } from '../../support/deliveries.ts';
import { aRollup } from '../../support/definitions.ts';
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

/** With what adopting is refused, and which objects of the database are others than before. */
async function refusal(dataset: Dataset, project = projectOf(dataset)) {
  const objects = `SELECT oid, relname, relkind FROM pg_class WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
                   UNION ALL SELECT oid, tgname, '' FROM pg_trigger`;
  const before = await lines(client, objects);
  const thrown = await adopt(client, project, 'finish').catch((error: unknown) => error as DayboardError);
  if (!(thrown instanceof DayboardError)) throw new Error('it was not refused');
  const changed = (await lines(client, objects)).filter((line) => !before.includes(line));
  return { kind: thrown.kind, message: thrown.message, next: thrown.next, changed };
}

function asRefused(message: RegExp, next: RegExp) {
  return {
    kind: 'refused',
    message: expect.stringMatching(message),
    next: expect.stringMatching(next),
    changed: [],
  };
}

function withColumns(...columns: Array<Partial<Column> & { name: string }>): Dataset {
  const dataset = visits();
  const changed = dataset.table.columns.map((column) => ({
    ...column,
    ...columns.find(({ name }) => name === column.name),
  }));
  const added = columns.filter(({ name }) => !changed.some((each) => each.name === name));
  return {
    ...dataset,
    table: {
      ...dataset.table,
      columns: [...changed, ...added.map((column) => ({ type: 'text', nullable: true, ...column }))],
    },
  };
}

describe('a table that does not fit its definition', () => {
  it.each([
    [
      'another type',
      withColumns({ name: 'hits', type: 'bigint' }),
      /hits is integer there and bigint/,
      /Write integer/,
    ],
    [
      'another length',
      withColumns({ name: 'agent', type: 'varchar(20)' }),
      /agent is text there/,
      /Write text/,
    ],
    ['a column that is missing', withColumns({ name: 'browser' }), /browser/, /./],
    [
      'NULLs that the definition forbids',
      withColumns({ name: 'agent', nullable: false }),
      /40 rows have no agent/,
      /WHERE "agent" IS NULL/,
    ],
  ])('is refused: %s', async (_, dataset, message, next) => {
    await aTable(client);
    expect(await refusal(dataset)).toEqual(asRefused(message, next));
  });

  it.each([
    ['ALTER TABLE stats.visits ADD needed int NOT NULL DEFAULT 1', /needed must have a value/, /NOT NULL/],
    ['ALTER TABLE stats.visits ADD twice int GENERATED ALWAYS AS (hits * 2) STORED', /twice/, /EXPRESSION/],
    ['ALTER TABLE stats.visits ADD _delivery date', /_delivery already/, /Rename/],
    [
      `DROP INDEX stats.unique_visits; INSERT INTO stats.visits SELECT * FROM stats.visits LIMIT 3`,
      /3 keys \(id, at\) occur more than once, in 6 rows/,
      /Leave one/,
    ],
    [
      `ALTER TABLE stats.visits ALTER at DROP NOT NULL; INSERT INTO stats.visits VALUES ('x', NULL)`,
      /1 row has no at/,
      /Fill or delete/,
    ],
    [`INSERT INTO stats.visits VALUES ('x', 'infinity')`, /no day's partition can hold/, /Correct/],
    ['CREATE TABLE stats.visits_p20241028 (x int)', /visits_p20241028/, /Rename/],
    ['CREATE TABLE stats.visits_dayboard_new (x int)', /visits_dayboard_new/, /Rename/],
    [
      'CREATE MATERIALIZED VIEW stats.m AS SELECT count(*) FROM stats.visits',
      /materialized view stats.m reads it/,
      /DROP MATERIALIZED VIEW "stats"."m"/,
    ],
    ['CREATE RULE r AS ON DELETE TO stats.visits DO ALSO NOTIFY x', /rule r/, /Drop the rule/],
    ['CREATE TABLE stats.child () INHERITS (stats.visits)', /inherits/, /./],
    ['ALTER TABLE stats.visits ENABLE ROW LEVEL SECURITY', /row security/, /disable/],
    ['CREATE PUBLICATION adopt_pub FOR TABLE stats.visits', /publication adopt_pub/, /publication/],
    ['CREATE TABLE stats.holder (v stats.visits)', /column v of table stats.holder/, /row type/],
    [
      'CREATE FUNCTION stats.f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM stats.visits; END',
      /function stats.f/,
      /make it again/,
    ],
    [
      `CREATE FUNCTION stats.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER theirs AFTER INSERT ON stats.visits EXECUTE FUNCTION stats.t()`,
      /trigger theirs/,
      /Drop the trigger/,
    ],
    ['CREATE SEQUENCE stats.s OWNED BY stats.visits.hits', /sequence stats.s/, /OWNED BY NONE/],
    [
      'ALTER TABLE stats.visits ADD UNIQUE (at, id); CREATE TABLE stats.of (id varchar, at timestamptz, FOREIGN KEY (at, id) REFERENCES stats.visits (at, id))',
      /of stats\.of/,
      /foreign key/,
    ],
  ])('is refused after %s', async (sql, message, next) => {
    await aTable(client);
    await client.query(sql);
    expect(await refusal(visits())).toEqual(asRefused(message, next));
  });

  it('tells all that is in the way at once', async () => {
    await aTable(client);
    await client.query(
      'CREATE MATERIALIZED VIEW stats.m AS SELECT count(*) FROM stats.visits; ALTER TABLE stats.visits ENABLE ROW LEVEL SECURITY',
    );
    const dataset = withColumns({ name: 'hits', type: 'bigint' });
    const { plan } = await planTable(client, projectOf(dataset), dataset);
    expect(plan.obstacles).toHaveLength(3);
  });

  it('says which rollup to adopt first when its materialized view is in the way', async () => {
    await aTable(client);
    await client.query('CREATE MATERIALIZED VIEW stats.m AS SELECT count(*) FROM stats.visits');
    const rollup = aRollup({
      name: 'counted',
      over: 'visits',
      published: { schema: 'stats', name: 'm', columns: ['day'] },
    });
    expect(await refusal(visits(), projectOf(visits(), { rollups: [rollup] }))).toEqual(
      asRefused(/stats\.m/, /dayboard adopt counted/),
    );
  });
});

describe('what is no table to be taken over', () => {
  it.each([
    ['SELECT 1', 'adopt.nothing'],
    ['CREATE VIEW stats.visits AS SELECT 1 AS id', 'relation.kind'],
    [
      `CREATE TABLE stats.visits (id varchar, at timestamptz, agent text, hits int) PARTITION BY RANGE (at)`,
      'adopt.obstacles',
    ],
  ])('is said to be none: %s', async (sql, code) => {
    await client.query(`CREATE SCHEMA stats; ${sql}`);
    await expect(adopt(client, projectOf(visits()), 'finish')).rejects.toMatchObject({
      code,
      kind: 'refused',
    });
  });

  it('is one whose definition has no partitions', async () => {
    await aTable(client);
    const dataset = visits();
    delete dataset.table.partitionBy;
    await expect(adopt(client, projectOf(dataset), 'finish')).rejects.toMatchObject({
      code: 'adopt.no-partitions',
    });
  });

  it('belongs to somebody that this user may not act for', async () => {
    await aTable(client);
    await client.query(`
      DO $$ BEGIN CREATE ROLE adopt_weak; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      GRANT ALL ON SCHEMA stats TO adopt_weak; GRANT ALL ON ALL TABLES IN SCHEMA stats TO adopt_weak;
      GRANT ALL ON SCHEMA dayboard, dayboard_staging TO adopt_weak; GRANT ALL ON ALL TABLES IN SCHEMA dayboard TO adopt_weak;
      SET ROLE adopt_weak`);
    expect(await refusal(visits())).toEqual(
      asRefused(/stats\.visits belongs to \w+/, /GRANT "?\w+"? TO adopt_weak/),
    );
  });
});

describe('a plan', () => {
  it('names the steps, the views that go on and what will be different, and changes nothing', async () => {
    await aTable(client);
    await client.query(
      'CREATE VIEW stats.v AS SELECT id FROM stats.visits; CREATE INDEX extra ON stats.visits (agent)',
    );
    const dataset = visits();
    const { plan } = await planTable(client, projectOf(dataset), dataset);
    expect(plan).toMatchObject({
      state: 'none',
      rows: 200,
      views: ['stats.v'],
      original: 'stats.visits_before_dayboard',
      obstacles: [],
      notes: expect.arrayContaining([expect.stringContaining('extra')]),
    });
    expect(plan.steps.map(({ step, done }) => `${step} ${done}`)).toEqual([
      'prepare false',
      'copy false',
      'switch false',
      'finish false',
    ]);
    await adopt(client, projectOf(dataset), 'copy');
    expect((await planTable(client, projectOf(dataset), dataset)).plan).toMatchObject({ state: 'copied' });
  });
});

describe('two projects with one table', () => {
  it('do not both take it over', async () => {
    await aTable(client);
    await adopt(client, projectOf(visits()), 'copy');
    const other = { ...projectOf(visits()), name: 'other' };
    await expect(adopt(client, other, 'finish')).rejects.toMatchObject({
      code: 'adopt.obstacles',
      message: expect.stringContaining('dayboard_adopt_insert'),
    });
    await adopt(client, projectOf(visits()), 'finish');
    expect(await lines(client, 'SELECT count(*) FROM stats.visits')).toEqual(['200']);
  });
});
