import { expect, it } from 'vitest';
import { midnightElsewhere } from '../../src/load/midnight.ts';

const note = (times: Array<string | [string, string]>, rows = 100): string | undefined =>
  midnightElsewhere(
    'visit_ts',
    'UTC',
    rows,
    times.map((time) =>
      typeof time === 'string' ? { earliest: time, latest: time } : { earliest: time[0], latest: time[1] },
    ),
  );

it.each([
  [['22:00:00'], '+02:00'],
  [['23:00:00', '22:00:00', '22:00:00'], '+02:00 or +01:00'],
  [['05:00:00', '04:00:00'], '-04:00 or -05:00'],
  [['18:30:00'], '+05:30'],
  [['10:00:00'], '-10:00'],
  [['11:00:00'], '+13:00'],
])('rows that are all at %s are midnights at UTC offset %s', (times, offset) => {
  expect(note(times)).toContain(
    `${[...new Set(times)].toSorted().join(' or ')} in UTC, which is midnight at UTC offset ${offset}`,
  );
});

it.each([
  ['midnights of the zone itself', ['00:00:00']],
  ['midnights of the zone and others', ['00:00:00', '23:00:00']],
  ['different times on one day', [['22:00:00', '23:00:00'] as [string, string]]],
  ['times that are no whole quarter hour', ['22:10:00']],
  ['times with seconds', ['22:00:01']],
  ['times more than summer time apart', ['20:00:00', '22:00:00']],
  ['three times', ['21:00:00', '22:00:00', '23:00:00']],
  ['no rows', []],
])('there is nothing to say of %s', (_what, times) => {
  expect(note(times)).toBeUndefined();
});

it('a single row says nothing', () => {
  expect(note(['22:00:00'], 1)).toBeUndefined();
});
