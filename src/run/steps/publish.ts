import { publishDelivery } from '../../load/publish/publish.ts';
import { rulesHash } from '../../load/rules-hash.ts';
import { deliveryKey } from '../../plan/facts.ts';
import type { StepWork } from '../run-context.ts';
import { datasetOf, periodOfStep } from './lookup.ts';
import { withTableLock } from './table-lock.ts';

/** Staging to raw table and rollups, whole, in one transaction. */
export const publishStep: StepWork = async (run, step, report) => {
  const dataset = datasetOf(run, step);
  const period = periodOfStep(step);
  const { prepared, object } = run.work.get(deliveryKey(dataset.name, period)) ?? {};
  if (prepared === undefined || object === undefined)
    throw new RangeError(`step ${step.seq} has nothing to publish`);
  return run.lanes.use((client) =>
    withTableLock(client, run, dataset.name, report, async () => {
      const published = await publishDelivery({
        client,
        project: run.project,
        dataset,
        period,
        prepared,
        object,
        run: run.id,
        rules: rulesHash(dataset),
        derive: run.plan.request.command !== 'import',
        lend: (work) => run.lanes.lend(work),
        afresh: (work) => run.lanes.afresh(work),
        signal: run.signal,
      });
      run.work.delete(deliveryKey(dataset.name, period));
      const { version, added, removed } = published;
      if (dataset.carries.kind === 'period' && version === 1 && removed > 0) {
        report.note(
          `${removed} rows that were in ${dataset.table.schema}.${dataset.table.name} before this delivery were replaced`,
        );
      }
      return { end: 'done', rows: published.kept, detail: { etag: object.etag, version, added, removed } };
    }),
  );
};
