import { diffDelivery } from '../../load/publish/diff.ts';
import { maskedDiff } from '../../plan/diff.ts';
import { personalColumns } from '../../project/mask.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { StepWork } from '../run-context.ts';
import { datasetOf, periodOfStep } from './lookup.ts';
import { withTableLock } from './table-lock.ts';

/** What a publish of what was loaded, or an undo, would change; nothing that a reader can see is changed. */
export const diffStep: StepWork = (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  const { prepared, object } = run.work.get(deliveryKey(dataset.name, period)) ?? {};
  const version = run.plan.request.against;
  if (version === undefined && (prepared === undefined || object === undefined))
    throw new RangeError(`step ${step.seq} has nothing to compare with`);
  return run.lanes.use((client) =>
    withTableLock(client, run, dataset.name, report, async () => {
      const diff = await diffDelivery({
        client,
        project: run.project,
        dataset,
        period,
        run: run.id,
        derive: true,
        beside: (work) => run.lanes.use(work),
        lend: (work) => run.lanes.lend(work),
        signal: run.signal,
        against:
          prepared === undefined || object === undefined
            ? { version: version ?? 0 }
            : { prepared, object: object.key },
      });
      const { added, removed, changed } = diff.rows;
      const detail = { diff: maskedDiff(diff, personalColumns(dataset)) };
      const shown = run.plan.request.showIds === true ? { shown: { diff } } : {};
      return { end: 'done', rows: added + removed + changed, detail, ...shown };
    }),
  );
};
