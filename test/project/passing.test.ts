import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PASSING, passes, pauseAfter } from '../../src/project/passing.ts';

describe('failures', () => {
  it.each([
    ['08006', 'connection'],
    ['08P01', 'connection'],
    ['57P01', 'connection'],
    ['57P03', 'connection'],
    ['53300', 'room'],
    ['40001', 'in the way'],
    ['40P01', 'in the way'],
    ['55P03', 'in the way'],
    ['ECONNRESET', 'connection'],
    ['503', 'room'],
    ['SlowDown', 'room'],
  ])('%s pass by themselves (%s)', (code, how) => expect(passes(code)).toBe(how));

  it.each([
    // A disk that is full, what the data says, a right or a name that is wrong, and what somebody cancelled.
    '53100',
    '23505',
    '22P02',
    '42501',
    '42P01',
    '28P01',
    '3D000',
    '57014',
    '08',
    '0800',
    'ENOTFOUND',
    'ENOSPC',
    'EACCES',
    'CERT_HAS_EXPIRED',
    '403',
    '404',
    '412',
    '501',
    'AccessDenied',
    '',
  ])('%s stay', (code) => expect(passes(code)).toBeUndefined());

  it('are in the table once, with a reason', () => {
    const codes = PASSING.flatMap((row) => row.codes);
    expect(new Set(codes).size).toBe(codes.length);
    expect(PASSING.every(({ because }) => because.length > 0)).toBe(true);
  });
});

describe('the pause after a failed try', () => {
  const pauses = fc.record({
    least: fc.integer({ min: 1, max: 1_000 }),
    most: fc.integer({ min: 1_000, max: 60_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
  });
  const chance = fc.double({ min: 0, max: 1, noNaN: true });

  it('is never longer than the longest, nor shorter than half of the shortest', () => {
    fc.assert(
      fc.property(pauses, fc.integer({ min: 1, max: 1_000 }), chance, (given, attempt, by) => {
        const pause = pauseAfter(attempt, given, by);
        expect(pause).toBeLessThanOrEqual(given.most);
        expect(pause).toBeGreaterThanOrEqual(given.least / 2);
      }),
    );
  });

  it('grows with each try, and by chance no two who were turned away together come back together', () => {
    fc.assert(
      fc.property(pauses, fc.integer({ min: 1, max: 50 }), chance, (given, attempt, by) => {
        expect(pauseAfter(attempt + 1, given, by)).toBeGreaterThanOrEqual(pauseAfter(attempt, given, by));
        expect(pauseAfter(attempt, given, 0)).toBeLessThan(pauseAfter(attempt, given, 1));
      }),
    );
  });
});
