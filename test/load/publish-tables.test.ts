import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { relationState } from '../../src/ledger/relations.ts';
import { ensurePartitions } from '../../src/load/publish/partitions.ts';
import { ensureRawTable } from '../../src/load/publish/raw-table.ts';
import type { Column, Dataset, RawTable } from '../../src/project/model.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { lines, publishRows, startRun } from '../support/deliveries.ts';
import { hooked } from '../support/hooked.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';

const PROJECT = 'test';
let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
});

const COLUMNS: Column[] = [
  { name: 'id', type: 'varchar', nullable: false },
  { name: 'at', type: 'timestamptz', nullable: false },
  { name: 'day', type: 'date', nullable: false, value: { kind: 'dayOf', column: 'at' } },
  { name: 'hits', type: 'integer', nullable: true },
];

/** A dataset of its own for each test: the name is that of its table, too. */
function visits(name: string, table: Partial<RawTable> = {}, changes: Partial<Dataset> = {}): Dataset {
  return aDataset({
    name,
    carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' },
    table: { schema: 'stats', name, columns: COLUMNS, indexes: [], partitionBy: 'day', ...table },
    ...changes,
  });
}

function columnsOf(relation: string) {
  return client
    .query<{ line: string }>(
      `SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' required' ELSE '' END AS line
         FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      [relation],
    )
    .then((found) => found.rows.map((row) => row.line));
}

function indexesOf(relation: string): Promise<string[]> {
  return lines(
    client,
    `SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON .* USING', '') FROM pg_index WHERE indrelid = '${relation}'::regclass`,
  );
}

describe('a raw table that dayboard makes', () => {
  it('has the columns of the definition and the delivery of each row, in a schema that is made with it', async () => {
    const dataset = visits('made');
    const shape = await ensureRawTable(client, PROJECT, dataset);
    expect(shape.own).toBe(true);
    expect(await columnsOf('stats.made')).toEqual([
      'id character varying required',
      'at timestamp with time zone required',
      'day date required',
      'hits integer',
      '_delivery date required',
    ]);
    expect(await columnsOf('dayboard.shadow_test_made')).toEqual(await columnsOf('stats.made'));
    expect(await relationState(client, PROJECT, dataset.table)).toMatchObject({
      owner: 'ours',
      relkind: 'p',
    });
    expect(await lines(client, `SELECT to_regclass('dayboard.origin_test_made')`)).toEqual(['null']);
    expect(await lines(client, `SELECT col_description('stats.made'::regclass, 5)`)).toEqual([
      'First day of the delivery that the row came from (dayboard)',
    ]);
  });

  it('keeps the key unique under the name that people know, and has the declared indexes', async () => {
    const dataset = visits('indexed', {
      keyIndex: 'unique_visits_idx',
      indexes: [
        { name: 'visits_at_desc', columns: ['at DESC'] },
        { name: 'visits_hits', columns: ['hits'], where: 'hits > 0' },
      ],
    });
    await ensureRawTable(client, PROJECT, dataset);
    expect(await indexesOf('stats.indexed')).toEqual([
      'CREATE INDEX visits_at_desc btree (at DESC)',
      'CREATE INDEX visits_hits btree (hits) WHERE (hits > 0)',
      'CREATE UNIQUE INDEX unique_visits_idx btree (id, day)',
    ]);
    expect(await indexesOf('dayboard.shadow_test_indexed')).toEqual([
      'CREATE INDEX shadow_test_indexed__delivery_idx btree (_delivery)',
      'CREATE INDEX shadow_test_indexed_id_day_idx btree (id, day)',
    ]);
  });

  it('takes NULLs of a key for alike, and needs no partition', async () => {
    const dataset = visits(
      'nullable_key',
      { partitionBy: undefined as never },
      { carries: { kind: 'period', column: 'day', key: ['id', 'hits'] } },
    );
    await ensureRawTable(client, PROJECT, dataset);
    expect(await indexesOf('stats.nullable_key')).toEqual([
      'CREATE INDEX nullable_key__delivery_idx btree (_delivery)',
      'CREATE UNIQUE INDEX nullable_key_key btree (id, hits, _delivery) NULLS NOT DISTINCT',
    ]);
  });

  it('has the partitioning column at the end of a key that lacks it, as PostgreSQL demands', async () => {
    const dataset = visits(
      'short_key',
      {},
      { carries: { kind: 'window', key: ['id', 'at'], winner: 'newest' } },
    );
    await ensureRawTable(client, PROJECT, dataset);
    expect(await indexesOf('stats.short_key')).toContain(
      'CREATE UNIQUE INDEX short_key_key btree (id, at, day)',
    );
  });

  it('is left alone when it is there already', async () => {
    const dataset = visits('again');
    await ensureRawTable(client, PROJECT, dataset);
    const before = await lines(client, `SELECT 'stats.again'::regclass::oid`);
    await ensureRawTable(client, PROJECT, dataset);
    expect(await lines(client, `SELECT 'stats.again'::regclass::oid`)).toEqual(before);
  });
});

