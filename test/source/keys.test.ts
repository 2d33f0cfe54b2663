import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Deliveries, keyPattern, listings } from '../../src/source/keys.ts';
import { dataset } from './fixtures.ts';

describe('a key pattern', () => {
  const visits = keyPattern(dataset('user_daily_visits_{period}.csv'));

  it('knows the plain object and its compressed forms', () => {
    for (const suffix of ['', '.gz', '.zst']) {
      expect(visits.match(`user_daily_visits_2024-11-14.csv${suffix}`)).toBe('2024-11-14');
    }
  });

  it('takes a definition of a compressed key for the same', () => {
    const packed = keyPattern(dataset('visits_{period}.csv.gz'));
    expect(packed.match('visits_2024-11-14.csv')).toBe('2024-11-14');
    expect(packed.match('visits_2024-11-14.csv.zst')).toBe('2024-11-14');
  });

  it.each([
    'user_daily_visits_2024-02-30.csv',
    'user_daily_visits_0000-01-01.csv',
    'user_daily_visits_2024-11.csv',
    'user_daily_visits_2024-11-14_csv',
    'user_daily_visits_2024-11-14.csv.bz2',
    'user_daily_visits_2024-11-14.csv.gz.gz',
    'user_daily_visits_2024-11-14.csv\n',
    'old/user_daily_visits_2024-11-14.csv',
    'user_daily_visits_2024-11-14.csv/',
    'user_daily_visits_٢٠٢٤-11-14.csv',
    'USER_DAILY_VISITS_2024-11-14.CSV',
    '',
  ])('ignores %j', (key) => {
    expect(visits.match(key)).toBeUndefined();
  });

  it('wants the same period everywhere it stands', () => {
    const nested = keyPattern(dataset('{period}/visits_{period}.csv'));
    expect(nested.match('2024-11-14/visits_2024-11-14.csv.gz')).toBe('2024-11-14');
    expect(nested.match('2024-11-14/visits_2024-11-15.csv')).toBeUndefined();
  });

  it('of one period knows that one alone, and lists nothing beside it', () => {
    const nested = dataset('{period}/visits_{period}.csv', { since: '2024-03-01' });
    const one = keyPattern(nested, '2024-11-14');
    expect(one.match('2024-11-14/visits_2024-11-14.csv.gz')).toBe('2024-11-14');
    expect(one.match('2024-11-13/visits_2024-11-13.csv')).toBeUndefined();
    expect(one).toMatchObject({ prefix: '2024-11-14' });
    expect(one.startAfter).toBeUndefined();
    expect(keyPattern(nested, '2024-02-01').match('2024-02-01/visits_2024-02-01.csv')).toBeUndefined();
  });

  it('knows weeks and months', () => {
    const weeks = keyPattern(dataset('w_{period}.csv', { period: 'week' }));
    expect(weeks.match('w_2020-W53.csv')).toBe('2020-W53');
    expect(weeks.match('w_2021-W53.csv')).toBeUndefined();
    const months = keyPattern(dataset('m_{period}.csv', { period: 'month' }));
    expect(months.match('m_2024-11.csv')).toBe('2024-11');
    expect(months.match('m_2024-13.csv')).toBeUndefined();
  });

  it('knows nothing before the first period there can be', () => {
    const since = keyPattern(dataset('v_{period}.csv', { since: '2024-03-01' }));
    expect(since.match('v_2024-02-29.csv')).toBeUndefined();
    expect(since.match('v_2024-03-01.csv')).toBe('2024-03-01');
    expect(since.startAfter).toBe('v_2024-02-29');
  });

  it('refuses a definition without a period', () => {
    expect(() => keyPattern(dataset('visits.csv'))).toThrow(/where the period stands/);
  });

  it('takes every other character of the definition as it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((each) => !each.includes('{period}'));
    fc.assert(
      fc.property(text, text, fc.string({ unit: 'binary' }), (before, behind, other) => {
        fc.pre(!/\.(gz|zst)$/.test(behind));
        const pattern = keyPattern(dataset(`${before}{period}${behind}`));
        expect(pattern.match(`${before}2024-11-14${behind}`)).toBe('2024-11-14');
        expect(pattern.match(`${other}${before}2024-11-14${behind}`)).toBe(
          other === '' ? '2024-11-14' : undefined,
        );
      }),
    );
  });
});

describe('listings', () => {
  const prefixes = (...keys: string[]) => listings(keys.map((key) => keyPattern(dataset(key))));

  it('are one per beginning of keys', () => {
    expect(prefixes('visits_{period}.csv', 'events_{period}.csv').map((each) => each.prefix)).toEqual([
      'events_',
      'visits_',
    ]);
  });

  it('see a key once when one beginning contains the other', () => {
    const found = prefixes('events_roomv9_{period}.csv', 'events_{period}.csv', 'eventual_{period}.csv');
    expect(found.map((each) => [each.prefix, each.patterns.map((pattern) => pattern.dataset)])).toEqual([
      ['events_', ['events_', 'events_roomv9_']],
      ['eventual_', ['eventual_']],
    ]);
  });

  it('begin where the earliest of their datasets does', () => {
    const at = (key: string, since?: string) =>
      keyPattern(dataset(key, since === undefined ? {} : { since }));
    expect(listings([at('e_{period}', '2024-02-01'), at('e_r_{period}', '2020-01-01')])[0]?.startAfter).toBe(
      'e_2024-01-31',
    );
    expect(listings([at('e_{period}', '2024-02-01'), at('e_r_{period}')])[0]?.startAfter).toBeUndefined();
  });
});

describe('deliveries', () => {
  const object = (key: string, modified: string) => ({ key, size: 1, etag: 'e', modified });

  it('are the objects modified last, in whatever order they are met', () => {
    const old = object('v.csv.gz', '2024-11-15T03:00:00.000Z');
    const young = object('v.csv', '2024-11-15T04:00:00.000Z');
    for (const order of [
      [old, young],
      [young, old],
    ]) {
      const deliveries = new Deliveries();
      for (const each of order) deliveries.add('visits', '2024-11-14', each);
      expect([...deliveries.values()]).toEqual([{ dataset: 'visits', period: '2024-11-14', object: young }]);
    }
  });

  it('are the plain objects when both are of the same moment', () => {
    const plain = object('v.csv', '2024-11-15T03:00:00.000Z');
    const packed = object('v.csv.zst', '2024-11-15T03:00:00.000Z');
    for (const order of [
      [plain, packed],
      [packed, plain],
    ]) {
      const deliveries = new Deliveries();
      for (const each of order) deliveries.add('visits', '2024-11-14', each);
      expect([...deliveries.values()][0]?.object).toBe(plain);
    }
  });
});
