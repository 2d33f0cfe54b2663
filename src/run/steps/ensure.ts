import { ensureDataset as ensure } from '../../load/publish/publish.ts';
import { withRetries } from '../../ledger/transaction.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Dataset, RelationName } from '../../project/model.ts';
import type { RunContext, StepReport } from '../run-context.ts';
import { withTableLock } from './table-lock.ts';

/** Makes sure of a dataset's raw table and rollups, once in a run, before its first file is copied. */
export function ensureDataset(run: RunContext, dataset: Dataset, report: StepReport): Promise<void> {
  let ensured = run.ensured.get(dataset.name);
  if (ensured === undefined) {
    ensured = run.lanes.use((client) =>
      withTableLock(client, run, dataset.name, report, async () => {
        // Their definition may have changed while somebody reads them for long.
        await withRetries(run.signal, () => ensure(client, run.project, dataset), {
          client,
          relations: relationsOf(run, dataset),
          onWait: (who) => {
            report.note(`waiting for a moment in which nobody uses what its definition changes: ${who}`);
            report.progress({ phase: 'waiting for a moment in which nobody uses it' });
          },
        });
      }),
    );
    run.ensured.set(dataset.name, ensured);
    // What failed for one delivery may succeed for the next: a lost connection, a table that was in use.
    ensured.catch(() => run.ensured.delete(dataset.name));
  }
  return ensured;
}

/** The raw table and what readers know of the rollups over it. */
function relationsOf({ project }: RunContext, dataset: Dataset): RelationName[] {
  const affected = affectedDerived(project, [dataset.name]);
  const published = project.rollups.flatMap((rollup) =>
    affected.has(rollup.name) && rollup.published !== undefined ? [rollup.published] : [],
  );
  return [dataset.table, ...published];
}
