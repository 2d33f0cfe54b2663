import type { Command } from 'commander';
import { DayboardError } from '../../project/errors.ts';
import { parseCount } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { createReporter } from '../execute.ts';
import { asCalled } from '../invocation.ts';
import { EXIT } from '../exit-codes.ts';
import { auditText, runsText, runText } from '../output/runs.ts';
import { Summary } from '../output/summary.ts';
import { examples, type Host } from './host.ts';

const LIMIT = 20;
const MOST_RUNS = 10_000;

interface JsonOption {
  json?: boolean;
}

export function addRuns(program: Command, host: Host): void {
  const runs = program
    .command('runs')
    .summary('who ran what, when, and how it went')
    .description('The last runs, newest first.')
    .option('--limit <n>', `how many (default: ${LIMIT})`)
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard runs', `the last ${LIMIT}`],
        ['dayboard runs show 1841', 'one with its steps and errors'],
        ['dayboard runs follow 1846', 'live; ends with its exit code'],
        ['dayboard runs audit --limit 100', 'who did what: also cancels, forced guards, undos'],
      ),
    )
    .action((options: JsonOption & { limit?: string }, command) =>
      host.run(command, (cli) => list(cli, options)),
    );
  runs
    .command('show')
    .summary('one run with its steps')
    .description('One run with its steps, how long they took, and their errors.')
    .argument('<id>', 'as `dayboard runs` lists it')
    .option('--json', 'one JSON value, with the plan')
    .addHelpText('after', examples(['dayboard runs show 1841', 'its steps and errors']))
    .action((id, _options, command) => host.run(command, (cli) => show(cli, id, command.optsWithGlobals())));
  runs
    .command('audit')
    .summary('who did what')
    .description(
      'Who did what, when and in which context, newest first: runs, who cancelled them, guards that were forced, versions that were taken back, rows that were deleted at a source.',
    )
    .option('--limit <n>', `how many (default: ${LIMIT})`)
    .option('--json', 'one JSON value')
    .addHelpText('after', examples(['dayboard runs audit --json', 'for machines']))
    .action((_options, command) => host.run(command, (cli) => audit(cli, command.optsWithGlobals())));
  runs
    .command('follow')
    .summary('one run, live')
    .description(
      'Follows a run, wherever it was started, until it ends; ends with its exit code. Ctrl-C leaves it running.',
    )
    .argument('<id>', 'as `dayboard runs` lists it')
    .option('--json', 'events as JSON lines')
    .addHelpText('after', examples(['dayboard runs follow 1846 --json', 'its events, for machines']))
    .action((id, _options, command) =>
      host.run(command, (cli) => follow(cli, id, command.optsWithGlobals())),
    );
}

function audit(cli: Cli, options: JsonOption & { limit?: string }): Promise<number> {
  const limit = options.limit === undefined ? LIMIT : parseCount(options.limit, '--limit', MOST_RUNS);
  return cli.withSession(async ({ workspace }) => {
    const entries = await workspace.audit(limit);
    if (options.json === true)
      cli.printJson({ schema: 'dayboard.audit/1', project: workspace.project.name, entries });
    else cli.print(auditText(entries, cli.out));
    return EXIT.done;
  });
}

function list(cli: Cli, options: JsonOption & { limit?: string }): Promise<number> {
  const limit = options.limit === undefined ? LIMIT : parseCount(options.limit, '--limit', MOST_RUNS);
  return cli.withSession(async ({ workspace }) => {
    const runs = await workspace.runs(limit);
    if (options.json === true)
      cli.printJson({ schema: 'dayboard.runs/1', project: workspace.project.name, runs });
    else cli.print(runsText(runs, cli.io.now(), cli.out));
    return EXIT.done;
  });
}

function show(cli: Cli, id: string, options: JsonOption): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const detail = await workspace.run(id);
    if (options.json === true) cli.printJson({ schema: 'dayboard.run/1', ...detail });
    else cli.print(runText(detail, cli.io.now(), cli.out));
    return EXIT.done;
  });
}

function follow(cli: Cli, id: string, options: JsonOption): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const { plan } = await workspace.run(id);
    const reporter = await createReporter(cli, plan, options.json === true);
    const summary = new Summary(plan);
    const left = new AbortController();
    cli.io.readerGone.addEventListener('abort', () => left.abort());
    const stopAnswering = cli.interrupts.answer([() => left.abort(), () => cli.io.exit(EXIT.interrupted)]);
    let exitCode: number | undefined;
    try {
      for await (const event of workspace.follow(id, left.signal)) {
        reporter.event(event);
        summary.event(event);
        if (event.type === 'run.done') exitCode = event.outcome.exitCode;
      }
    } finally {
      stopAnswering();
      await reporter.end();
    }
    if (exitCode === undefined) return leftRunning(cli, id, left.signal.aborted);
    if (options.json !== true) cli.print(summary.text(cli.out));
    return exitCode;
  });
}

function leftRunning(cli: Cli, id: string, left: boolean): number {
  if (left) {
    cli.say(`Run ${id} goes on; \`dayboard cancel ${id}\` stops it.`);
    return EXIT.interrupted;
  }
  throw new DayboardError({
    code: 'run.interrupted',
    kind: 'interrupted',
    message: `Run ${id} ended without a word: its process is gone.`,
    facts: { run: id },
    next: 'What it had not published was rolled back. Run it again; it goes on from what is there.',
  });
}

export function addCancel(program: Command, host: Host): void {
  program
    .command('cancel')
    .summary('stop a run')
    .description(
      'Asks a run to stop after the steps in flight (a script after the statement at work), wherever it was started. What is published or committed stays.',
    )
    .argument('<id>', 'as `dayboard runs` lists it')
    .option('--now', 'cancel the steps in flight too; they are rolled back')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard cancel 1846', 'nothing new is started'],
        ['dayboard cancel 1846 --now', 'what is in flight is rolled back'],
      ),
    )
    .action((id, options, command) => host.run(command, (cli) => cancel(cli, id, options)));
}

function cancel(cli: Cli, id: string, options: JsonOption & { now?: boolean }): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const mode = options.now === true ? 'now' : 'step';
    await workspace.cancel(id, mode);
    if (options.json === true) cli.printJson({ schema: 'dayboard.cancel/1', run: id, mode });
    else
      cli.print([
        asCalled(
          `Run ${id} ${mode === 'now' ? 'is cancelled now' : 'stops after the steps in flight'}; \`dayboard runs follow ${id}\` shows it end.`,
          cli.globals,
        ),
      ]);
    return EXIT.done;
  });
}
