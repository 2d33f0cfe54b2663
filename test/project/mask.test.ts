import { expect, it } from 'vitest';
import { masked, maskedRecord, maskedRow } from '../../src/project/mask.ts';

it('an id is shown by its beginning, a short one not at all, and what is no value as it is', () => {
  expect(['@alice:tchap.fr', 'abcde', 'abcd', '', null, 1_234_567].map(masked)).toEqual([
    '@a…',
    'ab…',
    '…',
    '',
    null,
    '12…',
  ]);
});

it('of a row only personal columns are masked, of a broken record every value', () => {
  expect(maskedRow({ user_id: '@alice:tchap.fr', day: '2024-11-14' }, new Set(['user_id']))).toEqual({
    user_id: '@a…',
    day: '2024-11-14',
  });
  expect(maskedRecord('@alice:tchap.fr,DEVICE1,2024-11-14,')).toBe('@a…,DE…,20…,');
});
