import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { type DayboardError, toDayboardError } from '../project/errors.ts';
import { didYouMean } from '../project/nearest.ts';
import { packageRoot } from '../project/package-root.ts';
import { hideSecretsOf } from '../project/redact.ts';
import { usage } from './arguments.ts';
import { Cli } from './cli.ts';
import { addAdopt } from './commands/adopt.ts';
import { addCheck } from './commands/check.ts';
import { addCompletion } from './commands/completion.ts';
import { openConsole } from './commands/console.ts';
import { addCleanup } from './commands/cleanup.ts';
import { addCopy } from './commands/copy.ts';
import { addDemo } from './commands/demo.ts';
import { addDiff } from './commands/diff.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFreshness } from './commands/freshness.ts';
import { examples, EXAMPLE_SYSTEM, type Host } from './commands/host.ts';
import { addInit } from './commands/init.ts';
import { addPrepare } from './commands/prepare.ts';
import { addRefresh } from './commands/refresh.ts';
import { addCancel, addRuns } from './commands/runs.ts';
import { addSchedule } from './commands/schedule.ts';
import { addScript } from './commands/script.ts';
import { addSizes } from './commands/sizes.ts';
import { addStatus } from './commands/status.ts';
import { addFetch, addImport, addPlan, addSync } from './commands/sync.ts';
import { addUndo } from './commands/undo.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { Interrupts } from './interrupts.ts';
import { stackText } from './crash.ts';
import { asCalled } from './invocation.ts';
import type { Io } from './io.ts';
import { errorJson, errorText } from './output/error.ts';
import { jsonLine } from './output/json.ts';
import { createPaint } from './output/paint.ts';
import type { Globals, openSession } from './session.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 partly done, 4 stale (freshness, check),
5 refused (read-only, held by another run, plan out of date, guard), 130 interrupted

Data goes to stdout, progress and messages to stderr. The database and S3 come from the environment:
DATABASE_URL or PG*, S3_BUCKET_NAME, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY.`;

/** Runs one command line and gives the exit code. Never throws: what goes wrong is told. */
export async function runCli(argv: readonly string[], io: Io, open?: typeof openSession): Promise<number> {
  hideSecretsOf(io.env);
  let exitCode: number = EXIT.done;
  let called: Globals = {};
  const interrupts = new Interrupts(io, () => io.exit(EXIT.interrupted));
  const host: Host = {
    run: async (command, work) => {
      const globals = command.optsWithGlobals<Globals>();
      called = globals;
      exitCode = await work(new Cli({ io, globals, interrupts, ...(open === undefined ? {} : { open }) }));
    },
  };
  try {
    await createProgram(io, host).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done;
    const error = thrown instanceof CommanderError ? misuse(thrown) : toDayboardError(thrown);
    tell(error, argv, called, io);
    return exitCodeOf(error);
  } finally {
    interrupts.stop();
  }
}

function createProgram(io: Io, host: Host): Command {
  const program = new Command('dayboard')
    .description(
      'The console with which an on-call operator runs daily data pipelines into PostgreSQL. Without a command it opens on the chosen context.',
    )
    .usage('[options] [command]')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'this, or the help of a command')
    .helpCommand('help [command]', 'the help of a command')
    .option(
      '--context <name>',
      'where to run: a context of the configuration directory (or DAYBOARD_CONTEXT)',
    )
    .option('--config <file|system>', 'a project definition, or a system that comes with dayboard')
    .option('--no-color', 'no colours (or NO_COLOR)')
    .option('--ascii', 'no characters but ASCII')
    .option('--mouse', 'in the console: the wheel moves, a click puts the cursor, a second one is Enter')
    .option(
      '--screen-reader',
      'the console as lines of text that follow one another (or INK_SCREEN_READER=true)',
    )
    .argument('[command]')
    .addHelpText(
      'after',
      examples(
        ['dayboard demo', 'the console on an embedded PostgreSQL and S3 with demo data'],
        ['dayboard sync 2024-11-14', 'repair a day'],
        ['dayboard status', 'what is missing, failed or stale, and why'],
        [`dayboard --config ${EXAMPLE_SYSTEM} doctor`, 'whether a system could run here'],
      ) + `\n${EXIT_CODES}`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Told below, in the same form as every other error.
      outputError: () => undefined,
    })
    .action((name: string | undefined, _options, command: Command) => {
      if (name !== undefined) throw unknownCommand(name, program);
      return host.run(command, openConsole);
    });
  for (const add of COMMANDS) add(program, host);
  return program;
}

const COMMANDS = [
  addDemo,
  addInit,
  addSync,
  addFetch,
  addImport,
  addDiff,
  addUndo,
  addCleanup,
  addCopy,
  addRefresh,
  addCheck,
  addStatus,
  addFreshness,
  addSizes,
  addPlan,
  addRuns,
  addCancel,
  addScript,
  addPrepare,
  addAdopt,
  addSchedule,
  addDoctor,
  addCompletion,
];

/** The commands that there are, by name. */
export function commandNames(): string[] {
  const program = new Command('dayboard');
  const nobody: Host = { run: async () => undefined };
  for (const add of COMMANDS) add(program, nobody);
  return program.commands.map((command) => command.name());
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

function unknownCommand(name: string, program: Command): DayboardError {
  const known = program.commands.map((command) => command.name());
  const below = program.commands.flatMap((command) =>
    command.commands.filter((each) => each.name() === name).map(() => `${command.name()} ${name}`),
  );
  const meant = below.length > 0 ? ` Did you mean "${below.join('" or "')}"?` : didYouMean(name, known);
  return usage(
    `There is no command "${name}".${meant}`,
    '`dayboard --help` lists the commands.',
    'usage.command',
  );
}

function misuse(error: CommanderError): DayboardError {
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return usage(
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`.replace(/[.)]\.$/, (end) => end.charAt(0)),
    '`dayboard COMMAND --help` says what a command takes.',
  );
}

/** On stderr for people; under --json on stdout for machines. */
function tell(error: DayboardError, argv: readonly string[], called: Globals, io: Io): void {
  if (argv.includes('--json')) io.stdout.write(jsonLine(errorJson(error)));
  else {
    const noColor = argv.includes('--no-color');
    const paint = createPaint(io.stderr, { env: io.env, ascii: argv.includes('--ascii'), noColor });
    const { message, next, ...where } = error.toJSON();
    const told = {
      ...where,
      message: asCalled(message, called),
      ...(next === undefined ? {} : { next: asCalled(next, called) }),
    };
    io.stderr.write(`${errorText(told, paint)}\n`);
  }
  if (io.env.DAYBOARD_DEBUG === '1') io.stderr.write(`${stackText(error)}\n`);
}
