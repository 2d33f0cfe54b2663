import type { StepWork } from '../run-context.ts';

/** An adoption, up to the step that it was asked for; what it did stays done, however it ends. */
export const adoptStep: StepWork = async (run, step, report) => {
  if (run.adopting === undefined) throw new RangeError(`step ${step.seq} has nothing to adopt`);
  await run.adopting(report, run.signal);
  return { end: 'done', detail: { act: step.detail } };
};
