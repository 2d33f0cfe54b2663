import type { Command } from 'commander';
import { DEFAULT_REPROCESS } from '../../plan/command-line.ts';
import type { Command as PlanCommand, PlanRequest } from '../../plan/plan.ts';
import type { Project } from '../../project/model.ts';
import { parseCells, parseConcurrency, parseGuards, parseReprocess } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { execute } from '../execute.ts';
import { DATASETS, examples, EXAMPLE_SYSTEM, type Host, PERIODS } from './host.ts';

/** Options of `sync`, `fetch`, `import` and `plan`, as commander gives them. */
export interface CellOptions {
  reprocess?: string;
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
  concurrency?: string;
  force?: string;
}

export interface CellArguments {
  periods?: string | undefined;
  datasets?: string | undefined;
}

const CONCURRENCY = 3;

/** What these arguments ask for. */
export function cellRequest(
  command: PlanCommand,
  args: CellArguments,
  options: CellOptions,
  project: Project,
  now: string,
): PlanRequest {
  return {
    command,
    cells: parseCells(args, project, now),
    reprocess: options.reprocess === undefined ? [...DEFAULT_REPROCESS] : parseReprocess(options.reprocess),
    names: [],
    concurrency: options.concurrency === undefined ? CONCURRENCY : parseConcurrency(options.concurrency),
    force: options.force === undefined ? [] : parseGuards(options.force),
  };
}

/** The options that say which of the cells are done, and how. */
export function withCellOptions(command: Command): Command {
  return command
    .option(
      '--reprocess <words>',
      'missing, failed, stale or all, several with commas (default: all but what is loaded)',
    )
    .option('--concurrency <n>', `steps of different deliveries at once (default: ${CONCURRENCY})`)
    .option('--force <guards>', 'publish in spite of these guards: empty, days, rows, loss');
}

export function addSync(program: Command, host: Host): void {
  const sync = program
    .command('sync')
    .summary('the whole pipeline for these periods')
    .description(
      'The whole pipeline for these periods: fetch, load, publish, rollups, views, checks. What is loaded and up to date is left alone. A failed delivery never stops the others; everything derived is computed once, at the end.',
    )
    .argument(`[${PERIODS[0]}]`, `${PERIODS[1]} (default: yesterday)`)
    .argument(`[${DATASETS[0]}]`, DATASETS[1]);
  withCellOptions(sync)
    .option('--dry-run', 'print the plan and run nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'write in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard sync', 'yesterday, every dataset'],
        ['dayboard sync 2024-11-14 user_daily_visits', 'one day of one dataset'],
        ['dayboard sync 2024-11-01..2024-11-14 --dry-run', 'what two weeks would take'],
        ['dayboard sync -7 --reprocess failed', 'what failed in the last seven days'],
        ['dayboard sync 2024-11-14 --reprocess all', 'load it again, loaded or not'],
        [`dayboard --config ${EXAMPLE_SYSTEM} sync --json`, 'for machines'],
      ),
    )
    .action((periods, datasets, options, command) =>
      host.run(command, (cli) => runCells(cli, 'sync', { periods, datasets }, options)),
    );
}

export function addFetch(program: Command, host: Host): void {
  const fetch = program
    .command('fetch')
    .summary('source to verified cache only')
    .description('Fetches deliveries into the cache and verifies them. Nothing is loaded.')
    .argument(`<${PERIODS[0]}>`, PERIODS[1])
    .argument(`[${DATASETS[0]}]`, DATASETS[1]);
  withCellOptions(fetch)
    .option('--dry-run', 'print the plan and run nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'go on in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard fetch 2024-11-14', 'every dataset of a day'],
        ['dayboard fetch -30 user_daily_visits', 'the last thirty days of one'],
      ),
    )
    .action((periods, datasets, options, command) =>
      host.run(command, (cli) => runCells(cli, 'fetch', { periods, datasets }, options)),
    );
}

export function addImport(program: Command, host: Host): void {
  const imports = program
    .command('import')
    .summary('fetch, load and publish; nothing derived')
    .description(
      'Fetches, loads and publishes. Rollups and views are not computed: they become owed, and `dayboard refresh --owed` computes them.',
    )
    .argument(`<${PERIODS[0]}>`, PERIODS[1])
    .argument(`[${DATASETS[0]}]`, DATASETS[1]);
  withCellOptions(imports)
    .option('--dry-run', 'print the plan and run nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'write in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard import 2024-11-01..2024-11-30', 'a month, raw tables only'],
        ['dayboard refresh --owed', 'then what follows from it'],
      ),
    )
    .action((periods, datasets, options, command) =>
      host.run(command, (cli) => runCells(cli, 'import', { periods, datasets }, options)),
    );
}

function runCells(
  cli: Cli,
  command: PlanCommand,
  args: CellArguments,
  options: CellOptions,
): Promise<number> {
  return cli.withSession((session) => {
    const request = cellRequest(command, args, options, session.workspace.project, cli.io.now());
    return execute(cli, session, request, {
      json: options.json === true,
      dryRun: options.dryRun === true,
      yes: options.yes === true,
      list: true,
      summary: true,
    });
  });
}

export function addPlan(program: Command, host: Host): void {
  const plan = program
    .command('plan')
    .summary('what sync would do, with estimates')
    .description('What `sync` would do, with estimates from past runs. The same value as `sync --dry-run`.')
    .argument(`<${PERIODS[0]}>`, PERIODS[1])
    .argument(`[${DATASETS[0]}]`, DATASETS[1]);
  withCellOptions(plan)
    .option('--json', 'the plan as one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard plan 2024-11-01..2024-11-14', 'what two weeks would take'],
        ['dayboard plan yesterday --json', 'the plan as JSON'],
      ),
    )
    .action((periods, datasets, options: CellOptions, command) =>
      host.run(command, (cli) => runCells(cli, 'sync', { periods, datasets }, { ...options, dryRun: true })),
    );
}
