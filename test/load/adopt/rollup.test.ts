import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { readOwed } from '../../../src/ledger/derived.ts';
import { inTransaction } from '../../../src/ledger/transaction.ts';
import { planRollup, replaceWithRollup, uncomputed } from '../../../src/load/adopt/rollup.ts';
import type { Project, Rollup } from '../../../src/project/model.ts';
import { ensureRollup } from '../../../src/rollup/ensure.ts';
import { recomputeBuckets } from '../../../src/rollup/recompute.ts';
import { aDataset, aProject, aRollup } from '../../support/definitions.ts';
import { lines, publishRows, startRun } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { hooked } from '../../support/hooked.ts';
import {} from './support.ts';

let database: TestDatabase;
let client: pg.Client;
let run: string;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  run = await startRun(client, 'test');
  for (const role of ['adopt_owner', 'adopt_reader'])
    await client.query(
      `DO $$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
    );
  await client.query('CREATE SCHEMA stats; GRANT ALL ON SCHEMA stats TO PUBLIC');
  return () => database.drop();
});

const ROLLUP: Rollup = aRollup({
  name: 'per_id',
  over: 'visits',
  groups: [
    { name: 'day', type: 'date', sql: '"day"' },
    { name: 'id', type: 'text', sql: '"id"' },
  ],
  published: { schema: 'stats', name: 'per_id', columns: ['id', 'day', 'visits'] },
});

function projectOf(changes: Partial<Project> = {}, rollup = ROLLUP): Project {
  return aProject({ datasets: [aDataset()], rollups: [rollup], ...changes });
}

/** The rollup computed over some visits, its name free for somebody else's relation. */
async function computed(project = projectOf()): Promise<void> {
  await publishRows({ client, project, dataset: project.datasets[0]!, run }, '2024-11-14', [
    { id: 'a', day: '2024-11-14' },
    { id: 'b', day: '2024-11-14' },
    { id: 'c', day: '2024-11-15' },
  ]);
  await client.query('DROP VIEW stats.per_id');
}

const SAME = `SELECT id, day, count(*) AS visits FROM public.visits GROUP BY 1, 2`;

function options(project: Project, on = client) {
  return {
    client: on,
    project,
    rollup: project.rollups[0]!,
    actor: { user: 'ann', host: 'bastion', pid: 1 },
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}

describe('an existing relation with the name of a rollup', () => {
  it.each([
    ['MATERIALIZED VIEW', ''],
    ['TABLE', ''],
    ['VIEW', ''],
  ])('as a %s is compared, and replaced with owner, rights, comments and the views over it', async (kind) => {
    await computed();
    await client.query(`CREATE ${kind} stats.per_id AS ${SAME};
      CREATE VIEW stats.over AS SELECT day, sum(visits) AS visits FROM stats.per_id GROUP BY 1;
      ALTER ${kind} stats.per_id OWNER TO adopt_owner; GRANT SELECT ON public.visits, stats.per_id TO adopt_owner;
      GRANT SELECT ON stats.per_id TO adopt_reader; GRANT SELECT ON stats.over TO PUBLIC;
      COMMENT ON ${kind} stats.per_id IS 'whose'; COMMENT ON COLUMN stats.per_id.visits IS 'how many'`);
    const facts = `SELECT relname, relowner::regrole, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(relacl) a WHERE a::text NOT LIKE 'adopt_owner=%'), obj_description(oid, 'pg_class'), col_description(oid, 3)
                     FROM pg_class WHERE relname IN ('per_id', 'over')
                   UNION ALL SELECT attname, NULL, format_type(atttypid, atttypmod), attnum::text, NULL FROM pg_attribute WHERE attrelid = 'stats.per_id'::regclass AND attnum > 0`;
    const before = [await lines(client, facts), await lines(client, 'SELECT * FROM stats.per_id')];
    const plan = await planRollup(options(projectOf()));
    expect(plan).toMatchObject({
      what: kind.toLowerCase(),
      owner: 'adopt_owner',
      obstacles: [],
      views: ['stats.over'],
      comparison: { rowsThere: 3, rowsRollup: 3, changed: 0, onlyThere: 0, onlyRollup: 0, samples: [] },
    });
    await replaceWithRollup(options(projectOf()));
    expect([await lines(client, facts), await lines(client, 'SELECT * FROM stats.per_id')]).toEqual(before);
    expect(await lines(client, `SELECT relname FROM pg_class WHERE relname LIKE 'per_id%'`)).toEqual([
      'per_id',
    ]);
    // Its readers see what is published from now on, also through views, and after the rollup was built anew.
    await publishRows({ client, project: projectOf(), dataset: aDataset(), run }, '2024-11-16', [
      { id: 'z', day: '2024-11-16' },
    ]);
    await inTransaction(client, () => recomputeBuckets({ client, project: projectOf(), run }, ROLLUP, 'all'));
    await client.query('SET ROLE adopt_reader');
    expect(await lines(client, `SELECT visits FROM stats.per_id WHERE id = 'z'`)).toEqual(['1']);
    expect(await lines(client, 'SELECT count(*) FROM stats.over')).toEqual(['3']);
  });

  it('that says something else is shown with what differs: values, and rows that only one has', async () => {
    await computed();
    await client.query(`CREATE TABLE stats.per_id AS ${SAME};
      UPDATE stats.per_id SET visits = NULL WHERE id = 'a'; DELETE FROM stats.per_id WHERE id = 'b';
      INSERT INTO stats.per_id SELECT 'x', NULL, 5 FROM generate_series(1, 2)`);
    const { comparison } = await planRollup(options(projectOf()));
    expect(comparison).toMatchObject({
      rowsThere: 4,
      rowsRollup: 3,
      changed: 1,
      onlyThere: 2,
      onlyRollup: 1,
    });
    expect(comparison?.samples).toHaveLength(4);
    expect(comparison?.samples).toEqual(
      expect.arrayContaining([
        {
          there: { id: 'a', day: '2024-11-14', visits: null },
          rollup: { id: 'a', day: '2024-11-14', visits: '1' },
        },
        { rollup: { id: 'b', day: '2024-11-14', visits: '1' } },
        { there: { id: 'x', day: null, visits: '5' } },
      ]),
    );
    // The comparison left everything as it was.
    expect(await lines(client, 'SELECT count(*) FROM stats.per_id')).toEqual(['4']);
  });

  it('is compared within the rollup’s window', async () => {
    const windowed = {
      ...ROLLUP,
      published: { ...ROLLUP.published!, window: { count: 1, unit: 'day' as const } },
    };
    const project = projectOf({}, windowed);
    await computed(project);
    await client.query(`CREATE TABLE stats.per_id AS ${SAME}`);
    const { comparison } = await planRollup(options(project));
    expect(comparison).toMatchObject({ rowsThere: 3, rowsRollup: 0, onlyThere: 3 });
  });

  it('has other columns: nothing is replaced', async () => {
    await computed();
    await client.query(
      `CREATE TABLE stats.per_id AS SELECT day, id, 1::integer AS visits FROM public.visits`,
    );
    await expect(replaceWithRollup(options(projectOf()))).rejects.toMatchObject({
      code: 'adopt.obstacles',
      message: expect.stringContaining('(day date, id text, visits integer)'),
      next: expect.stringContaining('published.columns'),
    });
    expect(await lines(client, `SELECT relkind FROM pg_class WHERE relname = 'per_id'`)).toEqual(['r']);
  });

  it('is read by a materialized view: that is named, and nothing is replaced', async () => {
    await computed();
    await client.query(
      `CREATE TABLE stats.per_id AS ${SAME}; CREATE MATERIALIZED VIEW stats.m AS SELECT count(*) FROM stats.per_id`,
    );
    await expect(replaceWithRollup(options(projectOf()))).rejects.toMatchObject({
      code: 'adopt.obstacles',
      message: expect.stringContaining('stats.m'),
    });
  });

  it('was never populated, is none, or is dayboard’s own: each is said', async () => {
    await computed();
    await expect(planRollup(options(projectOf()))).rejects.toMatchObject({ code: 'adopt.nothing' });
    await client.query(`CREATE MATERIALIZED VIEW stats.per_id AS ${SAME} WITH NO DATA`);
    const plan = await planRollup(options(projectOf()));
    expect(plan).not.toHaveProperty('comparison');
    expect(plan.notes.join()).toContain('never populated');
    await replaceWithRollup(options(projectOf()));
    await expect(planRollup(options(projectOf()))).rejects.toMatchObject({ code: 'adopt.own' });
  });

  it('is replaced once the rollup is computed, not before', async () => {
    await client.query(
      `CREATE TABLE public.visits (id text, day date); INSERT INTO public.visits VALUES ('a', '2024-11-14'); CREATE TABLE stats.per_id AS ${SAME}`,
    );
    const project = projectOf();
    expect(await uncomputed(client, project, ROLLUP)).toEqual(['per_id']);
    expect((await planRollup(options(project))).comparison).toBeUndefined();
    await expect(replaceWithRollup(options(project))).rejects.toMatchObject({ code: 'adopt.uncomputed' });
    const kept = { ...project, existing: { 'stats.per_id': 'keep' as const } };
    await inTransaction(client, async () => {
      await ensureRollup(client, kept, ROLLUP);
      const owed = (await readOwed(client, 'test')).get('per_id')?.buckets ?? [];
      await recomputeBuckets({ client, project: kept, run }, ROLLUP, owed);
    });
    expect(await uncomputed(client, project, ROLLUP)).toEqual([]);
    await replaceWithRollup(options(project));
    expect(await lines(client, 'SELECT id, visits FROM stats.per_id')).toEqual(['a|1']);
  });

  it('that changes while it is looked at is looked at again', async () => {
    await computed();
    await client.query(`CREATE TABLE stats.per_id AS ${SAME}`);
    const other = await database.connect();
    let granted = false;
    const disturbed = hooked(client, async (_, sql) => {
      if (granted || !sql.startsWith('BEGIN;\n')) return;
      granted = true;
      await other.query('GRANT SELECT ON stats.per_id TO adopt_reader');
    });
    await replaceWithRollup(options(projectOf(), disturbed));
    expect(
      await lines(client, `SELECT has_table_privilege('adopt_reader', 'stats.per_id', 'SELECT')`),
    ).toEqual(['true']);
  });
});
