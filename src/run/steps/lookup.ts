import type { PlannedStep } from '../../plan/plan.ts';
import type { Dataset, Period } from '../../project/model.ts';
import type { RunContext } from '../run-context.ts';

/** The dataset that a delivery's step is about. A plan with another name is a mistake of its maker. */
export function datasetOf(run: RunContext, step: PlannedStep): Dataset {
  const found = run.project.datasets.find((dataset) => dataset.name === step.target);
  if (found === undefined)
    throw new RangeError(`step ${step.seq} is about an unknown dataset "${step.target}"`);
  return found;
}

export function periodOfStep(step: PlannedStep): Period {
  if (step.period === undefined) throw new RangeError(`step ${step.seq} has no period`);
  return step.period;
}
