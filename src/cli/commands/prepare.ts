import type { Command } from 'commander';
import { confirmProduction } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { examples, type Host } from './host.ts';

interface PrepareOptions {
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
}

export function addPrepare(program: Command, host: Host): void {
  program
    .command('prepare')
    .summary('make the tables, indexes and views that the definition wants')
    .description(
      'Makes sure of every raw table, index, rollup and aggregate of the definition, as the first load would, and prints the statements. A second time there is nothing to do. Relations that dayboard did not make are not changed.',
    )
    .option('--dry-run', 'print the statements and leave nothing of them')
    .option('--json', 'one JSON value')
    .option('--yes', 'write in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard prepare --dry-run', 'what would be created or changed'],
        ['dayboard prepare', 'create and change it'],
      ),
    )
    .action((options: PrepareOptions, command) =>
      host.run(command, (cli) =>
        cli.withSession(async ({ workspace, context }) => {
          const preview = options.dryRun === true;
          if (!preview) await confirmProduction(cli, context, options.yes === true);
          const prepared = await workspace.prepare(preview);
          if (options.json === true) cli.printJson(prepared);
          else if (prepared.changes.length === 0) cli.print(['Nothing to do: everything is as defined.']);
          else
            cli.print(prepared.changes.map(({ name, statement }) => cli.out.text(`${name}: ${statement};`)));
          return EXIT.done;
        }),
      ),
    );
}
