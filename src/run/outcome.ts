import type { DayboardError } from '../project/errors.ts';
import type { Outcome } from '../plan/events.ts';
import type { Plan, PlannedStep } from '../plan/plan.ts';
import type { StepEnd } from './executor.ts';

/** Exit codes (CONTRACT). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  partly: 3,
  stale: 4,
  refused: 5,
  interrupted: 130,
} as const;

export interface EndedStep {
  step: PlannedStep;
  end: StepEnd;
  error?: DayboardError;
}

/** Counts, state and exit code of a run from how its steps ended. */
export function outcomeOf(
  ended: readonly EndedStep[],
  run: { seconds: number; cancelled: boolean; plan: Plan },
): Outcome {
  const count = (end: StepEnd) => ended.filter((each) => each.end === end).length;
  const steps = {
    done: count('done'),
    failed: count('failed'),
    skipped: count('skipped'),
    cancelled: count('cancelled'),
  };
  const deliveries = {
    published: ended.filter((each) => each.step.kind === 'publish' && each.end === 'done').length,
    failed: ended.filter((each) => each.step.period !== undefined && each.end === 'failed').length,
    unchanged: run.plan.cells.filter((cell) => cell.action === 'skip').length,
    cancelled: new Set(
      ended.filter((each) => each.step.period !== undefined && each.end === 'cancelled').map(cellName),
    ).size,
  };
  const base = { steps, deliveries, seconds: run.seconds };
  if (run.cancelled && steps.cancelled > 0)
    return { ...base, state: 'cancelled', exitCode: EXIT.interrupted };
  const failures = ended.filter((each) => each.end === 'failed');
  if (failures.length === 0) return { ...base, state: 'done', exitCode: EXIT.done };
  if (achieved(ended, run.plan)) return { ...base, state: 'partly', exitCode: EXIT.partly };
  return { ...base, state: 'failed', exitCode: failureCode(failures, run.plan) };
}

function cellName({ step }: EndedStep): string {
  return `${step.target} ${step.period ?? ''}`;
}

/** Whether anything that was asked for came about. Derived steps of a sync count only beside a publish. */
function achieved(ended: readonly EndedStep[], plan: Plan): boolean {
  const goal = {
    sync: 'publish',
    import: 'publish',
    undo: 'undo',
    diff: 'diff',
    fetch: 'fetch',
    refresh: undefined,
    check: undefined,
    cleanup: 'cleanup',
    copy: 'copy',
    adopt: 'adopt',
    script: 'script',
  }[plan.request.command];
  return ended.some((each) => each.end === 'done' && (goal === undefined || each.step.kind === goal));
}

function failureCode(failures: readonly EndedStep[], plan: Plan): number {
  if (plan.request.command === 'check') return EXIT.stale;
  return failures.every((each) => each.error?.kind === 'refused') ? EXIT.refused : EXIT.failed;
}
