import { ensureDataset as ensure } from '../../load/publish/publish.ts';
import type { Dataset } from '../../project/model.ts';
import type { RunContext, StepReport } from '../run-context.ts';
import { withTableLock } from './table-lock.ts';

/** Makes sure of a dataset's raw table and rollups, once in a run, before its first file is copied. */
export function ensureDataset(run: RunContext, dataset: Dataset, report: StepReport): Promise<void> {
  let ensured = run.ensured.get(dataset.name);
  if (ensured === undefined) {
    ensured = run.lanes.use((client) =>
      withTableLock(client, run, dataset.name, report, async () => {
        await ensure(client, run.project, dataset);
      }),
    );
    run.ensured.set(dataset.name, ensured);
  }
  return ensured;
}
