import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import type { CountedDelivery } from '../../src/ledger/versions.ts';
import { checkGuards, type GuardInput } from '../../src/load/guards.ts';
import type { Finding } from '../../src/load/prepared.ts';
import type { DayboardError } from '../../src/project/errors.ts';
import type { Dataset, Guards } from '../../src/project/model.ts';
import { visits } from './fixtures.ts';

function guard(guards: Guards, input: Partial<GuardInput> = {}, changes: Partial<Dataset> = {}): Finding[] {
  const dataset = visits({ guards, ...changes });
  return checkGuards({ dataset, period: '2024-11-14', rows: 100, history: [], force: [], ...input });
}

function refusal(...parameters: Parameters<typeof guard>): DayboardError {
  try {
    guard(...parameters);
  } catch (thrown) {
    return thrown as DayboardError;
  }
  throw new Error('it was not refused');
}

/** Published deliveries of the days before 2024-11-14, the nearest first. */
const past = (counts: readonly number[], step = 1): CountedDelivery[] =>
  counts.map((rows, at) => ({
    period: Temporal.PlainDate.from('2024-11-14')
      .subtract({ days: step * (at + 1) })
      .toString(),
    rows,
  }));

const HISTORY = past([90, 110, 100, 5_000, 95, 105]);

const shuffled = <T>(list: T[]) => fc.shuffledSubarray(list, { minLength: list.length });

describe('an empty delivery', () => {
  it('is refused, marked or accepted', () => {
    expect(refusal({ empty: 'stop' }, { rows: 0 })).toMatchObject({
      code: 'guard.empty',
      kind: 'refused',
      facts: { dataset: 'visits', period: '2024-11-14', rows: 0 },
      next: expect.stringContaining('--force empty'),
    });
    expect(guard({ empty: 'mark' }, { rows: 0 })).toMatchObject([{ guard: 'empty' }]);
    expect(guard({ empty: 'accept' }, { rows: 0 })).toEqual([]);
  });

  it('without even a header is told apart from one with a header alone', () => {
    expect(refusal({ empty: 'stop' }, { rows: 0 }).message).toContain('a header and no rows');
    expect(guard({ empty: 'mark' }, { rows: 0, noBytes: true })[0]?.message).toContain('not even a header');
  });

  it('is marked when it is forced', () => {
    expect(guard({ empty: 'stop' }, { rows: 0, force: ['empty'] })).toMatchObject([{ guard: 'empty' }]);
    expect(refusal({ empty: 'stop' }, { rows: 0, force: ['rows', 'days'] }).code).toBe('guard.empty');
  });

  it('that is accepted is not refused for its few rows', () => {
    const guards: Guards = { empty: 'accept', rows: { low: 0.5, high: 2, action: 'stop' } };
    expect(guard(guards, { rows: 0, history: HISTORY })).toEqual([]);
  });
});

