import { describe, expect, it } from 'vitest';
import { Summary } from '../../../src/cli/output/summary.ts';
import type { Outcome } from '../../../src/plan/events.ts';
import { aCell, aPlan, event, named, PLAIN } from '../support.ts';

const OUTCOME: Outcome = {
  state: 'partly',
  steps: { done: 4, failed: 1, skipped: 1, cancelled: 0 },
  deliveries: { published: 1, failed: 1, unchanged: 2, cancelled: 0 },
  seconds: 192,
  exitCode: 3,
};

describe('the summary of a run', () => {
  it('counts deliveries, and says of each failure what stayed as it was and what to do', () => {
    const plan = aPlan(
      {
        cells: [
          aCell({ dataset: 'sso', version: 2 }),
          aCell(),
          aCell({ period: '2024-11-13', action: 'skip', state: 'loaded' }),
          aCell({ period: '2024-11-12', action: 'skip', state: 'loaded' }),
        ],
      },
      [
        { kind: 'rollup', target: 'per_day' },
        { kind: 'check', target: 'months' },
      ],
    );
    const summary = new Summary(plan);
    const error = {
      code: 'load.header',
      message: 'The header lacks "id".',
      facts: { dataset: 'sso', column: 'id' },
      next: 'Ask for a new file.',
    };
    summary.event(event(1, { type: 'step.failed', step: named(plan, 2), seconds: 1, error }));
    summary.event(event(2, { type: 'step.done', step: named(plan, 7), seconds: 1 }));
    summary.event(event(2, { type: 'step.done', step: named(plan, 8), seconds: 1 }));
    expect(summary.text(PLAIN)).toEqual([]);
    summary.event(event(192, { type: 'run.done', outcome: OUTCOME }));
    expect(summary.text(PLAIN)).toEqual([
      '! run 12 partly done in 3:12',
      '  deliveries: 1 published, 1 failed, 2 unchanged',
      '  after them: 1 derived relation, 1 check',
      '✘ load sso 2024-11-14',
      '    The header lacks "id".',
      '    load.header · column=id',
      '    Version 2 of sso 2024-11-14 stays published.',
      '    Ask for a new file.',
    ]);
  });

  it('says that nothing is published of a delivery that never was', () => {
    const plan = aPlan();
    const summary = new Summary(plan);
    summary.event(
      event(1, {
        type: 'step.failed',
        step: named(plan, 1),
        seconds: 1,
        error: { code: 'x', message: 'm', facts: {} },
      }),
    );
    summary.event(event(1, { type: 'run.done', outcome: { ...OUTCOME, state: 'failed' } }));
    expect(summary.text(PLAIN)).toContain('    Nothing of visits 2024-11-14 is published.');
  });

  it('says of what was cancelled how to go on, but of an undo, which would go further back', () => {
    const told = (changes: Parameters<typeof aPlan>[0]) => {
      const summary = new Summary(aPlan(changes));
      summary.event(
        event(1, { type: 'run.done', outcome: { ...OUTCOME, state: 'cancelled', exitCode: 130 } }),
      );
      return summary.text(PLAIN).join('\n');
    };
    expect(told({ cli: 'dayboard sync 2024-11-14' })).toContain(
      '  What is done stays, and the rest is as it was. To go on: dayboard sync 2024-11-14',
    );
    const undo = { ...aPlan().request, command: 'undo' as const };
    expect(told({ request: undo, cli: 'dayboard undo 2024-11-14' })).not.toContain('To go on');
  });
});
