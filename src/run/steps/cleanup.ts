import { recordCleanup } from '../../ledger/cleanups.ts';
import type { StepWork } from '../run-context.ts';
import { performCleanup } from '../cleanup.ts';
import { datasetOf } from './lookup.ts';
import { withTableLock } from './table-lock.ts';

/** Deletes at a source what is proven loaded, if it is still what was agreed to. Nothing is published or taken back meanwhile. */
export const cleanupStep: StepWork = (run, step, report) => {
  const dataset = datasetOf(run, step);
  const agreed = run.plan.cleanups?.find((each) => each.dataset === dataset.name);
  if (agreed === undefined) throw new RangeError(`step ${step.seq} deletes what nobody agreed to`);
  return run.lanes.use((client) =>
    withTableLock(client, run, dataset.name, report, async () => {
      report.progress({ phase: 'proving what is loaded' });
      const { proven, rows, relation, place } = await performCleanup(run, client, agreed, (plan) =>
        // On another connection: it must be there even when this process ends before the source has answered.
        run.lanes.use((other) => recordCleanup(other, run.project.name, run.id, plan)),
      );
      report.note(`${proven} rows were deleted from ${relation} in ${place}; ${rows - proven} stay there`);
      return { end: 'done', rows: proven, detail: { deleted: proven, stay: rows - proven, relation, place } };
    }),
  );
};
