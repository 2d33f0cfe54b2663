import { commandLine } from '../../plan/command-line.ts';
import type { PlannedStep } from '../../plan/plan.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset, Period } from '../../project/model.ts';
import type { Source } from '../../source/source.ts';
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

/** Where a dataset's deliveries come from. */
export function sourceOf(run: RunContext, dataset: Dataset): Source {
  const source = run.sources.get(dataset.source);
  if (source === undefined) throw new RangeError(`no source "${dataset.source}"`);
  return source;
}

/** 'source.object-missing': the source has nothing for a delivery, with the command that loads it once it is there. */
export function nothingThere(
  run: RunContext,
  dataset: Dataset,
  period: Period,
  { place }: Source,
): DayboardError {
  const key = dataset.key.replaceAll('{period}', period);
  const again = commandLine(
    { ...run.plan.request, command: 'sync', cells: [{ dataset: dataset.name, periods: [period] }] },
    run.invocation,
  );
  return new DayboardError({
    code: 'source.object-missing',
    message: `There is no object ${key} in ${place}.`,
    facts: { key, place },
    next: `What was published before is as it was. Ask whoever delivers it; \`${again}\` loads it once it is there.`,
  });
}
