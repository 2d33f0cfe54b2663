import { describe, expect, it } from 'vitest';
import {
  parseCells,
  parseConcurrency,
  parseDatasets,
  parseGuards,
  parseNames,
  parseRefresh,
  parseReprocess,
} from '../../src/cli/arguments.ts';
import { DayboardError } from '../../src/project/errors.ts';
import { aDataset, anAggregate, aProject } from '../support/definitions.ts';

const project = aProject({
  timeZone: 'Europe/Paris',
  datasets: [
    aDataset({ name: 'user_daily_visits' }),
    aDataset({ name: 'sso' }),
    aDataset({ name: 'invoices', period: 'month' }),
    aDataset({ name: 'pushers', off: 'takes 40 GB and is not used' }),
  ],
});
/** Half past midnight in Paris, the day before in UTC. */
const NOW = '2024-11-14T23:30:00Z';

function errorOf(work: () => unknown): DayboardError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof DayboardError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('cells of the command line', () => {
  it("are yesterday's of every dataset that is on, in the project's time zone", () => {
    expect(parseCells({}, project, NOW)).toEqual([
      { dataset: 'user_daily_visits', periods: ['2024-11-14'] },
      { dataset: 'sso', periods: ['2024-11-14'] },
      { dataset: 'invoices', periods: ['2024-11'] },
    ]);
  });

  it('are ranges, lists and days back, in the unit of each dataset', () => {
    const cells = parseCells(
      { periods: '-2,2024-09-30..2024-10-01', datasets: 'invoices,sso' },
      project,
      NOW,
    );
    expect(cells).toEqual([
      { dataset: 'sso', periods: ['2024-09-30', '2024-10-01', '2024-11-13', '2024-11-14'] },
      { dataset: 'invoices', periods: ['2024-09', '2024-10'] },
    ]);
  });

  it('of an unknown dataset are an error that suggests the nearest and lists them all', () => {
    const error = errorOf(() => parseCells({ datasets: 'user_daily_visit' }, project, NOW));
    expect(error).toMatchObject({ code: 'usage.dataset', kind: 'usage' });
    expect(error.message).toContain('Did you mean "user_daily_visits"?');
    expect(error.next).toContain('sso');
  });

  it('take exact names only: a part of a name is no dataset', () => {
    expect(errorOf(() => parseDatasets('visits', project)).code).toBe('usage.dataset');
  });

  it('of a dataset that is switched off are an error with its reason', () => {
    const error = errorOf(() => parseDatasets('sso,pushers', project));
    expect(error.code).toBe('usage.dataset-off');
    expect(error.message).toContain('takes 40 GB and is not used');
  });

  it('say so when a dataset stands where the periods belong', () => {
    const error = errorOf(() => parseCells({ periods: 'sso' }, project, NOW));
    expect(error.code).toBe('usage.period');
    expect(error.message).toContain('periods stand before datasets');
    expect(error.next).toContain('yesterday sso');
  });

  it.each([
    '2024-02-30',
    '2024-13-01',
    'tomorrow',
    '14.11.2024',
    '2024-11-14..',
    '2024-11-14..2024-11-01',
    '',
  ])('of the period "%s" are a usage error', (periods) => {
    expect(errorOf(() => parseCells({ periods }, project, NOW))).toMatchObject({
      code: 'usage.period',
      kind: 'usage',
    });
  });
});

describe('options', () => {
  it('--reprocess takes words in any order, once each', () => {
    expect(parseReprocess('stale, missing,stale')).toEqual(['missing', 'stale']);
    expect(errorOf(() => parseReprocess('faild')).message).toContain('Did you mean "failed"?');
    expect(errorOf(() => parseReprocess(',')).kind).toBe('usage');
  });

  it('--force takes guards', () => {
    expect(parseGuards('rows,empty')).toEqual(['rows', 'empty']);
    expect(errorOf(() => parseGuards('row')).next).toContain('empty, days, rows');
  });

  it.each(['0', '33', '1.5', '-1', 'x', ''])('--concurrency %s is refused', (text) => {
    expect(errorOf(() => parseConcurrency(text)).kind).toBe('usage');
  });

  it('names are known, once each, with commas or without', () => {
    expect(parseNames(['a,b', 'b'], ['a', 'b'], 'check')).toEqual(['a', 'b']);
    expect(errorOf(() => parseNames(['c'], ['monthly'], 'check')).code).toBe('usage.name');
  });
});

describe('what refresh is given', () => {
  const weekly = aProject({
    aggregates: [anAggregate({ name: 'by_week' }), anAggregate({ name: 'by_month', period: 'month' })],
  });
  const known = ['totals', 'by_week', 'by_month'];
  const read = (...words: string[]) => parseRefresh(words, known, weekly, NOW);

  it('are names, and for aggregates their periods, in whatever unit each has', () => {
    expect(read('totals', 'by_week')).toEqual({ names: ['totals', 'by_week'] });
    expect(read('by_week', 'by_month', '2024-W44..2024-W45')).toEqual({
      names: [],
      aggregates: [
        { name: 'by_week', periods: ['2024-W44', '2024-W45'] },
        { name: 'by_month', periods: ['2024-10', '2024-11'] },
      ],
    });
    expect(read('by_week', '-2').aggregates?.[0]?.periods).toEqual(['2024-W44', '2024-W45']);
    expect(read('by_month', '2023').aggregates?.[0]?.periods).toHaveLength(12);
  });

  it('cannot be periods of what is computed as a whole, or of nothing', () => {
    expect(errorOf(() => read('totals', '2024-W44')).message).toMatch('totals is computed as a whole');
    expect(errorOf(() => read('2024-W44')).message).toMatch('No aggregate is named');
    expect(errorOf(() => read('by_wek', '2024-W44')).code).toBe('usage.name');
  });
});
