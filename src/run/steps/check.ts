import { recordCheck } from '../../ledger/derived.ts';
import { countText } from '../../plan/finding.ts';
import { allPersonalColumns, maskedRow } from '../../project/mask.ts';
import { runCheck } from '../../rollup/check.ts';
import { DayboardError } from '../../project/errors.ts';
import type { StepWork } from '../run-context.ts';

/** Runs a check and keeps its result; findings of severity 'error' fail the step, and so does a check that cannot run. */
export const checkStep: StepWork = async (run, step, report) => {
  const check = run.project.checks.find((each) => each.name === step.target);
  if (check === undefined)
    throw new RangeError(`step ${step.seq} is about an unknown check "${step.target}"`);
  return run.lanes.use(async (client) => {
    const found = await runCheck(client, check, {
      timeZone: run.project.timeZone,
      days: run.plan.request.days,
    });
    const personal = allPersonalColumns(run.project);
    const result = { ...found, findings: found.findings.map((row) => maskedRow(row, personal)) };
    await recordCheck(client, run.project.name, { name: check.name, run: run.id, ...result });
    const count = result.findings.length + result.more;
    const told = countText(count);
    if (result.verdict === 'unknown') {
      throw new DayboardError({
        code: 'check.unknown',
        message: `The check ${check.name} could not be made: ${result.error?.message ?? 'no reason given'}`,
        facts: { check: check.name, ...result.error?.facts },
        next: result.error?.next ?? 'Mend the check; no data was changed by it.',
      });
    }
    if (result.verdict === 'fail') {
      throw new DayboardError({
        code: 'check.failed',
        message: `${check.description} (${told}; first: ${JSON.stringify(result.findings[0])})`,
        facts: { check: check.name, findings: count },
        next: 'The data stays published. Look at the deliveries that it names; `dayboard check` repeats it.',
      });
    }
    if (result.verdict === 'warn') report.note(`${check.description}: ${told}`);
    return { end: 'done', detail: { verdict: result.verdict, findings: count } };
  });
};
