import { composeWorkspace } from '../../src/run/compose.ts';
import type { Outcome, RunEvent } from '../../src/plan/events.ts';
import { DEFAULT_REPROCESS } from '../../src/plan/command-line.ts';
import type { Plan, PlanRequest } from '../../src/plan/plan.ts';
import type { Project } from '../../src/project/model.ts';
import type { Workspace } from '../../src/run/workspace.ts';

export interface TestWorkspace extends AsyncDisposable {
  workspace: Workspace;
  /** Lists the source, plans and runs to the end. */
  run(request: Partial<PlanRequest>): Promise<{ plan: Plan; outcome: Outcome; events: RunEvent[] }>;
}

/** A workspace as the command line composes one, on the given environment. Close it before its database is dropped. */
export async function openTestWorkspace(parts: {
  project: Project;
  env: Record<string, string>;
  cacheDirectory: string;
  baseDirectory?: string;
  now?: () => string;
  user?: string;
  readOnly?: boolean;
}): Promise<TestWorkspace> {
  const workspace = await composeWorkspace({
    project: parts.project,
    context: { name: 'test', readOnly: parts.readOnly ?? false, production: false },
    env: parts.env,
    actor: { user: parts.user ?? 'ann', host: 'bastion', pid: process.pid },
    now: parts.now ?? (() => new Date().toISOString()),
    baseDirectory: parts.baseDirectory ?? parts.cacheDirectory,
    cacheDirectory: parts.cacheDirectory,
  });
  return {
    workspace,
    run: async (changes) => {
      await workspace.list();
      const plan = await workspace.plan(requestOf(changes));
      const events: RunEvent[] = [];
      const handle = await workspace.start(plan, (event) => events.push(event));
      return { plan, outcome: await handle.done, events };
    },
    [Symbol.asyncDispose]: () => workspace.close(),
  };
}

export function requestOf(changes: Partial<PlanRequest>): PlanRequest {
  return {
    command: 'sync',
    cells: [],
    reprocess: [...DEFAULT_REPROCESS],
    names: [],
    concurrency: 3,
    force: [],
    ...changes,
  };
}
