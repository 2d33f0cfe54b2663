import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../src/plan/plan.ts';
import { executeSteps, type StepEnd } from '../../src/run/executor.ts';

function step(seq: number, needs: number[] = [], after: number[] = []): PlannedStep {
  return { seq, kind: 'load', target: `t${seq}`, needs, after };
}

/** Steps whose needs and afters point to earlier ones, and how each would end. */
const plans = fc.integer({ min: 1, max: 25 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, index) => {
      const earlier =
        index === 0
          ? fc.constant<number[]>([])
          : fc.uniqueArray(fc.integer({ min: 1, max: index }), { maxLength: 3 });
      return fc.record({ needs: earlier, after: earlier, fails: fc.boolean() });
    }),
  ),
);

describe('the steps of a run', () => {
  it('each end once, in the order they wait for, never too many at once, and skip what cannot succeed', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 5 }), async (drawn, concurrency) => {
        const steps = drawn.map((each, index) => step(index + 1, each.needs, each.after));
        const ended = new Map<number, StepEnd>();
        let active = 0;
        const ends = await executeSteps(steps, {
          concurrency,
          isStopping: () => false,
          perform: async (each) => {
            active += 1;
            expect(active).toBeLessThanOrEqual(concurrency);
            expect(each.needs.every((seq) => ended.get(seq) === 'done')).toBe(true);
            expect(each.after.every((seq) => ended.has(seq))).toBe(true);
            await new Promise((resolve) => setImmediate(resolve));
            active -= 1;
            const end = drawn[each.seq - 1]?.fails === true ? 'failed' : 'done';
            ended.set(each.seq, end);
            return end;
          },
          leave: (each, end) => {
            expect(each.needs.some((seq) => ended.get(seq) !== 'done')).toBe(true);
            ended.set(each.seq, end);
          },
        });
        expect(ends).toEqual(ended);
        expect(ended.size).toBe(steps.length);
      }),
      { numRuns: 200 },
    );
  });

  it('begin nothing new once stopping, and let what runs end', async () => {
    let stopping = false;
    const begun: number[] = [];
    const ends = await executeSteps([step(1), step(2), step(3, [1])], {
      concurrency: 1,
      isStopping: () => stopping,
      perform: async (each) => {
        begun.push(each.seq);
        stopping = true;
        await new Promise((resolve) => setImmediate(resolve));
        return 'done';
      },
      leave: () => undefined,
    });
    expect(begun).toEqual([1]);
    expect([...ends].sort(([a], [b]) => a - b)).toEqual([
      [1, 'done'],
      [2, 'cancelled'],
      [3, 'cancelled'],
    ]);
  });

  it('refuse a plan that waits for itself', async () => {
    const steps = [step(1, [], [2]), step(2, [], [1])];
    await expect(
      executeSteps(steps, {
        concurrency: 2,
        isStopping: () => false,
        perform: async () => 'done',
        leave: () => undefined,
      }),
    ).rejects.toThrow(/circle/);
  });
});
