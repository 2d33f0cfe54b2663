import type { Command } from 'commander';
import { derivedInOrder } from '../../plan/derived.ts';
import { parseConcurrency, parseRefresh, usage } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { execute } from '../execute.ts';
import { examples, type Host } from './host.ts';

interface RefreshOptions {
  stale?: boolean;
  owed?: boolean;
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
  concurrency?: string;
}

const CONCURRENCY = 3;

export function addRefresh(program: Command, host: Host): void {
  program
    .command('refresh')
    .summary('compute rollups, views and aggregates')
    .description(
      'Computes named rollups and views, periods of aggregates, or all that is owed or stale. An aggregate that is named without periods is computed for those that it owes. Readers are not locked out.',
    )
    .argument('[names...]', 'rollups, views and aggregates by name; after aggregates, their periods')
    .option('--stale', 'all that are past their freshness limits, or owe something')
    .option('--owed', 'all that owe something')
    .option('--concurrency <n>', `at once (default: ${CONCURRENCY})`)
    .option('--dry-run', 'print the plan and run nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'write in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard refresh monthly_visits', 'one of them'],
        [
          'dayboard refresh weekly_visits 2024-W46',
          'one week of an aggregate; 2024-W01..2024-W46, or -52, for more',
        ],
        ['dayboard refresh --owed', 'what an import left to be computed'],
        ['dayboard refresh --stale --dry-run', 'what would be computed, and for how long'],
      ),
    )
    .action((names, options, command) => host.run(command, (cli) => refresh(cli, names, options)));
}

function refresh(cli: Cli, names: string[], options: RefreshOptions): Promise<number> {
  const [stale, owed] = [options.stale === true, options.owed === true];
  if (names.length === 0 && !stale && !owed) {
    throw usage(
      'Nothing is named to refresh.',
      'Name rollups or views, or give --owed or --stale. `dayboard freshness` lists them.',
    );
  }
  return cli.withSession((session) => {
    const { project } = session.workspace;
    const known = derivedInOrder(project).map((derived) => derived.name);
    const request = {
      command: 'refresh' as const,
      cells: [],
      reprocess: [],
      ...parseRefresh(names, known, project, cli.io.now()),
      ...(stale ? { stale } : {}),
      ...(owed ? { owed } : {}),
      concurrency: options.concurrency === undefined ? CONCURRENCY : parseConcurrency(options.concurrency),
      force: [],
    };
    return execute(cli, session, request, {
      json: options.json === true,
      dryRun: options.dryRun === true,
      yes: options.yes === true,
      list: false,
      summary: true,
    });
  });
}
