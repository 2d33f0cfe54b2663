import type { Command } from 'commander';
import type { PlanRequest } from '../../plan/plan.ts';
import { parseNames } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { confirmed } from '../confirm.ts';
import { execute, printPlan } from '../execute.ts';
import { canAsk } from '../io.ts';
import type { Session } from '../session.ts';
import { examples, type Host } from './host.ts';

interface CleanupOptions {
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
}

export function addCleanup(program: Command, host: Host): void {
  program
    .command('cleanup')
    .summary('delete at a source database what is proven loaded')
    .description(
      'Deletes from the table that a dataset is read from the rows whose key is in the target, in one transaction, and no other: what was inserted after the load stays. Only where the definition allows it (select.cleanup). Shows how many rows of which days first and asks; refuses when another number is proven by then.',
    )
    .argument('<datasets...>', 'names of datasets')
    .option('--dry-run', 'show what would be deleted, and delete nothing')
    .option('--json', 'events as JSON lines; with --dry-run the plan')
    .option('--yes', 'do it without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard cleanup events --dry-run', 'how many rows are proven loaded, by day'],
        ['dayboard cleanup events --yes', 'from cron, after a sync'],
      ),
    )
    .action((datasets: string[], options: CleanupOptions, command) =>
      host.run(command, (cli) => cli.withSession((session) => cleanup(cli, session, datasets, options))),
    );
}

async function cleanup(
  cli: Cli,
  session: Session,
  datasets: string[],
  options: CleanupOptions,
): Promise<number> {
  const known = session.workspace.project.datasets.map((dataset) => dataset.name);
  const names = parseNames(datasets, known, 'dataset');
  const request = {
    command: 'cleanup' as const,
    cells: [],
    reprocess: [],
    names,
    concurrency: 1,
    force: [],
  };
  const agreed = options.dryRun === true ? {} : await agreement(cli, session, request, options);
  return execute(
    cli,
    session,
    { ...request, ...agreed },
    {
      json: options.json === true,
      dryRun: options.dryRun === true,
      yes: true,
      list: false,
      summary: true,
    },
  );
}

/**
 * What was looked at and agreed to; with --yes whatever is proven.
 * @throws 'not-confirmed', of kind 'refused'
 */
async function agreement(
  cli: Cli,
  { context, workspace }: Session,
  request: PlanRequest,
  { yes }: CleanupOptions,
): Promise<Pick<PlanRequest, 'agreed'>> {
  if (yes === true) return {};
  const plan = await workspace.plan(request);
  if (plan.steps.length === 0) return {};
  const agreed = Object.fromEntries((plan.cleanups ?? []).map(({ dataset, proven }) => [dataset, proven]));
  if (canAsk(cli.io)) printPlan(cli, plan, false);
  await confirmed(cli, context, 'Delete these rows at the source?', 'Nothing was deleted.');
  return { agreed };
}
