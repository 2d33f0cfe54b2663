import type { openSession } from '../../src/cli/session.ts';
import type { ChosenContext } from '../../src/cli/contexts.ts';
import type { Outcome, RunEvent } from '../../src/plan/events.ts';
import type { Plan, PlanRequest } from '../../src/plan/plan.ts';
import type { Project } from '../../src/project/model.ts';
import type { RunHandle, Workspace } from '../../src/run/workspace.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { aCell, aPlan, event, named } from './support.ts';

/** A workspace that plans to import everything that is asked for, and runs what the test lets it run. */
export class FakeWorkspace {
  readonly project: Project;
  readonly context = {
    name: 'default',
    readOnly: false,
    production: false,
    database: 'op@db:5432/stats',
    source: 'files',
  };
  readonly requests: PlanRequest[] = [];
  readonly started: Plan[] = [];
  readonly cancelled: Array<'step' | 'now'> = [];
  closed = 0;
  listed = 0;
  /** What every plan says of its cells. */
  cells: Parameters<typeof aCell>[0] = {};
  outcome: Partial<Outcome> = {};
  /** Runs wait to be cancelled. */
  hangs = false;
  cancelEnds = true;
  private readonly overrides: Partial<Workspace>;

  constructor(
    overrides: Partial<Workspace> = {},
    project: Project = aProject({ datasets: [aDataset(), aDataset({ name: 'sso' })] }),
  ) {
    this.overrides = overrides;
    this.project = project;
  }

  /** What commands get instead of a project on a database. */
  opened(context: Partial<ChosenContext> = {}): typeof openSession {
    return async () => ({
      workspace: { ...this.methods(), ...this.overrides } as Workspace,
      context: { name: 'default', readOnly: false, production: false, ...context },
    });
  }

  private methods(): Partial<Workspace> {
    return {
      project: this.project,
      context: this.context,
      list: async () => {
        this.listed += 1;
        return new Map();
      },
      plan: async (request) => this.plan(request),
      start: async (plan, onEvent) => this.start(plan, onEvent ?? (() => undefined)),
      close: async () => {
        this.closed += 1;
      },
    };
  }

  private plan(request: PlanRequest): Plan {
    this.requests.push(request);
    const cells = request.cells.flatMap(({ dataset, periods }) =>
      periods.map((period) => aCell({ dataset, period, ...this.cells })),
    );
    return { ...aPlan({ cells }), request, cli: 'dayboard sync …' };
  }

  private start(plan: Plan, onEvent: (each: RunEvent) => void): RunHandle {
    this.started.push(plan);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const end = (outcome: Partial<Outcome>) => {
      const whole: Outcome = {
        state: 'done',
        steps: { done: plan.steps.length, failed: 0, skipped: 0, cancelled: 0 },
        deliveries: { published: plan.cells.length, failed: 0, unchanged: 0, cancelled: 0 },
        seconds: 2,
        exitCode: 0,
        ...outcome,
      };
      onEvent(event(2, { type: 'run.done', outcome: whole }));
      resolve(whole);
    };
    const names = plan.steps.map((step) => named(plan, step.seq));
    onEvent(
      event(0, {
        type: 'run.started',
        command: plan.request.command,
        cli: plan.cli,
        by: 'op',
        host: 'bastion',
        steps: names,
      }),
    );
    for (const step of names) onEvent(event(1, { type: 'step.started', step }));
    if (!this.hangs) end(this.outcome);
    return {
      id: '12',
      done: promise,
      cancel: async (mode) => {
        this.cancelled.push(mode);
        if (this.cancelEnds) end({ state: 'cancelled', exitCode: 130 });
      },
    };
  }
}
