import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { type Case, isForeign, keyOf, type Layout } from './definition.ts';
import { keyText, type Kind, type Row } from './model.ts';
import { type Connections, World } from './world.ts';

/** Around a month's end and, in Paris, a change of the clocks. */
const PERIODS = ['2024-10-26', '2024-10-27', '2024-10-31', '2024-11-01'];
const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Pacific/Auckland'];
const SEED = 20_241_114;
/** Sequences of each kind and layout: over a thousand of all together. */
const RUNS = Number(process.env['DAYBOARD_PROPERTY_RUNS'] ?? 35);

type Command =
  | { does: 'publish'; period: string; rows: Row[]; derive: boolean; stopAt: number | undefined }
  | { does: 'again'; period: string; derive: boolean; reverse: boolean }
  | { does: 'undo'; period: string; derive: boolean; stopAt: number | undefined }
  | { does: 'expire'; period: string }
  | { does: 'recompute'; only: number | undefined };

function dayIn(at: string, zone: string): string {
  return Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDate().toString();
}

/** Few values, so that rows meet: the same key from several deliveries, ties, twins, NULLs. */
function aRow(zone: string, days: readonly string[]): fc.Arbitrary<Row> {
  return fc
    .record({
      id: fc.constantFrom('a', 'b'),
      n: fc.constantFrom(null, 0),
      day: fc.constantFrom(...days),
      time: fc.constantFrom('00:00', '23:59'),
      kind: fc.constantFrom(null, '', 'web', 'app'),
      amount: fc.constantFrom(null, -3, 0, 3, 2_147_483_647, -2_147_483_648),
      price: fc.constantFrom(null, '0.5', '-7.25', 'NaN', 'Infinity'),
    })
    .map(({ id, n, day, time, kind, amount, price }) => {
      const local = Temporal.PlainDateTime.from(`${day}T${time}`).toZonedDateTime(zone);
      const at = local.toInstant().toString();
      return { id, n, at, day: dayIn(at, zone), kind, amount, price };
    });
}

function rowsOf(each: Case, days: readonly string[]): fc.Arbitrary<Row[]> {
  const key = keyOf(each);
  const row = aRow(each.zone, days);
  return key === undefined
    ? fc.array(row, { maxLength: 6, size: 'max' })
    : fc.uniqueArray(row, { maxLength: 7, size: 'max', selector: (value) => keyText(value, key) });
}

function aCommand(each: Case): fc.Arbitrary<Command> {
  const derive = fc.oneof(
    { weight: 3, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  );
  const stopAt = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 150 }) },
  );
  const [one = '', other = ''] = PERIODS.slice(1, 3);
  // What is known of a delivery whose rows all lie in one day is made use of.
  const days = fc.constantFrom([one, other], [one], [other]);
  const publish = fc.tuple(fc.constantFrom(...PERIODS), days).chain(([period, others]) =>
    fc.record({
      does: fc.constant('publish' as const),
      period: fc.constant(period),
      rows: rowsOf(each, each.kind.startsWith('period') ? [period] : others),
      derive,
      stopAt,
    }),
  );
  const again = fc.record({
    does: fc.constant('again' as const),
    period: fc.constantFrom(...PERIODS),
    derive,
    reverse: fc.boolean(),
  });
  const undo = fc.record({
    does: fc.constant('undo' as const),
    period: fc.constantFrom(...PERIODS),
    derive,
    stopAt,
  });
  const expire = fc.record({ does: fc.constant('expire' as const), period: fc.constantFrom(...PERIODS) });
  const recompute = fc.record({
    does: fc.constant('recompute' as const),
    only: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  });
  return fc.oneof(
    { weight: 6, arbitrary: publish },
    { weight: 1, arbitrary: again },
    { weight: 2, arbitrary: undo },
    { weight: 1, arbitrary: expire },
    { weight: 2, arbitrary: recompute },
  );
}

/** Rows of before: keys may repeat, and days may have been computed in another zone. */
function before(each: Case): fc.Arbitrary<Row[]> {
  if (!isForeign(each)) return fc.constant<Row[]>([]);
  const rows = fc.array(aRow(each.zone, PERIODS), { maxLength: 5 });
  if (each.layout !== 'foreign, days of its own') return rows;
  return rows.map((found) => found.map((row) => ({ ...row, day: dayIn(row.at, 'Pacific/Apia') })));
}

interface Sequence {
  each: Case;
  before: Row[];
  commands: Command[];
}

