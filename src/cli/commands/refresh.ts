import type { Command } from 'commander';
import { derivedInOrder } from '../../plan/derived.ts';
import { parseConcurrency, parseNames, usage } from '../arguments.ts';
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
    .summary('compute rollups and views')
    .description(
      'Computes named rollups and views, or all that are owed or stale. Readers are not locked out.',
    )
    .argument('[names...]', 'rollups and views by name')
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
    const known = derivedInOrder(session.workspace.project).map((derived) => derived.name);
    const request = {
      command: 'refresh' as const,
      cells: [],
      reprocess: [],
      names: parseNames(names, known, 'rollup or view'),
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
