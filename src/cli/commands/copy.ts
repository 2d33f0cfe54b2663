import type { Command } from 'commander';
import { parseNames } from '../arguments.ts';
import { confirmed } from '../confirm.ts';
import { execute, printPlan } from '../execute.ts';
import { canAsk } from '../io.ts';
import { examples, type Host } from './host.ts';

interface CopyOptions {
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
}

export function addCopy(program: Command, host: Host): void {
  program
    .command('copy')
    .summary('replace tables of the target by those of a source database')
    .description(
      'Replaces the tables of a schema by those of a source database, all but those that the definition leaves out, with pg_dump and pg_restore in one snapshot, and compares the rows of each table afterwards. Tables that are at the target alone stay. Shows what would be replaced first and asks; refuses when source and target are one database, or the target is one that must never be replaced.',
    )
    .argument('[names...]', 'copies of the definition (default: all that are switched on)')
    .option('--dry-run', 'show what would be replaced, and replace nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'do it without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard copy --dry-run', 'which tables, from where, with which pg_dump'],
        ['dayboard copy --yes', 'from cron, before a sync'],
      ),
    )
    .action((names: string[], options: CopyOptions, command) =>
      host.run(command, (cli) =>
        cli.withSession(async (session) => {
          const known = (session.workspace.project.copies ?? []).map((copy) => copy.name);
          const request = {
            command: 'copy' as const,
            cells: [],
            reprocess: [],
            names: parseNames(names, known, 'copy'),
            concurrency: 1,
            force: [],
          };
          if (options.dryRun !== true && options.yes !== true) {
            const plan = await session.workspace.plan(request);
            if (plan.steps.length > 0) {
              if (canAsk(cli.io)) printPlan(cli, plan, false);
              await confirmed(cli, session.context, 'Replace these tables?', 'Nothing was replaced.');
            }
          }
          return execute(cli, session, request, {
            json: options.json === true,
            dryRun: options.dryRun === true,
            yes: true,
            list: false,
            summary: true,
          });
        }),
      ),
    );
}
