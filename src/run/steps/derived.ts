import { readOwed, recordRefreshError, WHOLE } from '../../ledger/derived.ts';
import type { ClientBase } from 'pg';
import { inTransaction, setLockTimeout, withRetries } from '../../ledger/transaction.ts';
import type { Project, RelationName, Rollup } from '../../project/model.ts';
import { recomputeBuckets } from '../../rollup/recompute.ts';
import { ensureRollup } from '../../rollup/ensure.ts';
import { measureRollup, measureView } from '../../rollup/measure.ts';
import { recordMeasurement } from '../../ledger/derived.ts';
import { rollupShape, rootDataset } from '../../rollup/shape.ts';
import { refreshView } from '../../rollup/view.ts';
import { fillInto, lostColumns } from '../../rollup/view-into.ts';
import { databaseError } from '../../ledger/errors.ts';
import type { DayboardError } from '../../project/errors.ts';
import type { RunContext, StepReport, StepWork } from '../run-context.ts';
import { watchBackend } from '../watch-backend.ts';
import { PhaseReport } from './phase-report.ts';
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
        const waiting = waitingFor(report, rollup.published ?? rollupShape(run.project, rollup).table);
        // On its own: the view that readers know may be replaced by it, and must not stay locked while buckets are computed.
        await withRetries(
          run.signal,
          () => inTransaction(client, () => setUp(client, run.project, rollup)),
          waiting(client),
        );
        const told = new PhaseReport(report);
        const compute = async () => {
          const owed =
            step.detail === WHOLE
              ? [WHOLE]
              : ((await readOwed(client, run.project.name)).get(rollup.name)?.buckets ?? []);
          if (owed.length > 0) {
            told.phase(owed.includes(WHOLE) ? 'computing all' : `computing ${owed.length} owed`);
            await recomputeBuckets(
              { client, project: run.project, run: run.id },
              rollup,
              owed,
              waiting(client).onWait,
            );
          }
          return owed;
        };
        const buckets = await watchBackend(
          run.database,
          client,
          (state) => told.backend(state),
          () => inTransaction(client, compute),
        );
        const measured = await measureRollup(client, run.project, rollup);
        await recordMeasurement(client, run.project.name, rollup.name, measured);
        const how = buckets.length === 0 ? 'kept exact by the publishes' : 'computed';
        return { end: 'done', rows: measured.rows, detail: { how, buckets } };
      } catch (thrown) {
        const error = databaseError(thrown, { rollup: rollup.name });
        await recordFailure(client, run, { name: rollup.name, kind: 'rollup' }, error).catch(() => undefined);
        throw error;
      }
    }),
  );
};

/** Refreshes a plain SQL view when something below it changed, or when it was asked for by name. */
export const viewStep: StepWork = async (run, step, report) => {
  const view = run.project.views.find((each) => each.name === step.target);
  if (view === undefined) throw new RangeError(`step ${step.seq} is about an unknown view "${step.target}"`);
  const target = `derived ${view.name}` as const;
  return run.lanes.use(async (client) => {
    await takeLock(client, { project: run.project.name, target, actor: run.actor, run: run.id });
    try {
      const owed = (await readOwed(client, run.project.name)).has(view.name);
      if (!owed && step.detail === undefined && !(await lostColumns(client, view)))
        return { end: 'skipped', reason: 'nothing below it changed' };
      const told = new PhaseReport(report);
      const method = await watchBackend(
        run.database,
        client,
        (state) => told.backend(state),
        () =>
          refreshView({
            client,
            project: run.project,
            view,
            run: run.id,
            signal: run.signal,
            onPhase: (phase) => told.phase(phase),
            onWait: (who) => report.note(waitingNote(view, who)),
          }),
      );
      if (method === 'in place')
        report.note(
          `readers of ${view.schema}.${view.name} waited while it was refreshed: it has no unique index, and a materialized view, a function or somebody else’s view is built on it. A unique index lets them read on.`,
        );
      if (method === 'kept')
        return { end: 'skipped', reason: 'it is somebody else’s, and the definition says to keep it' };
      const { into } = view;
      const filled = into === undefined ? undefined : await fillInto(client, { ...view, into }, run.signal);
      const measured = await measureView(client, view);
      await recordMeasurement(client, run.project.name, view.name, measured);
      return {
        end: 'done',
        rows: measured.rows,
        detail: { method, ...(filled === undefined ? {} : { filled }) },
      };
    } catch (thrown) {
      const error = databaseError(thrown, { view: view.name });
      await recordFailure(client, run, { name: view.name, kind: 'view' }, error).catch(() => undefined);
      throw error;
    } finally {
      await releaseLock(client, run.project.name, target);
    }
  });
};

/** What somebody cancelled did not fail: it is as it was, and owed. */
async function recordFailure(
  client: ClientBase,
  { project, signal }: RunContext,
  { name, kind }: { name: string; kind: 'rollup' | 'view' },
  error: DayboardError,
): Promise<void> {
  if (!signal.aborted) await recordRefreshError(client, project.name, name, kind, error.toJSON());
}

function waitingNote({ schema, name }: RelationName, who: string): string {
  return `waiting for a moment in which nobody reads ${schema}.${name}: ${who}`;
}

function waitingFor(report: StepReport, relation: RelationName) {
  return (client: ClientBase) => ({
    client,
    relations: [relation],
    onWait: (who: string) => {
      report.note(waitingNote(relation, who));
      report.progress({ phase: 'waiting for a moment in which nobody reads it' });
    },
  });
}

async function setUp(client: ClientBase, project: Project, rollup: Rollup): Promise<void> {
  await setLockTimeout(client);
  await ensureRollup(client, project, rollup);
}
