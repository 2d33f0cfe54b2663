import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addPeriods,
  dueAt,
  firstDay,
  lastDay,
  nextPeriod,
  parsePeriods,
  periodOf,
  periodRange,
  unitOf,
} from '../../src/project/period.ts';

const NOW = '2024-11-15T07:40:00Z';
const days = { unit: 'day', now: NOW, timeZone: 'UTC' } as const;

const aDay = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe('periods on the command line', () => {
  it.each([
    ['2024-11-14', ['2024-11-14']],
    ['2024-11-01..2024-11-03', ['2024-11-01', '2024-11-02', '2024-11-03']],
    ['yesterday', ['2024-11-14']],
    ['today', ['2024-11-15']],
    ['-3', ['2024-11-12', '2024-11-13', '2024-11-14']],
    ['2024-11-13..yesterday', ['2024-11-13', '2024-11-14']],
    ['2024-11-14,2024-11-01,2024-11-14', ['2024-11-01', '2024-11-14']],
  ])('%s means %j', (text, periods) => {
    expect(parsePeriods(text, days)).toEqual(periods);
  });

  it('takes yesterday in the time zone it is told', () => {
    const lateEvening = { unit: 'day', now: '2024-11-14T23:30:00Z', timeZone: 'Europe/Paris' } as const;
    expect(parsePeriods('yesterday', lateEvening)).toEqual(['2024-11-14']);
  });

  it.each([
    '2024-02-30',
    '2024-13-01',
    'tomorow',
    '',
    '..',
    '2024-11-01..',
    '-0',
    "2024-11-14'; DROP TABLE x",
  ])('refuses "%s"', (text) => {
    expect(() => parsePeriods(text, days)).toThrow(
      expect.objectContaining({ code: 'usage.period', kind: 'usage' }),
    );
  });

  it('refuses a range that ends before it starts', () => {
    expect(() => parsePeriods('2024-11-14..2024-11-01', days)).toThrow(/ends before it starts/);
  });

  it('turns days into the weeks and months that hold them', () => {
    expect(parsePeriods('2024-12-30..2025-01-07', { ...days, unit: 'week' })).toEqual([
      '2025-W01',
      '2025-W02',
    ]);
    expect(parsePeriods('2024-12-30..2025-01-07', { ...days, unit: 'month' })).toEqual([
      '2024-12',
      '2025-01',
    ]);
  });
});

describe('periods', () => {
  it.each([
    ['2024-W53', '53 weeks only in long years'],
    ['2024-W00', 'weeks begin at 1'],
  ])('knows that %s is no week (%s)', (week) => {
    expect(() => firstDay(week)).toThrow(/not a day, week, month or year/);
  });

  it('every day lies in its week and month', () => {
    fc.assert(
      fc.property(aDay, fc.constantFrom('day' as const, 'week' as const, 'month' as const), (day, unit) => {
        const period = periodOf(day, unit);
        expect(unitOf(period)).toBe(unit);
        expect(firstDay(period).toString() <= day && day <= lastDay(period).toString()).toBe(true);
      }),
    );
  });

  it('follow each other without gap or overlap', () => {
    fc.assert(
      fc.property(aDay, fc.constantFrom('day' as const, 'week' as const, 'month' as const), (day, unit) => {
        const period = periodOf(day, unit);
        expect(firstDay(nextPeriod(period)).toString()).toBe(lastDay(period).add({ days: 1 }).toString());
        expect(addPeriods(nextPeriod(period), -1)).toBe(period);
      }),
    );
  });

  it('a range holds as many as were added', () => {
    fc.assert(
      fc.property(aDay, fc.nat(60), (day, count) => {
        expect(periodRange(day, addPeriods(day, count))).toHaveLength(count + 1);
      }),
    );
  });

  it('are due on wall time, also across a change of clocks', () => {
    expect(dueAt('2024-10-26', { days: 1, at: '02:00' }, 'Europe/Paris').toString()).toBe(
      '2024-10-27T00:00:00Z',
    );
    expect(dueAt('2024-10-27', { days: 1, at: '02:00' }, 'Europe/Paris').toString()).toBe(
      '2024-10-28T01:00:00Z',
    );
  });
});
