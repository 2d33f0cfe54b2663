import type { Command } from 'commander';
import type { Sizes } from '../../plan/sizes.ts';
import { parseNames } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';
import { sizesText } from '../output/sizes.ts';
import { examples, type Host } from './host.ts';

interface SizesOptions {
  json?: boolean;
}

export function addSizes(program: Command, host: Host): void {
  program
    .command('sizes')
    .summary('what tables and indexes take, and which are never used')
    .description(
      'What the project takes on the server: its tables with their partitions, what undos and the ledger need, and each index with how often queries asked it. Asked of the catalog; no table is read.',
    )
    .argument('[names...]', 'datasets, rollups, views and aggregates by name; all by default')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard sizes', 'everything, the largest first'],
        ['dayboard sizes user_daily_visits --json', 'one of them, for machines'],
      ),
    )
    .action((names, options, command) => host.run(command, (cli) => sizes(cli, names, options)));
}

function sizes(cli: Cli, names: string[], options: SizesOptions): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const found = await workspace.sizes();
    const known = new Set(found.relations.flatMap(({ of }) => (of === undefined ? [] : [of])));
    const wanted = parseNames(names, [...known], 'relation');
    const shown: Sizes = {
      ...found,
      relations: found.relations.filter(({ of = '' }) => wanted.length === 0 || wanted.includes(of)),
    };
    if (options.json === true)
      cli.printJson({
        schema: 'dayboard.sizes/1',
        project: workspace.project.name,
        context: workspace.context.name,
        ...shown,
      });
    else cli.print(sizesText(shown, cli.out));
    return EXIT.done;
  });
}