/** Whatever can be done to deliveries of any rows. */
function scenario(which: Omit<Case, 'zone'>): fc.Arbitrary<Sequence> {
  return fc.constantFrom(...ZONES).chain((zone) => {
    const each: Case = { ...which, zone };
    return fc.record({
      each: fc.constant(each),
      before: before(each),
      commands: fc.array(aCommand(each), { minLength: 4, maxLength: 9, size: 'max' }),
    });
  });
}

/** The day of a delivery's rows, where they all lie in one: two deliveries share each. */
const DAY_OF: Readonly<Record<string, string>> = {
  '2024-10-26': '2024-10-31',
  '2024-10-27': '2024-10-27',
  '2024-10-31': '2024-10-31',
  '2024-11-01': '2024-10-27',
};

/**
 * Few people on one day of each delivery, who come and go: what is in a list then depends on who else had them, on
 * which day, and on who came when.
 */
function peopleOfDays(which: Omit<Case, 'zone'>): fc.Arbitrary<Sequence> {
  const zone = 'Europe/Paris';
  const derive = fc.oneof(
    { weight: 6, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  );
  const people = (period: string): fc.Arbitrary<Row[]> =>
    fc.subarray(['a', 'b', 'c']).map((ids) =>
      ids.map((id) => {
        const day = DAY_OF[period] ?? period;
        const at = Temporal.PlainDateTime.from(`${day}T12:00`).toZonedDateTime(zone).toInstant().toString();
        return { id, n: 0, at, day, kind: 'web', amount: 1, price: null };
      }),
    );
  const publish = fc.constantFrom(...PERIODS).chain((period) =>
    fc.record({
      does: fc.constant('publish' as const),
      period: fc.constant(period),
      rows: people(period),
      derive,
      stopAt: fc.constant(undefined),
    }),
  );
  const undo = fc.record({
    does: fc.constant('undo' as const),
    period: fc.constantFrom(...PERIODS),
    derive,
    stopAt: fc.constant(undefined),
  });
  const recompute = fc.record({ does: fc.constant('recompute' as const), only: fc.constant(2) });
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 8, arbitrary: publish },
    { weight: 3, arbitrary: undo },
    { weight: 1, arbitrary: recompute },
  );
  return fc.record({
    each: fc.constant({ ...which, zone }),
    before: fc.constant<Row[]>([]),
    commands: fc.array(command, { minLength: 6, maxLength: 12, size: 'max' }),
  });
}

async function apply(world: World, command: Command): Promise<void> {
  const { deliveries } = world;
  switch (command.does) {
    case 'publish':
      return world.publish(command.period, command.rows, command.derive, command.stopAt);
    case 'again': {
      const rows = deliveries.get(command.period);
      if (rows === undefined) return;
      return world.publish(command.period, command.reverse ? rows.toReversed() : rows, command.derive);
    }
    case 'undo':
      if (!deliveries.has(command.period)) return;
      return world.undo(command.period, command.derive, command.stopAt);
    case 'expire':
      return world.expire(command.period);
    case 'recompute':
      return world.recompute(command.only);
  }
}

const SEQUENCES = { anything: scenario, 'people of days': peopleOfDays };

/**
 * Registers the property for some kinds and layouts: after any sequence of publishes, reloads, undos, expiries and
 * interruptions the raw table, the shadow and the rollups are what the current deliveries make of them.
 *
 * @param of what is done, in sequences
 */
export function itHolds(
  kinds: readonly Kind[],
  layouts: readonly Layout[],
  of: keyof typeof SEQUENCES = 'anything',
): void {
  let database: TestDatabase;
  let connections: Connections;
  let number = 0;
  beforeAll(async () => {
    database = await createLedgerDatabase();
    connections = [await database.connect(), await database.connect()];
    for (const client of connections) await client.query(`SET TimeZone = 'Asia/Tokyo'`);
  });
  afterAll(() => database.drop());

  for (const layout of layouts) {
    for (const kind of kinds) {
      it(
        `${kind}, ${layout}: tables and rollups follow from the current deliveries`,
        async () => {
          await fc.assert(
            fc.asyncProperty(
              fc.noBias(SEQUENCES[of]({ kind, layout })),
              async ({ each, before: there, commands }) => {
                number += 1;
                const world = await World.open(connections, each, number, there);
                for (const command of commands) {
                  await apply(world, command);
                  const { found, wanted } = await world.state();
                  expect(found).toEqual(wanted);
                }
                await world.reload();
                await world.recompute();
                const { found, wanted } = await world.state();
                expect(found).toEqual(wanted);
              },
            ),
            { seed: SEED, numRuns: RUNS },
          );
        },
        RUNS * 20_000,
      );
    }
  }
}