describe('the partitions of a raw table', () => {
  const bounds = (table: string) =>
    lines(
      client,
      `SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = '${table}'::regclass`,
    );

  it('are made for the days that are asked for, once', async () => {
    const shape = await ensureRawTable(client, PROJECT, visits('by_date'));
    await ensurePartitions(client, shape, ['2024-11-14']);
    await ensurePartitions(client, shape, ['2024-11-14', '2024-12-31']);
    expect(await bounds('stats.by_date')).toEqual([
      `by_date_p20241114|FOR VALUES FROM ('2024-11-14') TO ('2024-11-15')`,
      `by_date_p20241231|FOR VALUES FROM ('2024-12-31') TO ('2025-01-01')`,
    ]);
  });

  it('hold a day of the dataset’s time zone, which may have 25 hours, whatever the session’s is', async () => {
    const dataset = visits('by_instant', { partitionBy: 'at' }, { timeZone: 'Europe/Paris' });
    const shape = await ensureRawTable(client, PROJECT, dataset);
    await client.query(`SET TimeZone = 'Asia/Tokyo'`);
    await ensurePartitions(client, shape, ['2024-10-27']);
    await client.query(`SET TimeZone = 'UTC'`);
    expect(await bounds('stats.by_instant')).toEqual([
      `by_instant_p20241027|FOR VALUES FROM ('2024-10-26 22:00:00+00') TO ('2024-10-27 23:00:00+00')`,
    ]);
  });

  it('are told apart where long table names are cut', async () => {
    const long = `${'visits_'.repeat(8)}é`;
    for (const name of [`${long}_one`, `${long}_two`]) {
      const shape = await ensureRawTable(client, PROJECT, visits(name));
      await ensurePartitions(client, shape, ['2024-11-14']);
      await ensurePartitions(client, shape, ['2024-11-14']);
      expect(await bounds(`stats."${name}"`)).toHaveLength(1);
    }
  });

  it('never take a table that has their name for theirs', async () => {
    const shape = await ensureRawTable(client, PROJECT, visits('taken'));
    await client.query('CREATE TABLE stats.taken_p20241114 (mine text)');
    await expect(ensurePartitions(client, shape, ['2024-11-14'])).rejects.toThrow(/taken_p20241114/);
    expect(await columnsOf('stats.taken_p20241114')).toEqual(['mine text']);
  });
});

describe('two projects in one database', () => {
  it('have tables of their own for datasets and rollups of the same names', async () => {
    for (const name of ['one', 'two']) {
      const dataset = visits('visits');
      dataset.table = { ...dataset.table, schema: name };
      const shape = await ensureRawTable(client, name, dataset);
      expect(shape.shadow).toEqual({ schema: 'dayboard', name: `shadow_${name}_visits` });
    }
  });

  it('never take a table of the other for theirs', async () => {
    await ensureRawTable(client, 'a_b', visits('c'));
    await expect(ensureRawTable(client, 'a', { ...visits('b_c'), name: 'b_c' })).rejects.toMatchObject({
      code: 'relation.taken',
      message: expect.stringContaining('shadow_a_b_c'),
    });
  });
});

