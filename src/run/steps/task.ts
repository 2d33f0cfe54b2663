import type { StepWork } from '../run-context.ts';

/** What a run of one step was started for; what it did stays done, however it ends. */
export const taskStep: StepWork = async (run, step, report) => {
  if (run.task === undefined) throw new RangeError(`step ${step.seq} has nothing to do`);
  return run.task(report, run, run.id);
};
