import { readOwed, recordRefreshError, WHOLE } from '../../ledger/derived.ts';
import { inTransaction } from '../../ledger/transaction.ts';
import { recomputeBuckets } from '../../rollup/recompute.ts';
import { ensureRollup } from '../../rollup/ensure.ts';
import { measureRollup, measureView } from '../../rollup/measure.ts';
import { recordMeasurement } from '../../ledger/derived.ts';
import { rootDataset } from '../../rollup/shape.ts';
import { refreshView } from '../../rollup/view.ts';
import { databaseError } from '../../ledger/errors.ts';
import type { StepWork } from '../run-context.ts';
import { takeLock, releaseLock } from '../../ledger/locks.ts';
import { withTableLock } from './table-lock.ts';

/** Computes what a rollup owes (all of it when it was asked for by name); publishes keep the rest exact by themselves. */
export const rollupStep: StepWork = async (run, step, report) => {
  const rollup = run.project.rollups.find((each) => each.name === step.target);
  if (rollup === undefined)
    throw new RangeError(`step ${step.seq} is about an unknown rollup "${step.target}"`);
  return run.lanes.use((client) =>
    withTableLock(client, run, rootDataset(run.project, rollup), report, async () => {
      try {
        const buckets = await inTransaction(client, async () => {
          await ensureRollup(client, run.project, rollup);
          const owed =
            step.detail === WHOLE
              ? [WHOLE]
              : ((await readOwed(client, run.project.name)).get(rollup.name)?.buckets ?? []);
          if (owed.length > 0) {
            report.progress({
              phase: owed.includes(WHOLE) ? 'computing all' : `computing ${owed.length} owed`,
            });
            await recomputeBuckets({ client, project: run.project, run: run.id }, rollup, owed);
          }
          return owed;
        });
        const measured = await measureRollup(client, run.project, rollup);
        await recordMeasurement(client, run.project.name, rollup.name, measured);
        const how = buckets.length === 0 ? 'kept exact by the publishes' : 'computed';
        return { end: 'done', rows: measured.rows, detail: { how, buckets } };
      } catch (thrown) {
        const error = databaseError(thrown, { rollup: rollup.name });
        await recordRefreshError(client, run.project.name, rollup.name, 'rollup', error.toJSON()).catch(
          () => undefined,
        );
        throw error;
      }
    }),
  );
};

/** Refreshes a plain SQL view when something below it changed, or when it was asked for by name. */
export const viewStep: StepWork = async (run, step) => {
  const view = run.project.views.find((each) => each.name === step.target);
  if (view === undefined) throw new RangeError(`step ${step.seq} is about an unknown view "${step.target}"`);
  const target = `derived ${view.name}` as const;
  return run.lanes.use(async (client) => {
    await takeLock(client, { project: run.project.name, target, actor: run.actor, run: run.id });
    try {
      const owed = (await readOwed(client, run.project.name)).has(view.name);
      if (!owed && step.detail === undefined) return { end: 'skipped', reason: 'nothing below it changed' };
      const method = await refreshView({ client, project: run.project, view, run: run.id });
      if (method === 'kept')
        return { end: 'skipped', reason: 'it is somebody else’s, and the definition says to keep it' };
      const measured = await measureView(client, view);
      await recordMeasurement(client, run.project.name, view.name, measured);
      return { end: 'done', rows: measured.rows, detail: { method } };
    } catch (thrown) {
      const error = databaseError(thrown, { view: view.name });
      await recordRefreshError(client, run.project.name, view.name, 'view', error.toJSON()).catch(
        () => undefined,
      );
      throw error;
    } finally {
      await releaseLock(client, run.project.name, target).catch(() => undefined);
    }
  });
};
