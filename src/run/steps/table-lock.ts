import type pg from 'pg';
import { type LockRequest, releaseLock, tryLock, waitForLock } from '../../ledger/locks.ts';
import type { RunContext, StepReport } from '../run-context.ts';

/** One publish of a dataset at a time, in whatever process: what it changes is computed before it is applied. */
export async function withTableLock<T>(
  client: pg.Client,
  run: RunContext,
  dataset: string,
  report: StepReport,
  work: () => Promise<T>,
): Promise<T> {
  const request: LockRequest = {
    project: run.project.name,
    target: `table ${dataset}`,
    actor: run.actor,
    run: run.id,
  };
  const tried = await tryLock(client, request);
  if (!tried.held) {
    if (tried.holder !== undefined && tried.holder.run !== run.id) {
      report.note(
        `waiting for ${tried.holder.by} on ${tried.holder.host}, who holds ${request.target} since ${tried.holder.since}`,
      );
    }
    report.progress({ phase: `waiting for ${request.target}` });
    await waitForLock(client, request);
  }
  try {
    return await work();
  } finally {
    await releaseLock(client, request.project, request.target);
  }
}