describe('a definition that changed', () => {
  it('to the days of another time zone is refused: rows between the two would have no place', async () => {
    const dataset = visits('zoned', { partitionBy: 'at' }, { timeZone: 'UTC' });
    await ensurePartitions(client, await ensureRawTable(client, PROJECT, dataset), ['2024-11-14']);
    await ensureRawTable(client, PROJECT, dataset);
    await expect(
      ensureRawTable(client, PROJECT, { ...dataset, timeZone: 'Europe/Paris' }),
    ).rejects.toMatchObject({
      code: 'relation.columns',
      message: expect.stringContaining(
        'zoned_p20241114 begins at another hour than the days of Europe/Paris',
      ),
    });
  });

  const changed = async (name: string, table: Partial<RawTable>, changes: Partial<Dataset> = {}) => {
    await ensureRawTable(client, PROJECT, visits(name));
    return ensureRawTable(client, PROJECT, visits(name, table, changes));
  };

  it('adds new columns that may be NULL, to the rows that stand aside too', async () => {
    const more = [...COLUMNS, { name: 'note', type: 'text', nullable: true }];
    await changed('wider', { columns: more });
    expect(await columnsOf('stats.wider')).toContain('note text');
    expect(await columnsOf('dayboard.shadow_test_wider')).toContain('note text');
    await ensureRawTable(client, PROJECT, visits('wider', { columns: more }));
  });

  it('adds new indexes', async () => {
    await changed('more_indexes', { indexes: [{ name: 'more_hits', columns: ['hits'] }] });
    expect(await indexesOf('stats.more_indexes')).toContain('CREATE INDEX more_hits btree (hits)');
  });

  it('adds columns first and indexes after them, and goes on after a crash in between; readers go on', async () => {
    await ensureRawTable(client, PROJECT, visits('both'));
    const dataset = visits('both', {
      columns: [...COLUMNS, { name: 'note', type: 'text', nullable: true }],
      indexes: [
        { name: 'both_notes', columns: ['note'] },
        { name: 'both_hits', columns: ['hits'] },
      ],
    });
    const other = await database.connect();
    const held: string[] = [];
    let crash = true;
    const watched = hooked(client, async (_, sql) => {
      if (!sql.startsWith('CREATE INDEX')) return;
      held.push(
        ...(await lines(
          other,
          `SELECT mode FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'stats.both'::regclass
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        )),
      );
      if (crash && sql.includes('both_hits')) throw new Error('crashed');
    });
    await expect(ensureRawTable(watched, PROJECT, dataset)).rejects.toThrow('crashed');
    expect(await columnsOf('stats.both')).toContain('note text');
    expect(await indexesOf('stats.both')).toContain('CREATE INDEX both_notes btree (note)');
    crash = false;
    await ensureRawTable(watched, PROJECT, dataset);
    expect(await indexesOf('stats.both')).toContain('CREATE INDEX both_hits btree (hits)');
    expect(held).toEqual([]);
    // Nothing is left to be done.
    await ensureRawTable(watched, PROJECT, dataset);
    await other.end();
  });

  it.each<[string, Partial<RawTable>, Partial<Dataset>, RegExp]>([
    [
      'a new column that must have a value',
      { columns: [...COLUMNS, { name: 'note', type: 'text', nullable: false }] },
      {},
      /note is new and not nullable/,
    ],
    [
      'another type',
      { columns: COLUMNS.map((each) => (each.name === 'hits' ? { ...each, type: 'bigint' } : each)) },
      {},
      /hits is integer there and bigint in the definition/,
    ],
    [
      'a length',
      { columns: COLUMNS.map((each) => (each.name === 'id' ? { ...each, type: 'varchar(8)' } : each)) },
      {},
      /id is character varying there and varchar\(8\) in the definition/,
    ],
    [
      'a column that must have a value now',
      { columns: COLUMNS.map((each) => (each.name === 'hits' ? { ...each, nullable: false } : each)) },
      {},
      /hits may be NULL there and not in the definition/,
    ],
    [
      'a column that is gone and must have a value',
      { columns: COLUMNS.filter(({ name }) => name !== 'at') },
      {},
      /at must have a value and the definition has none/,
    ],
    [
      'other partitions',
      { partitionBy: 'at' },
      {},
      /partitioned by "day" there and by "at" in the definition/,
    ],
    [
      'no partitions',
      { partitionBy: undefined },
      {},
      /partitioned by "day" there and by nothing in the definition/,
    ],
    [
      'another key',
      {},
      { carries: { kind: 'window', key: ['id', 'at', 'day'], winner: 'newest' } },
      /key is \(id, day\) there and \(id, at, day\) in the definition/,
    ],
  ])('with %s is refused in words, and changes nothing', async (what, table, changes, message) => {
    const name = `refused_${what.replaceAll(' ', '_')}`;
    const error = await changed(name, table, changes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'relation.columns', kind: 'refused' });
    expect(String(error)).toMatch(message);
    expect(await columnsOf(`stats.${name}`)).toHaveLength(COLUMNS.length + 1);
    await ensureRawTable(client, PROJECT, visits(name));
  });
});

describe('a table that dayboard did not make', () => {
  const FITS = 'hits bigint, note text, day date, id text, at timestamptz';

  it('is filled in place and never altered; where its rows come from stands beside it', async () => {
    await client.query(`CREATE TABLE stats.theirs (${FITS}); CREATE INDEX their_index ON stats.theirs (day)`);
    await client.query(
      `INSERT INTO stats.theirs VALUES (1, 'before', '2024-11-13', 'a', '2024-11-13 10:00Z')`,
    );
    const dataset = visits('theirs');
    const project = aProject({ datasets: [dataset] });
    const run = await startRun(client, PROJECT);
    const rows = [
      { id: 'a', at: '2024-11-13 11:00Z', day: '2024-11-13', hits: 2 },
      { id: 'b', at: '2024-11-14 11:00Z', day: '2024-11-14', hits: 3 },
    ];
    await publishRows({ client, project, dataset, run }, '2024-11-14', rows);
    expect(await lines(client, 'SELECT id, hits, note FROM stats.theirs')).toEqual(['a|2|null', 'b|3|null']);
    expect(await lines(client, 'SELECT id, _delivery::text FROM dayboard.origin_test_theirs')).toEqual([
      'a|2024-11-14',
      'b|2024-11-14',
    ]);
    expect(await lines(client, 'SELECT id, hits, _delivery::text FROM dayboard.shadow_test_theirs')).toEqual([
      'a|1|-infinity',
    ]);
    expect((await columnsOf('stats.theirs')).join(', ')).toBe(
      'hits bigint, note text, day date, id text, at timestamp with time zone',
    );
    expect(await indexesOf('stats.theirs')).toEqual(['CREATE INDEX their_index btree (day)']);
    expect(await relationState(client, PROJECT, dataset.table)).toMatchObject({ owner: 'foreign' });
  });

  it('must fit: everything that does not is named at once', async () => {
    await client.query('CREATE TABLE stats.unfit (id integer NOT NULL, day date, tenant text NOT NULL)');
    const error = await ensureRawTable(client, PROJECT, visits('unfit')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'relation.columns', kind: 'refused' });
    expect(String(error)).toContain('column id is integer there and varchar in the definition');
    expect(String(error)).toContain('column at is missing');
    expect(String(error)).toContain('column hits is missing');
    expect(String(error)).toContain('column tenant must have a value and the definition has none');
    expect(await lines(client, `SELECT to_regclass('dayboard.shadow_test_unfit')`)).toEqual(['null']);
  });

  it('may demand values that the server gives by itself', async () => {
    await client.query(
      `CREATE TABLE stats.defaults (${FITS}, n bigint GENERATED ALWAYS AS IDENTITY, loaded timestamptz NOT NULL DEFAULT now())`,
    );
    expect(await ensureRawTable(client, PROJECT, visits('defaults'))).toMatchObject({ own: false });
  });

  it.each([
    ['view', 'CREATE VIEW stats.not_a_table AS SELECT 1 AS id'],
    ['sequence', 'CREATE SEQUENCE stats.not_a_table'],
  ])('and that is a %s is refused', async (kind, sql) => {
    await client.query(sql);
    const error = await ensureRawTable(client, PROJECT, visits('not_a_table')).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'relation.kind', kind: 'refused' });
    await client.query(`DROP ${kind} stats.not_a_table`);
  });
});

describe('a user without the rights', () => {
  it('is told the GRANT, and nothing is left half made', async () => {
    const role = `operator_${randomBytes(4).toString('hex')}`;
    const other = await database.connect();
    await client.query(`CREATE ROLE ${role}; CREATE SCHEMA closed;
      GRANT USAGE, CREATE ON SCHEMA dayboard, dayboard_staging TO ${role};
      GRANT ALL ON ALL TABLES IN SCHEMA dayboard TO ${role}`);
    try {
      await other.query(`SET ROLE ${role}`);
      const error = await ensureRawTable(other, PROJECT, visits('denied', { schema: 'closed' })).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: 'relation.permission',
        kind: 'refused',
        next: expect.stringContaining(`GRANT USAGE, CREATE ON SCHEMA "closed" TO ${role}`),
      });
      expect(await lines(client, `SELECT to_regclass('dayboard.shadow_test_denied')`)).toEqual(['null']);
    } finally {
      await other.end();
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
