import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RunEvent } from '../../plan/events.ts';
import { ON_ERROR, type OnError, type ScriptPlan } from '../../plan/script.ts';
import type { ScriptRequest } from '../../run/ready-script.ts';
import type { ScriptStreams } from '../../run/script.ts';
import type { RunHandle } from '../../run/workspace.ts';
import { usage } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { confirmed, confirmProduction } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { canAsk } from '../io.ts';
import { errorText } from '../output/error.ts';
import { jsonLine } from '../output/json.ts';
import { forTerminal, scriptPlanText, scriptsText, ScriptStatus, scriptSummary } from '../output/script.ts';
import type { Session } from '../session.ts';
import { examples, type Host } from './host.ts';

interface ScriptOptions {
  variable?: string[];
  singleTransaction?: boolean;
  onError: string;
  statementTimeout?: string;
  lockTimeout?: string;
  root?: string;
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
}

export function addScript(program: Command, host: Host): void {
  program
    .command('script')
    .summary('run a psql script, without psql')
    .description(
      "Runs a script written for psql over dayboard's own connection: statements, \\copy, \\i, variables and the other commands of scripts. Its output is psql's. What is not supported is named before anything runs. The run is in `dayboard runs`, with the script's hash, its variables and the end of its output.",
    )
    .argument('[script]', 'a file, or a script of the project; without one these are listed')
    .option('-v, --variable <name=value>', 'a variable; as often as there are some', collect)
    .option('-1, --single-transaction', 'everything in one transaction')
    .option('--on-error <what>', `at an error: ${ON_ERROR.join(' or ')}`, 'stop')
    .option('--statement-timeout <time>', "no statement may take longer: '5min'")
    .option('--lock-timeout <time>', "no statement waits longer for a lock: '10s'")
    .option(
      '--root <dir>',
      'files that the script names lie in here: the working directory, or that of a script that lies elsewhere',
    )
    .option('--dry-run', 'show what its statements do, and run none')
    .option('--json', 'events as JSON lines; with --dry-run the plan as one JSON value')
    .option('--yes', 'run it without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard script', "the project's scripts, their parameters and last runs"],
        ['dayboard script sql/fix.sql --dry-run', 'its statements, what they do and to what'],
        ['dayboard script sql/fix.sql -1 -v day=2024-11-14', 'all of it or nothing'],
      ),
    )
    .action((script: string | undefined, options: ScriptOptions, command) =>
      host.run(command, (cli) => (script === undefined ? list(cli, options) : run(cli, script, options))),
    );
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** The project's scripts with their parameters and how they went. */
function list(cli: Cli, { json }: ScriptOptions): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const scripts = await workspace.scripts();
    if (json === true)
      cli.printJson({ schema: 'dayboard.scripts/1', project: workspace.project.name, scripts });
    else cli.print(scriptsText(scripts, cli.out));
    return EXIT.done;
  });
}

function run(cli: Cli, script: string, options: ScriptOptions): Promise<number> {
  const request = requestOf(cli, script, options);
  return cli.withSession(async (session) => {
    const plan = await session.workspace.planScript(request);
    if (options.dryRun === true) {
      if (options.json === true) cli.printJson(plan);
      else cli.print(scriptPlanText(plan, cli.out));
      return plan.refused.length > 0 ? EXIT.refused : EXIT.done;
    }
    await agree(cli, session, plan, options);
    return work(cli, session, plan, request, options.json === true);
  });
}

function requestOf(cli: Cli, script: string, options: ScriptOptions): ScriptRequest {
  const { cwd } = cli.io;
  const onError = ON_ERROR.find((each) => each === options.onError);
  if (onError === undefined)
    throw usage(`"${options.onError}" is nothing to do at an error.`, `Give ${ON_ERROR.join(' or ')}.`);
  return {
    script,
    directory: cwd,
    ...(options.root === undefined ? {} : { root: resolve(cwd, options.root) }),
    variables: (options.variable ?? []).map(readVariable),
    singleTransaction: options.singleTransaction === true,
    onError: onError satisfies OnError,
    ...(options.statementTimeout === undefined
      ? {}
      : { statementTimeout: readTime('--statement-timeout', options.statementTimeout) }),
    ...(options.lockTimeout === undefined
      ? {}
      : { lockTimeout: readTime('--lock-timeout', options.lockTimeout) }),
  };
}

