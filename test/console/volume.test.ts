import { describe, expect, it } from 'vitest';
import type { BoardRow, Cell } from '../../src/plan/board.ts';
import { volumeLines } from '../../src/console/volume.ts';
import { addPeriods } from '../../src/project/period.ts';

/** Eight weeks of days, from a monday on, with so many rows each. */
function rowOf(rows: (index: number) => number | undefined): BoardRow {
  const cells = Array.from({ length: 56 }, (_, index): Cell => {
    const found = rows(index);
    return {
      dataset: 'visits',
      period: addPeriods('2026-09-28', index),
      state: found === undefined ? 'missing' : 'loaded',
      why: '',
      version: found === undefined ? 0 : 1,
      publishedBefore: found !== undefined,
      ...(found === undefined ? {} : { rows: found }),
    };
  });
  return { dataset: 'visits', relation: 'public.visits', unit: 'day', cells };
}

const weekend = (index: number) => index % 7 > 4;

describe('the volume of a table', () => {
  it('has nothing odd when weekends are as small as ever', () => {
    const lines = volumeLines(rowOf((index) => (weekend(index) ? 4000 : 41_000)));
    expect(lines).toContain('Every day is as usual for its weekday.');
    expect(lines?.[1]).toMatch(/^09-28( +41k){5}( +4\.0k){2}$/u);
  });

  it('marks a weekday that is as small as a weekend, and one that is far too large', () => {
    const lines = volumeLines(
      rowOf((index) => (index === 9 ? 4000 : index === 30 ? 100_000 : weekend(index) ? 4000 : 41_000)),
    );
    expect(lines?.join('\n')).toContain('4.0k!');
    expect(lines?.join('\n')).toContain('100k!');
    expect(lines?.at(-1)).toContain('2026-10-07, 2026-10-28');
  });

  it('says of a day without rows what state it is in', () => {
    expect(volumeLines(rowOf((index) => (index === 3 ? undefined : 10)))?.join('\n')).toContain('missing');
  });

  it('is none where nothing is loaded, or periods are longer', () => {
    expect(volumeLines(rowOf(() => undefined))).toBeUndefined();
    expect(volumeLines({ ...rowOf(() => 10), unit: 'week' })).toBeUndefined();
    expect(volumeLines(undefined)).toBeUndefined();
  });
});
