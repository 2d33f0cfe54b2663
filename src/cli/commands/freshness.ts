import type { Command } from 'commander';
import type { DerivedStatus } from '../../plan/board.ts';
import { derivedInOrder } from '../../plan/derived.ts';
import { parseNames } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';
import { derivedTable } from '../output/status.ts';
import { examples, type Host } from './host.ts';

interface FreshnessOptions {
  json?: boolean;
}

export function addFreshness(program: Command, host: Host): void {
  program
    .command('freshness')
    .summary('how far each relation reaches, against its limits')
    .description(
      'How far the data in each relation reaches, measured from the data, against its limits. Exit code 4 when one is past its error limit or its age is unknown; a warning does not fail.',
    )
    .argument('[names...]', 'datasets, rollups, views and aggregates by name; all by default')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard freshness', 'all of them'],
        ['dayboard freshness user_daily_visits || notify', 'one of them, for a script'],
      ),
    )
    .action((names, options, command) => host.run(command, (cli) => freshness(cli, names, options)));
}

function freshness(cli: Cli, names: string[], options: FreshnessOptions): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const { project, context } = workspace;
    const known = [
      ...(project.copies ?? []).map((copy) => copy.name),
      ...project.datasets.map((dataset) => dataset.name),
      ...derivedInOrder(project).map((derived) => derived.name),
    ];
    const wanted = parseNames(names, known, 'relation');
    const relations = await workspace.freshness(wanted.length === 0 ? undefined : wanted);
    const asOf = cli.io.now();
    if (options.json === true) {
      cli.printJson({
        schema: 'dayboard.freshness/1',
        project: project.name,
        context: context.name,
        asOf,
        relations,
      });
    } else {
      cli.print(derivedTable(relations, asOf, cli.out));
    }
    return relations.some(isTooOld) ? EXIT.stale : EXIT.done;
  });
}

function isTooOld({ verdict }: DerivedStatus): boolean {
  return verdict === 'error' || verdict === 'unknown';
}
