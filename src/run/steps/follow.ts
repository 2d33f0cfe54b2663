import { followTables } from '../../load/follow.ts';
import type { StepWork } from '../run-context.ts';
import { ensureDataset } from './ensure.ts';
import { datasetOf } from './lookup.ts';
import { withTableLock } from './table-lock.ts';

/** Brings columns of a dataset to what other tables say by now; what is derived of the changed days becomes owed. */
export const followStep: StepWork = async (run, step, report) => {
  const dataset = datasetOf(run, step);
  await ensureDataset(run, dataset, report);
  return run.lanes.use((client) =>
    withTableLock(client, run, dataset.name, report, async () => {
      let rows = 0;
      for (const follow of dataset.follows ?? []) {
        report.progress({ phase: follow.name });
        const changed = await followTables({
          client,
          project: run.project,
          dataset,
          follow,
          run: run.id,
          afresh: (work) => run.lanes.afresh(work),
          signal: run.signal,
        });
        if (changed > 0) report.note(`${follow.name}: ${follow.column} was changed in ${changed} rows`);
        rows += changed;
      }
      return rows === 0
        ? { end: 'skipped', reason: 'every row says what the other tables say' }
        : { end: 'done', rows };
    }),
  );
};
