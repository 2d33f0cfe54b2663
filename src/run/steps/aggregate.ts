import type pg from 'pg';
import { readAggregates } from '../../ledger/computed.ts';
import { readDerived, recordMeasurement, recordRefresh, recordRefreshError } from '../../ledger/derived.ts';
import { firstPeriods } from '../../ledger/deliveries.ts';
import { databaseError } from '../../ledger/errors.ts';
import { releaseLock, takeLock } from '../../ledger/locks.ts';
import { chunksOf, owedPeriods } from '../../plan/aggregate-periods.ts';
import { ranges } from '../../plan/command-line.ts';
import type { PlannedStep } from '../../plan/plan.ts';
import { hasTablePerPeriod } from '../../project/check-aggregates.ts';
import type { Aggregate, Period, Project } from '../../project/model.ts';
import { measureAggregate } from '../../rollup/measure.ts';
import { computePeriods } from '../../rollup/periods/compute.ts';
import { aggregateHash, ensureTable } from '../../rollup/periods/table.ts';
import { aggregateFacts } from '../derived-status.ts';
import type { RunContext, StepReport, StepResult, StepWork } from '../run-context.ts';
import { watchBackend } from '../watch-backend.ts';
import { PhaseReport } from './phase-report.ts';

/**
 * Computes periods of an aggregate: those that the plan names, else all that are owed by now. Some at a time, each some
 * committed: whatever ends the step, what is done stays done and the rest stays owed.
 */
export const aggregateStep: StepWork = async (run, step, report) => {
  const aggregate = run.project.aggregates.find((each) => each.name === step.target);
  if (aggregate === undefined)
    throw new RangeError(`step ${step.seq} is about an unknown aggregate "${step.target}"`);
  const target = `derived ${aggregate.name}` as const;
  return run.lanes.use(async (client) => {
    await takeLock(client, { project: run.project.name, target, actor: run.actor, run: run.id });
    try {
      return await compute(client, run, step, aggregate, report);
    } catch (thrown) {
      const error = databaseError(thrown, { aggregate: aggregate.name });
      // What somebody cancelled did not fail: the rest is owed.
      if (!run.signal.aborted)
        await recordRefreshError(client, run.project.name, aggregate.name, 'aggregate', error.toJSON()).catch(
          () => undefined,
        );
      throw error;
    } finally {
      await releaseLock(client, run.project.name, target);
    }
  });
};

async function compute(
  client: pg.Client,
  run: RunContext,
  step: PlannedStep,
  aggregate: Aggregate,
  report: StepReport,
): Promise<StepResult> {
  const { project } = run;
  const periods = step.periods ?? (await owedNow(client, project, aggregate, run.now()));
  // Its readers find it, empty, before its first period is due.
  if (!hasTablePerPeriod(aggregate)) await ensureTable(client, project, aggregate, '');
  if (periods.length === 0) return { end: 'skipped', reason: 'no period is owed' };
  const chunks = chunksOf(periods, hasTablePerPeriod(aggregate) ? 1 : aggregate.atOnce);
  const told = new PhaseReport(report);
  const changed: Period[] = [];
  let [done, rows] = [0, 0];
  for (const chunk of chunks) {
    run.signal.throwIfAborted();
    const at = chunk.length === 1 ? (chunk[0] ?? '') : `${chunk[0]}..${chunk.at(-1)}`;
    told.phase(
      periods.length === 1 ? `computing ${at}` : `computing ${at}, ${done} of ${periods.length} done`,
    );
    const found = await watchBackend(
      run.database,
      client,
      (state) => told.backend(state),
      () => computePeriods({ client, project, aggregate, run: run.id }, chunk),
    );
    done += chunk.length;
    rows += found.rows;
    changed.push(...found.changed);
    report.progress({ rows });
    // A note reaches every console, which shows these periods as done then; progress may be passed over.
    if (chunks.length > 1) report.note(`${at} computed, ${done} of ${periods.length}`);
  }
  await recordRefresh(client, project.name, {
    name: aggregate.name,
    kind: 'aggregate',
    definitionHash: aggregateHash(aggregate),
    run: run.id,
  });
  const measured = await measureAggregate(client, project, aggregate);
  await recordMeasurement(client, project.name, aggregate.name, measured);
  return {
    end: 'done',
    rows,
    detail: { periods: ranges([...periods].sort()), changed: ranges(changed.sort()) },
  };
}

async function owedNow(
  client: pg.Client,
  project: Project,
  aggregate: Aggregate,
  now: string,
): Promise<Period[]> {
  const [derived, aggregates, first] = [
    await readDerived(client, project.name),
    await readAggregates(client, project.name, []),
    await firstPeriods(client, project),
  ];
  return owedPeriods(aggregate, aggregateFacts(aggregate, { project, derived, aggregates, first, now }))
    .periods;
}
