import { releaseLock, takeLock } from '../../ledger/locks.ts';
import { performCopy } from '../copy.ts';
import type { StepWork } from '../run-context.ts';

/** Replaces the tables of a schema by those of a source database. */
export const copyStep: StepWork = (run, step, report) =>
  run.lanes.use(async (client) => {
    const target = `copy ${step.target}` as const;
    await takeLock(client, { project: run.project.name, target, actor: run.actor, run: run.id });
    try {
      const { tables, rows, bytes, harmless, left } = await performCopy(run, step.target, (phase) =>
        report.progress({ phase }),
      );
      for (const text of harmless) report.note(`pg_restore went on after: ${text}`);
      for (const name of left) report.note(`the extension ${name} is in neither database and was left out`);
      return { end: 'done', rows, bytes, detail: { tables, harmless: harmless.length } };
    } finally {
      await releaseLock(client, run.project.name, target);
    }
  });
