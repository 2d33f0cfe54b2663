import type { PlanRequest } from '../../src/plan/plan.ts';
import { toDayboardError } from '../../src/project/errors.ts';
import { requestOf, type TestWorkspace } from './workspace.ts';

/** Runs a request to its end: how it ended, or who was at it. */
export async function work(board: TestWorkspace, request: Partial<PlanRequest>): Promise<string> {
  try {
    const plan = await board.workspace.plan(requestOf(request));
    if (plan.steps.length === 0) return 'nothing to do';
    const failures: string[] = [];
    const handle = await board.workspace.start(plan, (event) => {
      if (event.type === 'step.failed') failures.push(event.error.code);
    });
    const { state } = await handle.done;
    return state === 'done' ? 'done' : `${state}: ${[...new Set(failures)].join(' ')}`;
  } catch (thrown) {
    return toDayboardError(thrown).code;
  }
}

/** Ends that are as they should be: it was done, or somebody else was at it, or at some of it, or had just changed it. */
export const FINE =
  /^(done|nothing to do|((partly|failed): )?(lock\.held|plan\.out-of-date|undo\.\S+|cleanup\.changed))$/;
