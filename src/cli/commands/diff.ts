import { type Command, InvalidArgumentError } from 'commander';
import type { DeliveryDiff } from '../../plan/diff.ts';
import type { RunEvent } from '../../plan/events.ts';
import { GUARDS } from '../../plan/plan.ts';
import { parseCells } from '../arguments.ts';
import { execute } from '../execute.ts';
import { diffText } from '../output/diff.ts';
import { examples, type Host } from './host.ts';

interface DiffOptions {
  against?: number;
  json?: boolean;
  showIds?: boolean;
}

export function addDiff(program: Command, host: Host): void {
  program
    .command('diff')
    .summary('what loading a delivery again, or undoing it, would change')
    .description(
      'Compares what is published with the object at the source: rows that would come, go and change, by key, and what each rollup would become. The change is made as a sync makes it and rolled back. With --against: with the version before, which is what an undo brings back.',
    )
    .argument('<period>', 'the delivery: 2024-11-14')
    .argument('<dataset>', 'the name of the dataset')
    .option('--against <version>', 'the version before the published one', parseVersion)
    .option('--show-ids', 'ids of people and devices whole; the ledger keeps them masked all the same')
    .option('--json', 'the difference as one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard diff 2024-11-14 user_daily_visits', 'what a sync would change'],
        ['dayboard diff 2024-11-14 user_daily_visits --against 1', 'what an undo would change'],
      ),
    )
    .action((periods: string, datasets: string, options: DiffOptions, command) =>
      host.run(command, (cli) =>
        cli.withSession(async (session) => {
          const { project } = session.workspace;
          const request = {
            command: 'diff' as const,
            cells: parseCells({ periods, datasets }, project, cli.io.now()),
            reprocess: ['all' as const],
            names: [],
            concurrency: 1,
            force: [...GUARDS],
            ...(options.against === undefined ? {} : { against: options.against }),
            ...(options.showIds === true ? { showIds: true as const } : {}),
          };
          const found: DeliveryDiff[] = [];
          const exitCode = await execute(cli, session, request, {
            json: false,
            dryRun: false,
            yes: true,
            list: options.against === undefined,
            summary: false,
            onEvent: (event) => found.push(...diffOf(event)),
          });
          for (const diff of found) {
            if (options.json === true) cli.printJson(diff);
            else cli.print(diffText(diff, cli.out));
          }
          return exitCode;
        }),
      ),
    );
}

function parseVersion(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A version is a number from 1 on.');
  return Number(text);
}

/** The difference that a step of the kind 'diff' found. */
function diffOf(event: RunEvent): DeliveryDiff[] {
  if (event.type !== 'step.done' || event.step.kind !== 'diff') return [];
  const diff = event.detail?.['diff'];
  return diff === undefined ? [] : [diff as DeliveryDiff];
}