/** A time as PostgreSQL's settings take one: milliseconds, or a number with its unit. */
function readTime(option: string, given: string): string {
  if (/^\s*\d+(\.\d+)?\s*(us|ms|s|min|h|d)?\s*$/.test(given)) return given;
  throw usage(`"${given}" is no time for ${option}.`, "Write it as '10s', '5min' or '2h'.");
}

function readVariable(given: string): [name: string, value: string] {
  const at = given.indexOf('=');
  if (at < 1) throw usage(`"${given}" is no variable.`, 'Write it as -v name=value.');
  return [given.slice(0, at), given.slice(at + 1)];
}

/** Production asks for its name when anything is changed; elsewhere somebody at a terminal is asked before rows are lost. */
async function agree(
  cli: Cli,
  { context }: Session,
  plan: ScriptPlan,
  options: ScriptOptions,
): Promise<void> {
  const { statements } = plan;
  if (statements.every(({ does }) => does === 'read' || does === 'session') || context.readOnly) return;
  if (options.yes !== true && canAsk(cli.io)) cli.say(`${plan.name}: ${scriptSummary(plan)}`);
  if (context.production) {
    await confirmProduction(cli, context, options.yes === true);
    return;
  }
  const destructive = statements.filter(({ does }) => does === 'destructive');
  if (options.yes === true || destructive.length === 0 || !canAsk(cli.io)) return;
  for (const { file, line, text } of destructive) cli.say(`  ${file}:${line}: ${text}`);
  await confirmed(cli, context, 'Run it?', 'Nothing was run.');
}

async function work(
  cli: Cli,
  session: Session,
  plan: ScriptPlan,
  request: ScriptRequest,
  json: boolean,
): Promise<number> {
  const { stdout, stderr, stdin } = cli.io;
  const status = !json && stderr.isTTY === true ? new ScriptStatus(stderr) : undefined;
  const write = (stream: NodeJS.WriteStream, data: string | Buffer): void => {
    status?.clear();
    stream.write(stream.isTTY === true ? forTerminal(data) : data);
  };
  const streams: ScriptStreams = {
    stdin: () => stdin as AsyncIterable<Buffer>,
    // Of its events its messages are notes; its results are in the ledger.
    stdout: (data) => (json ? undefined : write(stdout, data)),
    stderr: (text) => (json ? undefined : write(stderr, text)),
  };
  const onEvent = (event: RunEvent): void => {
    if (json) stdout.write(jsonLine(event));
    else if (event.type === 'step.progress') status?.show(event);
    else if (event.type === 'step.failed') {
      status?.clear();
      stderr.write(`${errorText(event.error, cli.err)}\n`);
    }
  };
  let handle: RunHandle | undefined;
  let interrupted = false;
  const stopAnswering = cli.interrupts.answer([
    () => {
      interrupted = true;
      status?.clear();
      cli.say('cancelling the statement at work; once more to leave at once');
      void handle?.cancel('now');
    },
    () => cli.io.exit(EXIT.interrupted),
  ]);
  const gone = () => void handle?.cancel('now');
  cli.io.readerGone.addEventListener('abort', gone);
  try {
    handle = await session.workspace.startScript(plan, request, streams, onEvent);
    // The signal came while the run was being started.
    if (interrupted) await handle.cancel('now');
    const outcome = await handle.done;
    return interrupted && outcome.state === 'cancelled' ? EXIT.interrupted : outcome.exitCode;
  } finally {
    status?.clear();
    cli.io.readerGone.removeEventListener('abort', gone);
    stopAnswering();
  }
}
