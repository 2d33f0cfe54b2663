import type { Outcome, RunEvent } from '../plan/events.ts';
import type { Plan } from '../plan/plan.ts';
import type { ScriptPlan } from '../plan/script.ts';
import { DayboardError, isInterrupted, toDayboardError } from '../project/errors.ts';
import { redact } from '../project/redact.ts';
import type { ServerOfPlan } from '../psql/script-plan.ts';
import { EXIT } from './outcome.ts';
import { planReady, type ReadyScript } from './ready-script.ts';
import type { StepReport, StepResult, TaskSignals } from './run-context.ts';
import type { RunHandle } from './workspace.ts';

/** The plan of a script's run: its one step. */
export function scriptRunPlan({ project, context, name, hash, cli }: ScriptPlan, madeAt: string): Plan {
  return {
    schema: 'dayboard.plan/1',
    project,
    context,
    request: { command: 'script', cells: [], reprocess: [], names: [name], concurrency: 1, force: [] },
    cells: [],
    steps: [{ seq: 1, kind: 'script', target: name, needs: [], after: [] }],
    held: [],
    basis: hash,
    madeAt,
    cli,
  };
}

/**
 * What somebody looked at must be what is run. Errors: 'plan.out-of-date', 'script.refused', both of kind 'refused';
 * nothing was begun.
 */
export async function requireSameScript(
  plan: ScriptPlan,
  script: ReadyScript,
  server: ServerOfPlan,
): Promise<void> {
  const now = await planReady(script, { ...plan, invocation: '' }, server);
  if (now.hash !== plan.hash)
    throw new DayboardError({
      code: 'plan.out-of-date',
      kind: 'refused',
      message: `${plan.name}, or a file that it includes, has changed since the plan was made; nothing was run.`,
      next: 'Look at the new plan and run that.',
    });
  if (now.refused.length === 0) return;
  throw new DayboardError({
    code: 'script.refused',
    kind: 'refused',
    message: `The context "${plan.context}" is read-only. Nothing was run.\n${now.refused.join('\n')}`,
    facts: { context: plan.context, statements: now.refused.length },
    next: 'Take these lines out, or choose a context that may write with --context.',
  });
}

/** Runs a script where no ledger may be written: the same events, with no run's number, for whoever started it. */
export function startUnrecorded(
  plan: ScriptPlan,
  now: () => string,
  listener: (event: RunEvent) => void,
  work: (report: StepReport, signals: TaskSignals) => Promise<StepResult>,
): RunHandle {
  const [abort, stop] = [new AbortController(), new AbortController()];
  const step = { seq: 1, kind: 'script', target: plan.name } as const;
  const about = () => ({ schema: 'dayboard.event/1', run: '', at: now() }) as const;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const end = (state: Outcome['state'], exitCode: number): Outcome => ({
    state,
    steps: {
      done: state === 'done' ? 1 : 0,
      failed: state === 'failed' ? 1 : 0,
      skipped: 0,
      cancelled: state === 'cancelled' ? 1 : 0,
    },
    deliveries: { published: 0, failed: 0, unchanged: 0, cancelled: 0 },
    seconds: seconds(),
    exitCode,
  });
  const report: StepReport = {
    progress: (progress) => listener({ ...about(), type: 'step.progress', step, ...progress }),
    note: (message) => listener({ ...about(), type: 'step.note', step, message: redact(message) }),
  };
  const run = async (): Promise<Outcome> => {
    listener({ ...about(), type: 'step.started', step });
    try {
      const result = await work(report, { signal: abort.signal, stopping: stop.signal });
      const rows = result.end === 'done' && result.rows !== undefined ? { rows: result.rows } : {};
      listener({ ...about(), type: 'step.done', step, seconds: seconds(), ...rows });
      return end('done', EXIT.done);
    } catch (thrown) {
      if (abort.signal.aborted || isInterrupted(thrown)) {
        listener({ ...about(), type: 'step.cancelled', step });
        return end('cancelled', EXIT.interrupted);
      }
      const error = toDayboardError(thrown).toJSON();
      listener({ ...about(), type: 'step.failed', step, seconds: seconds(), error });
      return end('failed', EXIT.failed);
    }
  };
  return {
    id: '',
    done: run().then((outcome) => {
      listener({ ...about(), type: 'run.done', outcome });
      return outcome;
    }),
    cancel: async (mode) => {
      stop.abort();
      if (mode === 'now') abort.abort();
    },
  };
}
