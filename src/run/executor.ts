import type { PlannedStep } from '../plan/plan.ts';

/** How a step ended. */
export type StepEnd = 'done' | 'failed' | 'skipped' | 'cancelled';

export interface Executor {
  /** At most this many steps at once. */
  concurrency: number;
  /** Does the step and says how it ended. Must not reject. */
  perform(step: PlannedStep): Promise<StepEnd>;
  /** Called for a step that is not begun, because what it needs did not succeed or the run is stopping. */
  leave(step: PlannedStep, end: 'skipped' | 'cancelled', because: PlannedStep | undefined): void;
  /** True once nothing new may begin. */
  isStopping(): boolean;
}

/**
 * Runs steps as soon as what they wait for has ended, lowest seq first, never more than `concurrency` at once. A step
 * whose needs did not all succeed is left out; other steps go on. Resolves when every step has an end.
 */
export async function executeSteps(
  steps: readonly PlannedStep[],
  executor: Executor,
): Promise<Map<number, StepEnd>> {
  const ends = new Map<number, StepEnd>();
  const bySeq = new Map(steps.map((step) => [step.seq, step]));
  const waiting = new Set(steps);
  const running = new Set<Promise<void>>();

  const begin = (step: PlannedStep): void => {
    waiting.delete(step);
    const performed: Promise<void> = executor.perform(step).then((end) => {
      ends.set(step.seq, end);
      running.delete(performed);
    });
    running.add(performed);
  };
  const leave = (step: PlannedStep, end: 'skipped' | 'cancelled', because?: PlannedStep): void => {
    waiting.delete(step);
    ends.set(step.seq, end);
    executor.leave(step, end, because);
  };

  while (waiting.size > 0 || running.size > 0) {
    for (const step of steps) {
      if (!waiting.has(step)) continue;
      const lost = step.needs.find((seq) => ends.has(seq) && ends.get(seq) !== 'done');
      if (lost !== undefined)
        leave(step, ends.get(lost) === 'cancelled' ? 'cancelled' : 'skipped', bySeq.get(lost));
      else if (executor.isStopping()) leave(step, 'cancelled');
      else if (running.size < executor.concurrency && isReady(step, ends)) begin(step);
    }
    if (running.size > 0) await Promise.race(running);
    else if (
      waiting.size > 0 &&
      ![...waiting].some((step) => isReady(step, ends) || step.needs.some((seq) => ends.has(seq)))
    ) {
      throw new RangeError('the steps of the plan wait for each other in a circle');
    }
  }
  return ends;
}

function isReady(step: PlannedStep, ends: ReadonlyMap<number, StepEnd>): boolean {
  return step.needs.every((seq) => ends.get(seq) === 'done') && step.after.every((seq) => ends.has(seq));
}
