import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from '../../src/project/nearest.ts';

const NAMES = ['user_daily_visits', 'subscriptions', 'events', 'account_data', 'sso', 'crisp'];

describe('the nearest name', () => {
  it.each([
    ['susbcriptions', 'subscriptions'],
    ['EVENTS', 'events'],
    ['event', 'events'],
    ['visits', 'user_daily_visits'],
    ['account-data', 'account_data'],
    ['ssp', 'sso'],
  ])('for %s is %s', (written, meant) => {
    expect(nearest(written, NAMES)).toBe(meant);
  });

  it.each(['pushers', 'x', '', 'zzzzzzzzzz'])('is none for %j', (written) => {
    expect(nearest(written, NAMES)).toBeUndefined();
  });

  it('is none when several contain what was written', () => {
    expect(nearest('orders', ['old_orders_by_day', 'old_orders_by_week'])).toBeUndefined();
  });

  it('is asked about in words', () => {
    expect(didYouMean('evnets', NAMES)).toBe(' Did you mean "events"?');
    expect(didYouMean('zzzzzzzz', NAMES)).toBe('');
  });
});

describe('the distance of two texts', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'axc', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('%j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is the same in both directions, nought only for the same, and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
