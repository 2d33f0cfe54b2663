import type { Command } from 'commander';
import { execute } from '../execute.ts';
import { parseCells } from '../arguments.ts';
import { examples, type Host } from './host.ts';

export function addUndo(program: Command, host: Host): void {
  program
    .command('undo')
    .summary('the previous version of a delivery back')
    .description(
      'Takes the newest version of a delivery back: the one before it is published again, with its rollups; after the first nothing of the delivery is left. Again takes back one more. What was taken back is not loaded again unless it is asked for.',
    )
    .argument('<period>', 'the delivery: 2024-11-14')
    .argument('<dataset>', 'the name of the dataset')
    .option('--dry-run', 'print the plan and run nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'write in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard undo 2024-11-14 user_daily_visits', 'the version before, with its rollups'],
        ['dayboard undo 2024-11-14 user_daily_visits --dry-run', 'what that would do'],
      ),
    )
    .action((periods: string, datasets: string, options: UndoOptions, command) =>
      host.run(command, (cli) =>
        cli.withSession((session) => {
          const { project } = session.workspace;
          const request = {
            command: 'undo' as const,
            cells: parseCells({ periods, datasets }, project, cli.io.now()),
            reprocess: [],
            names: [],
            concurrency: 1,
            force: [],
          };
          return execute(cli, session, request, {
            json: options.json === true,
            dryRun: options.dryRun === true,
            yes: options.yes === true,
            list: false,
            summary: true,
          });
        }),
      ),
    );
}

interface UndoOptions {
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
}
