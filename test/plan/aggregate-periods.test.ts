import { describe, expect, it } from 'vitest';
import {
  type AggregateFacts,
  chunksOf,
  owedPeriods,
  periodsAbove,
  periodsTouchedBy,
  periodStates,
} from '../../src/plan/aggregate-periods.ts';
import { owedText } from '../../src/plan/command-line.ts';
import type { Aggregate } from '../../src/project/model.ts';
import { anAggregate } from '../support/definitions.ts';

const twoMonths = anAggregate({
  timeZone: 'Europe/Paris',
  over: { name: 'visits', column: 'day', before: { count: 2, unit: 'month' }, closed: false },
});
const closed = anAggregate({ over: { name: 'visits', column: 'day', closed: true } });

function facts(changes: Partial<AggregateFacts> = {}): AggregateFacts {
  return {
    computed: new Map(),
    owed: new Map(),
    definitionHash: 'now',
    now: '2024-11-18T12:00:00Z',
    ...changes,
  };
}

const periodState = (...[aggregate, period, known]: [Aggregate, string, AggregateFacts]) =>
  periodStates(aggregate, [period], known)[0];

const computed = (definitionHash = 'now') => ({ definitionHash, rows: 3, at: '2024-11-12T01:00:00Z' });

describe('the periods that a day touches', () => {
  it('are those in whose window it lies, from its own on', () => {
    // Two months before Monday 13 January is 13 November; before the Monday after, 20 November.
    expect(periodsTouchedBy(twoMonths, '2024-11-13', false)).toEqual([
      '2024-W46',
      '2024-W47',
      '2024-W48',
      '2024-W49',
      '2024-W50',
      '2024-W51',
      '2024-W52',
      '2025-W01',
      '2025-W02',
      '2025-W03',
    ]);
    expect(periodsTouchedBy(twoMonths, '2024-11-12', false).at(-1)).toBe('2025-W02');
  });

  it('are the one before too, for what is at the first instant of a week, where the window is closed', () => {
    expect(periodsTouchedBy(closed, '2024-11-18', true)).toEqual(['2024-W46', '2024-W47']);
    expect(periodsTouchedBy(closed, '2024-11-18', false)).toEqual(['2024-W47']);
    expect(periodsTouchedBy(closed, '2024-11-19', true)).toEqual(['2024-W47']);
  });

  it('are the year that a week of its end belongs to, and the next', () => {
    const years = anAggregate({
      period: 'year',
      over: {
        name: 'visits',
        column: 'day',
        before: { count: 2, unit: 'month' },
        after: { count: 6, unit: 'day' },
        closed: false,
      },
    });
    expect(periodsTouchedBy(years, '2025-01-03', false)).toEqual(['2024', '2025']);
    expect(periodsTouchedBy(years, '2025-01-07', false)).toEqual(['2025']);
    expect(periodsTouchedBy(years, '2024-11-01', false)).toEqual(['2024', '2025']);
  });

  it('of several days are told once', () => {
    expect(periodsAbove(anAggregate(), ['2024-11-12', '2024-11-13'])).toEqual(['2024-W46', '2024-W47']);
  });
});

describe('a period of an aggregate', () => {
  it('is not due before it has ended where its days are', () => {
    const known = { knownSince: '2024-11-01' };
    const at = (now: string) => periodState(twoMonths, '2024-W46', facts({ ...known, now }))?.state;
    // Sunday ends at 23:00 UTC in winter.
    expect(at('2024-11-17T22:59:59Z')).toBe('not due');
    expect(at('2024-11-17T23:00:00Z')).toBe('owed');
  });

  it('is owed from the first data on, or from where the definition begins', () => {
    expect(owedPeriods(twoMonths, facts({ knownSince: '2024-11-06' })).periods).toEqual([
      '2024-W45',
      '2024-W46',
    ]);
    const since = { ...twoMonths, since: '2024-W46' };
    expect(owedPeriods(since, facts({ knownSince: '2024-11-06' })).periods).toEqual(['2024-W46']);
    expect(owedPeriods(twoMonths, facts()).periods).toEqual([]);
  });

  it('is owed once its definition or something below it is another', () => {
    const record = new Map([
      ['2024-11-04', computed('before')],
      ['2024-11-11', computed()],
    ]);
    expect(owedPeriods(twoMonths, facts({ computed: record })).periods).toEqual(['2024-W45']);
    const owed = new Map([['2024-11-11', 'visits 2024-11-12 changed.']]);
    expect(periodState(twoMonths, '2024-W46', facts({ computed: record, owed }))).toEqual({
      state: 'owed',
      why: 'visits 2024-11-12 changed.',
    });
  });

  it('that was computed before it ended is left alone until it has', () => {
    const record = {
      computed: new Map([['2024-11-18', computed()]]),
      owed: new Map([['2024-11-18', 'visits 2024-11-18 changed.']]),
    };
    expect(periodState(twoMonths, '2024-W47', facts(record))).toMatchObject({ state: 'loaded' });
    expect(owedPeriods(twoMonths, facts(record)).periods).toEqual([]);
    expect(owedPeriods(twoMonths, facts({ ...record, now: '2024-11-25T00:00:00Z' })).periods).toEqual([
      '2024-W47',
    ]);
  });

  it('that nobody asked for is never owed where only those are kept', () => {
    const onRequest = { ...twoMonths, onRequest: true };
    const owed = new Map([['2024-11-11', 'visits 2024-11-12 changed.']]);
    expect(owedPeriods(onRequest, facts({ owed, knownSince: '2024-11-01' })).periods).toEqual([]);
    const record = new Map([['2024-11-11', computed()]]);
    expect(owedPeriods(onRequest, facts({ owed, computed: record })).periods).toEqual(['2024-W46']);
  });

  it('is running while a run computes it, and failed when that failed', () => {
    const running = { run: '7', since: '2024-11-18T11:00:00Z', periods: ['2024-W46'] };
    const at = (period: string) =>
      periodState(twoMonths, period, facts({ running, knownSince: '2024-11-01' }))?.state;
    expect([at('2024-W45'), at('2024-W46')]).toEqual(['owed', 'running']);
    const failed = periodState(twoMonths, '2024-W46', facts({ knownSince: '2024-11-01', error: 'No room.' }));
    expect(failed).toEqual({ state: 'failed', why: 'No room. It was never computed.' });
  });
});

describe('chunks', () => {
  it('are neighbours, and no more than fit one statement', () => {
    expect(chunksOf(['2024-W45', '2024-W44', '2024-W46', '2024-W50'], 2)).toEqual([
      ['2024-W44', '2024-W45'],
      ['2024-W46'],
      ['2024-W50'],
    ]);
  });

  it('and what is owed are told as ranges', () => {
    expect(owedText(['2024-W46', '2024-W44', '2024-W45', '2024-W50'])).toBe('2024-W44..2024-W46, 2024-W50');
    expect(owedText(['all'])).toBe('all');
  });
});
