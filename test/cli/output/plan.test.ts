import { describe, expect, it } from 'vitest';
import { nothingToDoText, planText } from '../../../src/cli/output/plan.ts';
import { aCell, aPlan, PLAIN } from '../support.ts';

const object = { key: 'k', size: 1024 * 1024, etag: 'e', modified: '2024-11-15T00:44:00Z' };

describe('the text of a plan', () => {
  it('puts days of one dataset with the same fate into one line, what is done first', () => {
    const days = ['2024-11-11', '2024-11-12', '2024-11-14'];
    const plan = aPlan(
      {
        cells: [
          aCell({ period: '2024-11-13', action: 'skip', state: 'loaded', reason: 'Already loaded.' }),
          ...days.map((period) => aCell({ period, object })),
        ],
        estimateSeconds: 245,
        held: [
          {
            target: 'delivery visits 2024-11-14',
            by: 'cron',
            host: 'db-1',
            since: '2024-11-15T01:00:00Z',
            run: '11',
          },
        ],
      },
      [
        { kind: 'view', target: 'monthly' },
        { kind: 'check', target: 'months' },
      ],
    );
    expect(planText(plan, PLAIN)).toEqual([
      'plan dayboard sync 2024-11-14 · context default',
      '  import  visits  2024-11-11..2024-11-12,2024-11-14  3.0 MiB  o available  At the source, not loaded yet.',
      '  skip    visits  2024-11-13                                  ✓ loaded     Already loaded.',
      '  then compute monthly',
      '  then check months',
      '  delivery visits 2024-11-14 is held by cron on db-1 since 2024-11-15T01:00:00Z, run 11',
      '  11 steps, about 4:05 with 3 at once (median of past runs)',
    ]);
  });

  it('does not invent how long it takes', () => {
    expect(planText(aPlan(), PLAIN).at(-1)).toContain('for how long is not known');
  });

  it('counts why there is nothing to do', () => {
    const cells = [
      aCell({ action: 'skip', state: 'loaded' }),
      aCell({ action: 'skip', state: 'loaded', period: '2024-11-13' }),
      aCell({ action: 'skip', state: 'not due', period: '2024-11-15' }),
    ];
    expect(nothingToDoText(aPlan({ cells }))).toBe('Nothing to do: 3 deliveries, 2 loaded, 1 not due.');
  });
});
