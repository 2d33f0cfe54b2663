import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Demo } from '../../demo/demo.ts';
import type { RunEvent } from '../../plan/events.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';
import { PlainReporter } from '../output/plain.ts';
import { showConsole } from './console.ts';
import { examples, type Host } from './host.ts';

interface DemoOptions {
  dir?: string;
  reset?: boolean;
}

export function addDemo(program: Command, host: Host): void {
  program
    .command('demo')
    .summary('the console on an embedded PostgreSQL and S3')
    .description(
      'The console on an embedded PostgreSQL and S3 with demo data, in which one day is missing, one failed, one is stale and one arrived corrupt. --config NAME shows another system that comes with dayboard. Nothing but this machine can reach them, and they end with it. Without a terminal it says where they listen, and stays until it is interrupted.',
    )
    .option('--dir <dir>', "where it keeps its files (default: in the user's data directory)")
    .option('--reset', 'start over')
    .addHelpText(
      'after',
      examples(
        ['dayboard demo', 'goes on where the last one ended'],
        ['dayboard demo --reset', 'starts over'],
        ['dayboard demo --config NAME', 'another system'],
      ),
    )
    .action((options, command) => host.run(command, (cli) => demo(cli, options)));
}

async function demo(cli: Cli, options: DemoOptions): Promise<number> {
  const { io } = cli;
  const { startDemo } = await import('../../demo/demo.ts');
  const started = await startDemo({
    ...(cli.globals.config === undefined ? {} : { system: cli.globals.config }),
    ...(options.dir === undefined ? {} : { directory: resolve(io.cwd, options.dir) }),
    reset: options.reset === true,
    env: io.env,
    actor: io.actor,
    now: io.now,
    log: (line) => cli.say(line),
  });
  try {
    return io.stdin.isTTY === true && io.stdout.isTTY === true
      ? await onTerminal(cli, started)
      : await asServer(cli, started);
  } finally {
    await started.stop();
  }
}

async function onTerminal(cli: Cli, demo: Demo): Promise<number> {
  await demo.begin();
  await showConsole(cli, { workspace: demo.workspace, leave: () => demo.stop(), tips: TIPS });
  return EXIT.done;
}

const TIPS = [
  '] goes to the next problem, and Enter says what is wrong with it',
  'i repairs the day under the cursor: it shows the plan first',
  'v marks a range of days, space a single one; i takes all that is marked',
  'm computes the view under the cursor, 3 shows how fresh they all are',
  '? lists every key',
];

/** Where it listens, on stdout; the passwords are in the file that it names. Then it stays. */
async function asServer(cli: Cli, demo: Demo): Promise<number> {
  const { workspace, environmentFile } = demo;
  const { database, source } = workspace.context;
  cli.print([
    `database     ${cli.out.text(database)}`,
    `source       ${cli.out.text(source)}`,
    `environment  ${cli.out.text(environmentFile)}`,
    '',
    `From another terminal: . ${cli.out.text(environmentFile)} && dayboard --config ${workspace.project.name} status`,
  ]);
  const log = new PlainReporter(cli.io.stderr, cli.err, cli.io.now);
  let inFlight = false;
  const left = interrupted(cli);
  await demo.begin((event: RunEvent) => {
    inFlight = event.type !== 'run.done';
    log.event(event);
  });
  log.message('it stays until it is interrupted (Ctrl-C or SIGTERM)');
  await left;
  log.message('stopping');
  return inFlight ? EXIT.interrupted : EXIT.done;
}

/** Resolves at the first signal; a second one leaves at once. */
function interrupted(cli: Cli): Promise<void> {
  return new Promise((done) => {
    cli.interrupts.answer([() => done(), () => cli.io.exit(EXIT.interrupted)]);
  });
}
