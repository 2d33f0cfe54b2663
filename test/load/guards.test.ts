import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
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

const HISTORY = [90, 110, 100, 5_000, 95, 105];

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
    const outcome = (history: number[]): unknown => {
      try {
        return guard(guards, { rows: 60, history });
      } catch (thrown) {
        return (thrown as DayboardError).toJSON();
      }
    };
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 5, maxLength: 30 }), (history) => {
        expect(outcome(history)).toEqual(outcome([...history].reverse()));
        expect(outcome(history)).toEqual(outcome([...history].sort((a, b) => a - b)));
      }),
    );
  });

  it('is marked instead when it is forced, and accepted when it is declared so', () => {
    expect(guard(guards, { rows: 1, history: HISTORY, force: ['rows'] })).toMatchObject([
      { guard: 'rows', facts: { rows: 1, usual: 102.5 } },
    ]);
    const accepting: Guards = { empty: 'stop', rows: { low: 0.5, high: 2, action: 'accept' } };
    expect(guard(accepting, { rows: 1, history: HISTORY })).toEqual([]);
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
