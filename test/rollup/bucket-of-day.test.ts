import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTransaction, setForDataset } from '../../src/ledger/transaction.ts';
import type { Project, Rollup } from '../../src/project/model.ts';
import { bucketOfDay } from '../../src/rollup/bounds.ts';
import { bucketsOfRows } from '../../src/rollup/buckets.ts';
import { rollupShape } from '../../src/rollup/shape.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines, publishRows, startRun, undoRows } from '../support/deliveries.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';
import { createLedgerDatabase } from '../support/ledger.ts';

let client: pg.Client;
beforeAll(async () => {
  const database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

/** In Beirut the clocks are put forward at midnight, so that a day begins at one. */
const ZONES = ['UTC', 'Europe/Paris', 'Pacific/Auckland', 'Asia/Beirut'];
const TYPES = ['date', 'timestamptz', 'timestamp with time zone', 'timestamp'] as const;

/** What a bucket can be made of: %c is the column, %z a time zone. */
const EXPRESSIONS = [
  '%c',
  '%c::date',
  "(%c AT TIME ZONE '%z')::date",
  "date_trunc('day', %c)",
  "date_trunc('week', %c)::date",
  "date_trunc('month', %c)::date",
  "date_trunc('month', %c::timestamp)::date",
  "date_trunc('day', %c, '%z')",
  "date_trunc('month', %c AT TIME ZONE '%z')",
  "(%c + interval '1 day')::date",
];

interface Case {
  column: 'at' | 'day' | 'seen';
  type: (typeof TYPES)[number];
  partitionBy: 'at' | 'day';
  expression: string;
  group: 'date' | 'timestamptz' | 'timestamp';
  zones: { dataset: string; rollup: string; named: string };
}

const zone = fc.constantFrom(...ZONES);
const cases: fc.Arbitrary<Case> = fc.record({
  column: fc.constantFrom('at', 'day'),
  type: fc.constantFrom(...TYPES),
  partitionBy: fc.constantFrom('at', 'day'),
  expression: fc.constantFrom(...EXPRESSIONS),
  group: fc.constantFrom('date', 'timestamptz', 'timestamp'),
  zones: fc.oneof(
    zone.map((one) => ({ dataset: one, rollup: one, named: one })),
    fc.record({ dataset: zone, rollup: zone, named: zone }),
  ),
});

/** A dataset of instants and their days, partitioned by either, with a rollup whose bucket is made of one of them. */
function setUp({ column, type, partitionBy, expression, group, zones }: Case): {
  project: Project;
  rollup: Rollup;
} {
  const plain = aDataset();
  const dataset = aDataset({
    timeZone: zones.dataset,
    table: {
      ...plain.table,
      columns: [
        { name: 'at', type, nullable: false },
        { name: 'day', type: 'date', nullable: false, value: { kind: 'dayOf', column: 'at' } },
        { name: 'seen', type: 'timestamptz', nullable: false },
      ],
      partitionBy,
      indexes: [],
    },
  });
  const sql = expression.replace('%c', `"${column}"`).replace('%z', zones.named);
  const rollup = aRollup({
    name: 'per_bucket',
    over: dataset.name,
    timeZone: zones.rollup,
    groups: [{ name: 'bucket', type: group, sql }],
    bucket: { group: 'bucket', unit: 'day' },
  });
  return { project: aProject({ datasets: [dataset], rollups: [rollup] }), rollup };
}

/** A value of each minute that may matter of a day of a time zone, and the day. */
function rowsOf({ type }: Case, timeZone: string, day: Temporal.PlainDate): string {
  const start = day.toZonedDateTime(timeZone);
  const end = day.add({ days: 1 }).toZonedDateTime(timeZone);
  const instants = [start, start.add({ hours: 2 }), start.add({ hours: 12 }), end.subtract({ minutes: 1 })];
  const text = (each: Temporal.ZonedDateTime) =>
    type.startsWith('timestamp ') || type === 'timestamptz'
      ? each.toInstant().toString()
      : each.toPlainDateTime().toString();
  return instants.map((each) => `('${text(each)}'::${type}, '${day.toString()}'::date)`).join(', ');
}

describe('the bucket of a day of the partitions', () => {
  it('is the one that every row of the day lies in, whatever it is made of', async () => {
    let [told, valued] = [0, 0];
    const days = fc.integer({ min: -400, max: 400 });
    await fc.assert(
      fc.asyncProperty(cases, days, async (each, offset) => {
        const day = Temporal.PlainDate.from('2024-03-31').add({ days: offset });
        const { project, rollup } = setUp(each);
        const shape = rollupShape(project, rollup);
        const known = bucketOfDay(project, shape, day.toString());
        if (known === undefined) return;
        told += 1;
        if (known.value !== undefined) valued += 1;
        const asked = await inTransaction(client, async () => {
          await setForDataset(client, rollup);
          await client.query('DROP TABLE IF EXISTS some_rows');
          await client.query(
            `CREATE TEMP TABLE some_rows AS SELECT * FROM (VALUES ${rowsOf(each, each.zones.dataset, day)}) v ("at", "day")`,
          );
          return {
            buckets: await bucketsOfRows({ client, project }, shape, {
              schema: 'pg_temp',
              name: 'some_rows',
            }),
            differ:
              known.value === undefined
                ? []
                : await lines(
                    client,
                    `SELECT value::text, (${known.value})::text FROM (SELECT (${rollup.groups[0]?.sql})::${each.group} AS value FROM some_rows) v
                      WHERE value IS DISTINCT FROM ${known.value}`,
                  ),
          };
        });
        expect(asked).toEqual({ buckets: [known.bucket], differ: [] });
      }),
      { numRuns: 600 },
    );
    // Most of what is made up cannot be told from the day, and what can is enough to mean something.
    expect(told).toBeGreaterThan(60);
    expect(valued).toBeGreaterThan(40);
  });

  it('is not told where rows could lie in another', () => {
    const told = (changes: Partial<Case>) => {
      const { project, rollup } = setUp({
        column: 'at',
        type: 'timestamptz',
        partitionBy: 'day',
        expression: "date_trunc('month', %c, '%z')",
        group: 'timestamptz',
        zones: { dataset: 'Europe/Paris', rollup: 'Europe/Paris', named: 'Europe/Paris' },
        ...changes,
      });
      return bucketOfDay(project, rollupShape(project, rollup), '2024-03-31')?.bucket;
    };
    expect(told({})).toBe('2024-03-01');
    expect(told({ partitionBy: 'at' })).toBe('2024-03-01');
    expect(
      told({ zones: { dataset: 'Europe/Paris', rollup: 'Europe/Paris', named: 'UTC' } }),
    ).toBeUndefined();
    expect(
      told({ zones: { dataset: 'Europe/Paris', rollup: 'UTC', named: 'Europe/Paris' } }),
    ).toBeUndefined();
    expect(told({ type: 'timestamp' })).toBeUndefined();
    expect(told({ column: 'seen' })).toBeUndefined();
    expect(told({ expression: "(%c + interval '1 day')::date" })).toBeUndefined();
  });
});

describe('a snapshot that replaces another, of another day', () => {
  it('owes the buckets of both when rollups do not follow at once', async () => {
    const dataset = hitsDataset({ carries: { kind: 'snapshot', mode: 'replace' } });
    const project = aProject({ datasets: [dataset], rollups: [hitsPerDay()] });
    const publisher = { client, project, dataset, run: await startRun(client, 'test') };
    const owed = () => lines(client, 'DELETE FROM dayboard.owed RETURNING name, bucket');
    await publishRows(publisher, '2024-11-14', [{ id: 'a', day: '2024-11-14', hits: 1 }]);
    await publishRows(publisher, '2024-11-15', [{ id: 'b', day: '2024-11-15', hits: 1 }], false);
    expect((await owed()).sort()).toEqual(['days|2024-11-14', 'days|2024-11-15']);
    await undoRows(publisher, '2024-11-15', false);
    expect((await owed()).sort()).toEqual(['days|2024-11-14', 'days|2024-11-15']);
  });
});
