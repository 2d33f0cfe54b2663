import type { Outcome, RunEvent } from '../plan/events.ts';
import type { Plan, PlanRequest } from '../plan/plan.ts';
import { DayboardError } from '../project/errors.ts';
import type { RunHandle } from '../run/workspace.ts';
import type { Cli } from './cli.ts';
import { confirmProduction } from './confirm.ts';
import { EXIT } from './exit-codes.ts';
import { listFor } from './listing.ts';
import { JsonReporter } from './output/json.ts';
import { nothingToDoText, planText } from './output/plan.ts';
import { PlainReporter } from './output/plain.ts';
import type { Reporter } from './output/reporter.ts';
import { Summary } from './output/summary.ts';
import type { Session } from './session.ts';

export interface ExecuteOptions {
  json: boolean;
  dryRun: boolean;
  yes: boolean;
  /** Asks the source what it has first. */
  list: boolean;
  /** Writes the summary after the run. */
  summary: boolean;
  onEvent?: (event: RunEvent) => void;
}

/** The whole way of a request: listing, plan, confirmation, run with progress, summary. Gives the exit code. */
export async function execute(
  cli: Cli,
  session: Session,
  asked: PlanRequest,
  options: ExecuteOptions,
): Promise<number> {
  const { workspace, context } = session;
  const { request, leftOut } = options.list
    ? await listFor(cli, session, asked)
    : { request: asked, leftOut: false };
  if (options.dryRun) {
    printPlan(cli, await workspace.plan(request), options.json);
    return EXIT.done;
  }
  let confirmed = false;
  // Nobody looked at the plan: when the state moved between making and starting it, it is simply made again.
  for (let tries = 1; ; tries += 1) {
    const plan = await workspace.plan(request);
    if (plan.steps.length === 0) return nothingToDo(cli, plan, options.json);
    if (!confirmed) await confirmProduction(cli, context, options.yes);
    confirmed = true;
    try {
      const code = await run(cli, session, plan, options);
      return leftOut && code === EXIT.done ? EXIT.partly : code;
    } catch (thrown) {
      const moved = thrown instanceof DayboardError && thrown.code === 'plan.out-of-date';
      if (!moved || tries === PLANS) throw thrown;
    }
  }
}

/** So often is a plan made before it is said that the state does not hold still. */
const PLANS = 3;

export function printPlan(cli: Cli, plan: Plan, json: boolean): void {
  if (json) cli.printJson(plan);
  else cli.print(planText(plan, cli.out));
}

function nothingToDo(cli: Cli, plan: Plan, json: boolean): number {
  const elsewhere = plan.cells.find((cell) => cell.state === 'running');
  if (elsewhere !== undefined) throw runningElsewhere(elsewhere.dataset, elsewhere.period, elsewhere.reason);
  if (!json) {
    cli.print([cli.out.text(nothingToDoText(plan))]);
    return EXIT.done;
  }
  const outcome: Outcome = {
    state: 'done',
    steps: { done: 0, failed: 0, skipped: 0, cancelled: 0 },
    deliveries: { published: 0, failed: 0, unchanged: plan.cells.length, cancelled: 0 },
    seconds: 0,
    exitCode: EXIT.done,
  };
  // No run was started: the line that every sync ends with has no run's id.
  const last: RunEvent = { schema: 'dayboard.event/1', run: '', at: cli.io.now(), type: 'run.done', outcome };
  cli.printJson(last);
  return EXIT.done;
}

function runningElsewhere(dataset: string, period: string, reason: string): DayboardError {
  return new DayboardError({
    code: 'lock.held',
    kind: 'refused',
    message: `${dataset} ${period} is being worked on by another run, and nothing else is left to do.`,
    facts: { dataset, period },
    next: `${reason} \`dayboard runs follow${runOf(reason)}\` watches it.`,
  });
}

/** The number of the run that a cell's reason names. */
function runOf(reason: string): string {
  const found = /\bRun (\d+)/.exec(reason);
  return found === null ? '' : ` ${found[1]}`;
}

async function run(cli: Cli, session: Session, plan: Plan, options: ExecuteOptions): Promise<number> {
  const reporter = await createReporter(cli, plan, options.json);
  const summary = new Summary(plan);
  let handle: RunHandle | undefined;
  let interrupted = false;
  const stopAnswering = cli.interrupts.answer([
    () => {
      interrupted = true;
      reporter.message('cancelling: what is in flight is rolled back; once more to leave at once');
      void handle?.cancel('now');
    },
    () => void leaveAtOnce(cli, reporter),
  ]);
  try {
    handle = await session.workspace.start(plan, (event) => {
      reporter.event(event);
      summary.event(event);
      options.onEvent?.(event);
    });
    // The signal came while the run was being started.
    if (interrupted) await handle.cancel('now');
    const outcome = await handle.done;
    await reporter.end();
    if (!options.json && options.summary) cli.print(summary.text(cli.out));
    const unneeded = summary.unneeded();
    if (options.json && unneeded !== undefined) reporter.message(unneeded);
    return interrupted && outcome.state === 'cancelled' ? EXIT.interrupted : outcome.exitCode;
  } finally {
    stopAnswering();
    await reporter.end();
  }
}

/** A second Ctrl-C: the server rolls back what this process leaves open, and the next run tidies up. */
async function leaveAtOnce(cli: Cli, reporter: Reporter): Promise<void> {
  await reporter.end();
  cli.io.exit(EXIT.interrupted);
}

/** How a run is shown: events as JSON on stdout, a live list on a terminal, else one line per event. */
export async function createReporter(cli: Cli, plan: Plan, json: boolean): Promise<Reporter> {
  const { io, err } = cli;
  if (json) return new JsonReporter(io.stdout, io.stderr);
  if (io.stderr.isTTY !== true || io.env.TERM === 'dumb') return new PlainReporter(io.stderr, err, io.now);
  const { ListReporter } = await import('./output/list.ts');
  return new ListReporter({ stream: io.stderr, paint: err, plan, now: io.now });
}