describe('a count of rows', () => {
  const guards: Guards = { empty: 'stop', rows: { low: 0.5, high: 2, action: 'stop' } };

  it('is compared with the median, which one odd delivery does not move', () => {
    // Median of HISTORY: 102.5.
    for (const rows of [52, 100, 205]) expect(guard(guards, { rows, history: HISTORY })).toEqual([]);
    expect(refusal(guards, { rows: 51, history: HISTORY })).toMatchObject({
      code: 'guard.rows',
      kind: 'refused',
      facts: { rows: 51, usual: 102.5, low: 52, high: 205 },
      next: expect.stringContaining('--force rows'),
    });
    expect(refusal(guards, { rows: 206, history: HISTORY }).message).toContain('206 rows, more than 205');
  });

  it('is not judged by fewer than five deliveries', () => {
    expect(guard(guards, { rows: 1, history: HISTORY.slice(0, 4) })).toEqual([]);
    expect(refusal(guards, { rows: 1, history: HISTORY.slice(0, 5) }).code).toBe('guard.rows');
  });

  it('does not depend on the order of the history', () => {
    const outcome = (history: CountedDelivery[]): unknown => {
      try {
        return guard(guards, { rows: 60, history });
      } catch (thrown) {
        return (thrown as DayboardError).toJSON();
      }
    };
    const histories = fc.array(fc.nat(300), { minLength: 5, maxLength: 30 }).map((counts) => past(counts));
    fc.assert(
      fc.property(
        histories.chain((history) => fc.tuple(fc.constant(history), shuffled(history))),
        ([history, other]) => {
          expect(outcome(history)).toEqual(outcome(other));
        },
      ),
    );
  });

  it('of a Thursday is compared with the Thursdays of eight weeks, when three of them are published', () => {
    // 2024-11-14 is a Thursday. On other days there is ten times as much.
    const others = past([1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
    const thursdays = past([100, 90, 110], 7);
    expect(guard(guards, { rows: 60, history: [...others, ...thursdays] })).toEqual([]);
    expect(refusal(guards, { rows: 1_000, history: [...others, ...thursdays] })).toMatchObject({
      message: expect.stringContaining(
        'the Thursdays 2024-10-24, 2024-10-31, 2024-11-07 had 100 in the median',
      ),
      facts: { usual: 100, comparedWith: 'the Thursdays 2024-10-24, 2024-10-31, 2024-11-07' },
    });
    const two = [...others, ...thursdays.slice(0, 2)];
    expect(refusal(guards, { rows: 60, history: two }).facts).toMatchObject({
      usual: 1_000,
      comparedWith: 'the 8 deliveries 2024-10-31..2024-11-13',
    });
  });

  it('is not compared with Thursdays of more than eight weeks ago', () => {
    const old = past([100, 100, 100], 7 * 8).slice(1);
    const others = past([1_000, 1_000, 1_000, 1_000, 1_000]);
    const history = [...others, ...old, ...past([100], 7 * 8)];
    expect(guard(guards, { rows: 1_000, history })).toEqual([]);
  });

  it('of a week or month is compared with all that are recent', () => {
    const months = ['2024-06', '2024-07', '2024-08', '2024-09', '2024-10'];
    const history = months.map((period) => ({ period, rows: 100 }));
    const found = refusal(guards, { period: '2024-11', rows: 1, history }, { period: 'month' });
    expect(found.message).toContain('the 5 deliveries 2024-06..2024-10 had 100');
  });

  it('is marked instead when it is forced, and accepted when it is declared so', () => {
    expect(guard(guards, { rows: 1, history: HISTORY, force: ['rows'] })).toMatchObject([
      { guard: 'rows', facts: { rows: 1, usual: 102.5 } },
    ]);
    const accepting: Guards = { empty: 'stop', rows: { low: 0.5, high: 2, action: 'accept' } };
    expect(guard(accepting, { rows: 1, history: HISTORY })).toEqual([]);
  });
});

describe('days of a delivery that is loaded again', () => {
  const guards: Guards = { empty: 'accept', loss: { keep: 0.5, action: 'stop' } };
  const reload = (to: Record<string, number>) => ({
    rows: Object.values(to).reduce((sum, rows) => sum + rows, 0),
    reload: { version: 2, from: { '2024-11-12': 40, '2024-11-13': 90, '2024-11-14': 100 }, to },
  });

  it('may lose rows down to the share that is declared', () => {
    const kept = { '2024-11-12': 20, '2024-11-13': 45, '2024-11-14': 5_000 };
    expect(guard(guards, reload(kept))).toEqual([]);
    expect(refusal(guards, reload({ ...kept, '2024-11-13': 44 }))).toMatchObject({
      code: 'guard.loss',
      kind: 'refused',
      message: expect.stringContaining('published version 2 has: 2024-11-13 (90 to 44)'),
      facts: { version: 2, lost: 46, days: '2024-11-13 (90 to 44)' },
      next: expect.stringMatching(/untouched.*--force loss/),
    });
  });

  it('that are not in it any more have lost all', () => {
    expect(refusal(guards, reload({ '2024-11-14': 100 })).message).toContain(
      '2 days that its published version 2 has: 2024-11-12 (40 to 0), 2024-11-13 (90 to 0)',
    );
  });

  it('are looked at also when a delivery without rows is accepted', () => {
    expect(refusal(guards, reload({})).code).toBe('guard.loss');
    expect(guard(guards, { rows: 0 })).toEqual([]);
  });

  it('are marked, accepted or forced like the others', () => {
    const marked: Guards = { empty: 'stop', loss: { keep: 0.5, action: 'mark' } };
    expect(guard(marked, reload({ '2024-11-14': 1 }))).toMatchObject([
      { guard: 'loss', facts: { lost: 229 } },
    ]);
    expect(guard(marked, { ...reload({ '2024-11-14': 1 }), force: ['loss'] })[0]).not.toHaveProperty(
      'forced',
    );
    expect(guard(guards, { ...reload({ '2024-11-14': 1 }), force: ['loss'] })).toMatchObject([
      { forced: true },
    ]);
  });
});

describe('days of rows', () => {
  const guards: Guards = { empty: 'stop', days: { before: 3, after: 1, action: 'stop' } };

  it('may lie from so many days before to so many after the first day', () => {
    expect(guard(guards, { days: { '2024-11-11': 1, '2024-11-15': 99 } })).toEqual([]);
    expect(refusal(guards, { days: { '2024-11-10': 7, '2024-11-14': 90, '2024-11-16': 3 } })).toMatchObject({
      code: 'guard.days',
      kind: 'refused',
      facts: { outside: 10, first: '2024-11-11', last: '2024-11-15', days: '2024-11-10 (7), 2024-11-16 (3)' },
      next: expect.stringContaining('--force days'),
    });
  });

  it('are named five at most', () => {
    const days = Object.fromEntries(
      Array.from({ length: 28 }, (_, at) => [`2020-02-${String(at + 1).padStart(2, '0')}`, 1]),
    );
    expect(refusal(guards, { days }).facts['days']).toMatch(/2020-02-05 \(1\), … 23 more days$/);
  });

  it('of a month count from its first', () => {
    const monthly = { period: '2024-11', days: { '2024-12-01': 1 } };
    const declared: Guards = { empty: 'stop', days: { before: 0, after: 29, action: 'mark' } };
    expect(guard(declared, monthly)).toMatchObject([{ facts: { first: '2024-11-01', last: '2024-11-30' } }]);
  });

  it('of deliveries of their own period may be that period alone, unless declared otherwise', () => {
    const own: Partial<Dataset> = { carries: { kind: 'period', column: 'visit_date' } };
    const input = { period: '2024-W46', days: { '2024-11-11': 1, '2024-11-17': 1 } };
    expect(guard({ empty: 'stop' }, input, own)).toEqual([]);
    const outside = { ...input, days: { '2024-11-18': 1 } };
    expect(refusal({ empty: 'stop' }, outside, own).code).toBe('guard.days');
    expect(guard({ empty: 'stop', days: { before: 0, after: 7, action: 'stop' } }, outside, own)).toEqual([]);
    expect(guard({ empty: 'stop' }, outside)).toEqual([]);
  });

  it('and counts are judged one by one: forcing one leaves the other', () => {
    const both: Guards = { ...guards, rows: { low: 0.5, high: 2, action: 'stop' } };
    const input = { rows: 1, days: { '2020-01-01': 1 }, history: HISTORY };
    expect(refusal(both, { ...input, force: ['days'] }).code).toBe('guard.rows');
    expect(guard(both, { ...input, force: ['days', 'rows'] }).map((each) => each.guard)).toEqual([
      'days',
      'rows',
    ]);
  });
});
