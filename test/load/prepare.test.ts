import type pg from 'pg';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { prepareDelivery, type PrepareOptions } from '../../src/load/prepare.ts';
import type { Prepared } from '../../src/load/prepared.ts';
import type { Dataset } from '../../src/project/model.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { failure, HEADER, rowsOf, sorted, stage, stagingTables, texts, visits } from './fixtures.ts';

let client: pg.Client;
beforeAll(async () => {
  client = await (await createTestDatabase()).connect();
  await client.query(`SET TimeZone = 'Asia/Tokyo'`);
});
beforeEach(() =>
  client.query('DROP SCHEMA IF EXISTS dayboard_staging CASCADE; CREATE SCHEMA dayboard_staging'),
);

async function prepare(
  dataset: Dataset,
  file: string,
  options: Partial<PrepareOptions> = {},
): Promise<Prepared> {
  const staged = await stage(client, dataset, file);
  return prepareDelivery({
    project: 'stats',
    client,
    dataset,
    period: '2024-11-14',
    staged,
    run: '7',
    history: [],
    force: [],
    signal: new AbortController().signal,
    ...options,
  });
}

const row = (user: string, hits: number | '' = 1, at = '2024-11-14 10:00:00+00', agent = 'Mozilla'): string =>
  `${user},${at},"${agent}",${hits}\n`;

