import type pg from 'pg';
import type { Actor } from '../ledger/actor.ts';
import type { Database } from '../ledger/connection.ts';
import { readScriptHistory } from '../ledger/scripts.ts';
import type { RunEvent } from '../plan/events.ts';
import type { Plan } from '../plan/plan.ts';
import type { ScriptPlan, ScriptSummary } from '../plan/script.ts';
import type { Environment } from '../project/environment.ts';
import type { Project } from '../project/model.ts';
import { planReady, readyScript, type ReadyScript, type ScriptRequest } from './ready-script.ts';
import type { RunContext } from './run-context.ts';
import type { Run } from './runner.ts';
import { builtInFunctions, performScript, type ScriptStreams } from './script.ts';
import { summarizeScripts } from './script-list.ts';
import { requireSameScript, scriptRunPlan, startUnrecorded } from './script-run.ts';
import type { ContextInfo, RunHandle } from './workspace.ts';

export interface ScriptsParts {
  project: Project;
  context: ContextInfo;
  environment: Environment;
  actor: Actor;
  invocation: string;
  /** What files of the definition start from. */
  baseDirectory: string;
  now: () => string;
  database: Database;
  /** The readers' pool, once the ledger is known to be there. */
  reader: () => Promise<pg.Pool>;
  /** Starts a run whose one step does `task`. */
  start: (plan: Plan, onEvent: (event: RunEvent) => void, task: RunContext['task']) => Promise<Run>;
}

/** The scripts of a workspace: which there are, what one would do, and its run. */
export class Scripts {
  private readonly parts: ScriptsParts;

  constructor(parts: ScriptsParts) {
    this.parts = parts;
  }

  async list(): Promise<ScriptSummary[]> {
    const history = await readScriptHistory(await this.parts.reader(), this.parts.project.name);
    return summarizeScripts(this.parts, history);
  }

  async plan(request: ScriptRequest): Promise<ScriptPlan> {
    const { project, context, invocation } = this.parts;
    const script = this.ready(request);
    return planReady(
      script,
      { project: project.name, context: context.name, invocation },
      await this.server(),
    );
  }

  async start(
    plan: ScriptPlan,
    request: ScriptRequest,
    streams: ScriptStreams,
    onEvent: (event: RunEvent) => void,
  ): Promise<RunHandle> {
    const { context, environment, now, actor, database } = this.parts;
    const script = this.ready(request);
    await requireSameScript(plan, script, await this.server());
    const common = { database, environment, readOnly: context.readOnly, streams };
    if (context.readOnly)
      return startUnrecorded(plan, now, onEvent, (report, signals) =>
        performScript({ ...common, ...signals, ledger: undefined, report }, script, plan),
      );
    const client = await this.parts.reader();
    const run = await this.parts.start(
      scriptRunPlan(plan, now()),
      onEvent,
      (report, { signal, stopping }, id) =>
        performScript({ ...common, ledger: { client, run: id }, report, signal, stopping }, script, plan),
    );
    return { id: run.id, done: run.done, cancel: async (mode) => run.cancel(mode, actor.user) };
  }

  private ready(request: ScriptRequest): ReadyScript {
    const { project, baseDirectory, now } = this.parts;
    return readyScript(request, { project, baseDirectory, now: now() });
  }

  private async server() {
    return {
      readOnly: this.parts.context.readOnly,
      builtIn: await builtInFunctions(await this.parts.reader()),
    };
  }
}
