import { undoDelivery } from '../../load/publish/undo.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { StepWork } from '../run-context.ts';
import { datasetOf, periodOfStep } from './lookup.ts';
import { withTableLock } from './table-lock.ts';

/** The version before a delivery's current one back into the raw table and rollups, whole, in one transaction. */
export const undoStep: StepWork = (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  return run.lanes.use((client) =>
    withTableLock(client, run, dataset.name, report, async () => {
      const { user, host } = run.actor;
      const undone = await undoDelivery({
        client,
        project: run.project,
        dataset,
        period,
        run: run.id,
        derive: true,
        lend: (work) => run.lanes.lend(work),
        afresh: (work) => run.lanes.afresh(work),
        signal: run.signal,
        by: `${user} on ${host}`,
        version: run.cells.get(deliveryKey(dataset.name, period))?.version,
      });
      const { version, restored, added, removed } = undone;
      report.note(
        restored === undefined
          ? `version ${version} was taken back; nothing of ${dataset.name} ${period} is published now`
          : `version ${version} was taken back; version ${restored} is published again`,
      );
      return {
        end: 'done',
        rows: added + removed,
        detail: { undone: version, version: restored ?? 0, added, removed },
      };
    }),
  );
};