describe('a prepared delivery', () => {
  it('has the columns of the raw table, computed ones included, and the delivery; nothing else stays', async () => {
    const prepared = await prepare(visits(), HEADER + row('a', 3));
    expect(prepared).toEqual({
      relation: { schema: 'dayboard_staging', name: 'visits_2024_11_14_r7_p' },
      rows: 1,
      kept: 1,
      days: { '2024-11-14': 1 },
      findings: [],
      notes: [],
    });
    const found = await client.query(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, relpersistence AS kind
         FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE c.oid = 'dayboard_staging.visits_2024_11_14_r7_p'::regclass AND attnum > 0 ORDER BY attnum`,
    );
    expect(found.rows.map(({ name, type, kind }) => [name, type, kind])).toEqual([
      ['user_id', 'character varying', 'p'],
      ['visit_ts', 'timestamp with time zone', 'p'],
      ['user_agent', 'text', 'p'],
      ['platform', 'character varying', 'p'],
      ['hits', 'integer', 'p'],
      ['visit_date', 'date', 'p'],
      ['_delivery', 'date', 'p'],
    ]);
    expect(await stagingTables(client)).toEqual(['visits_2024_11_14_r7_p']);
  });

  it('takes the first pattern that matches, with case, escapes and quotes', async () => {
    const agents = ['Mozilla iOS', 'mozilla', 'App iOS', "100% 'x", '100 x', 'ios', ''];
    const expected = ['Web', 'Other', 'Mobile', "it's", 'Other', 'Other', 'Other'];
    const file = HEADER + agents.map((agent, at) => row(`u${at}`, 1, undefined, agent)).join('');
    for (const nullable of [false, true]) {
      const dataset = visits();
      dataset.table.columns[2]!.nullable = nullable;
      const prepared = await prepare(dataset, file);
      const found = await rowsOf(client, prepared.relation, ['user_id', 'platform']);
      expect(sorted(found)).toEqual(expected.map((value, at) => [`u${at}`, value]));
    }
  });

  it('gives a missing value the last resort', async () => {
    const dataset = visits();
    dataset.table.columns[2]!.nullable = true;
    const prepared = await prepare(dataset, `${HEADER}a,2024-11-14 10:00:00+00,,1\n`);
    expect(await rowsOf(client, prepared.relation, ['user_agent', 'platform'])).toEqual([[null, 'Other']]);
  });

  it('computes days in the time zone of the dataset, the day of the delivery, and SQL', async () => {
    const dataset = visits({ timeZone: 'Europe/Paris' });
    dataset.table.columns.push(
      { name: 'delivered', type: 'date', nullable: false, value: { kind: 'deliveryDay', addDays: 1 } },
      {
        name: 'loud',
        type: 'varchar(3)',
        nullable: true,
        value: { kind: 'sql', expression: 'upper(user_id) || "hits"' },
      },
    );
    const prepared = await prepare(
      dataset,
      HEADER + row('abcdef', 1, '2024-11-14 23:30:00+00') + row('b', 1, '2024-11-14 22:30:00+00'),
    );
    expect(prepared.days).toEqual({ '2024-11-14': 1, '2024-11-15': 1 });
    const found = await rowsOf(client, prepared.relation, ['visit_date', 'delivered', 'loud']);
    expect(sorted(found)).toEqual([
      ['2024-11-14', '2024-11-15', 'B1'],
      ['2024-11-15', '2024-11-15', 'ABC'],
    ]);
  });

  it('counts under its first day when its table has no days', async () => {
    expect((await prepare(texts(['a']), 'a\nx\ny\n')).days).toEqual({ '2024-11-14': 2 });
  });

  it('names days as everywhere, however the session writes dates', async () => {
    await client.query(`SET DateStyle = 'SQL, DMY'`);
    try {
      expect((await prepare(visits(), HEADER + row('a'))).days).toEqual({ '2024-11-14': 1 });
    } finally {
      await client.query('RESET DateStyle');
    }
  });

  it('keeps repeated rows of a dataset without a key', async () => {
    expect(await prepare(texts(['a']), 'a\nx\nx\n')).toMatchObject({ rows: 2, kept: 2 });
  });
});

describe('of rows with one key', () => {
  it('one stays: the first by the declared order', async () => {
    const file = HEADER + row('a', 1) + row('a', 9) + row('a', 5) + row('b', 2);
    const prepared = await prepare(visits({ duplicates: ['hits DESC NULLS LAST'] }), file);
    expect(prepared).toMatchObject({ rows: 4, kept: 2 });
    expect(await rowsOf(client, prepared.relation, ['user_id', 'hits'])).toEqual([
      ['a', '9'],
      ['b', '2'],
    ]);
  });

  it('with NULLs, which are alike, one stays too', async () => {
    const dataset = texts(['kind', 'app', 'n']);
    dataset.carries = { kind: 'snapshot', mode: 'merge', key: ['kind', 'app'], winner: 'newest' };
    const prepared = await prepare(dataset, 'kind,app,n\n,x,2\n,x,1\n,,3\n,,4\n"",,5\n');
    expect(await rowsOf(client, prepared.relation, ['kind', 'app', 'n'])).toEqual([
      ['', null, '5'],
      [null, 'x', '1'],
      [null, null, '3'],
    ]);
  });

  it('that is computed, one stays', async () => {
    const dataset = texts(['n']);
    dataset.table.columns.push({
      name: 'day',
      type: 'date',
      nullable: false,
      value: { kind: 'deliveryDay', addDays: 0 },
    });
    dataset.carries = { kind: 'period', column: 'day', key: ['day', 'n'] };
    expect(await prepare(dataset, 'n\n1\n1\n2\n')).toMatchObject({ kept: 2, days: { '2024-11-14': 2 } });
  });

  it('the one that stays does not depend on the order of the file', async () => {
    const line = fc.record({
      user: fc.constantFrom('a', 'b', 'B', 'é'),
      agent: fc.constantFrom('Mozilla', 'x iOS', 'X', 'y'),
      hits: fc.constantFrom(1, 2, '' as const),
      hour: fc.constantFrom('10', '11'),
    });
    const dataset = visits();
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        async (lines, order) => {
          const written = lines.map((each) =>
            row(each.user, each.hits, `2024-11-14 ${each.hour}:00:00+00`, each.agent),
          );
          const shuffled = written
            .map((text) => ({ text, by: order.next().value as number }))
            .sort((a, b) => a.by - b.by)
            .map(({ text }) => text);
          const names = dataset.table.columns.map(({ name }) => name);
          const results = [];
          for (const each of [written, shuffled, [...written, ...written]]) {
            const prepared = await prepare(dataset, HEADER + each.join(''));
            results.push(sorted(await rowsOf(client, prepared.relation, names)));
          }
          expect(results[1]).toEqual(results[0]);
          expect(results[2]).toEqual(results[0]);
          expect(results[0]?.length).toBe(new Set(lines.map(({ user, hour }) => `${user} ${hour}`)).size);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a delivery that a guard stops', () => {
  const published = visits({ guards: { empty: 'stop', days: { before: 2, after: 0, action: 'stop' } } });

  it('for rows of other days is refused, and no prepared table stays', async () => {
    const file =
      HEADER + row('a') + row('b', 1, '2024-11-15 00:00:00+00') + row('c', 1, '1970-01-01 00:00:00+00');
    expect(await failure(prepare(published, file))).toMatchObject({
      code: 'guard.days',
      kind: 'refused',
      facts: { outside: 2, days: '1970-01-01 (1), 2024-11-15 (1)' },
    });
    expect(await stagingTables(client)).toEqual(['visits_2024_11_14_r7']);
    const forced = await prepare(published, file, { force: ['days'] });
    expect(forced.findings).toMatchObject([{ guard: 'days' }]);
  });

  it('for having no rows is refused', async () => {
    expect(await failure(prepare(published, HEADER))).toMatchObject({ code: 'guard.empty' });
    expect(await prepare(published, HEADER, { force: ['empty'] })).toMatchObject({ kept: 0, days: {} });
  });

  it('for its count compares what is left of duplicates', async () => {
    const counted = visits({ guards: { empty: 'stop', rows: { low: 0.9, high: 1.1, action: 'stop' } } });
    const history = [9, 10, 11, 12, 13].map((day) => ({
      period: `2024-11-${day}`.replace('-9', '-09'),
      rows: 10,
    }));
    const ten = HEADER + Array.from({ length: 10 }, (_, at) => row(`u${at}`)).join('');
    expect(await prepare(counted, ten + row('u1'), { history })).toMatchObject({
      rows: 11,
      kept: 10,
      findings: [],
    });
    expect(await failure(prepare(counted, HEADER + row('a').repeat(10), { history }))).toMatchObject({
      code: 'guard.rows',
    });
  });
});

describe('what cannot be prepared', () => {
  it.each(['infinity', '20024-11-14 00:00:00+00', '0044-03-15 00:00:00+00 BC'])(
    'has the time %s, which is of no day',
    async (at) => {
      expect(await failure(prepare(visits(), HEADER + row('a', 1, at)))).toMatchObject({
        code: 'load.no-day',
        facts: { column: 'visit_ts', rows: 1, dataset: 'visits', period: '2024-11-14' },
      });
    },
  );

  it('has a computed column without a value that must have one', async () => {
    const dataset = visits();
    dataset.table.columns.push({
      name: 'half',
      type: 'int',
      nullable: false,
      value: { kind: 'sql', expression: 'hits / 2' },
    });
    expect(await failure(prepare(dataset, HEADER + row('a', '') + row('b', 4)))).toMatchObject({
      code: 'load.null',
      facts: { column: 'half', rows: 1 },
    });
  });

  it('has a computed column that fails', async () => {
    const dataset = visits();
    dataset.table.columns.push({
      name: 'part',
      type: 'int',
      nullable: true,
      value: { kind: 'sql', expression: '1 / hits' },
    });
    expect(await failure(prepare(dataset, HEADER + row('a', 0)))).toMatchObject({
      code: 'load.computed',
      message: expect.stringContaining('division by zero'),
      facts: { sqlstate: '22012' },
    });
    expect(await stagingTables(client)).toEqual(['visits_2024_11_14_r7']);
  });

  it('was cancelled', async () => {
    const loading = prepare(visits(), HEADER + row('a'), { signal: AbortSignal.abort() });
    expect(await failure(loading)).toMatchObject({ code: 'load.cancelled', kind: 'interrupted' });
  });
});

describe('timestamps that are all midnights of another zone', () => {
  const parisian =
    HEADER +
    row('a', 1, '2023-05-17 00:00:00+02') +
    row('b', 1, '2023-05-17 00:00:00+02') +
    row('c', 1, '2023-12-01 00:00:00+01');

  it('are noted', async () => {
    const { notes } = await prepare(visits(), parisian);
    expect(notes).toEqual([
      expect.stringContaining(
        'Every visit_ts is 22:00:00 or 23:00:00 in UTC, which is midnight at UTC offset +02:00 or +01:00',
      ),
    ]);
  });

  it('are not noted in their own zone, nor when they are times of the day', async () => {
    expect((await prepare(visits({ timeZone: 'Europe/Paris' }), parisian)).notes).toEqual([]);
    expect((await prepare(visits(), parisian + row('d', 1, '2023-05-17 10:11:12+02'))).notes).toEqual([]);
  });
});
