import type { Command } from 'commander';
import { ADOPT_STEPS, type Adoption } from '../../plan/adoption.ts';
import { DayboardError } from '../../project/errors.ts';
import type { AdoptRequest } from '../../run/adopt.ts';
import { usage } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { ask, confirmProduction } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { canAsk } from '../io.ts';
import { adoptionText } from '../output/adoption.ts';
import { second } from '../output/plain.ts';
import type { Session } from '../session.ts';
import { examples, type Host } from './host.ts';

interface AdoptOptions {
  step?: string;
  back?: boolean;
  dryRun?: boolean;
  json?: boolean;
  yes?: boolean;
}

export function addAdopt(program: Command, host: Host): void {
  program
    .command('adopt')
    .summary('take an existing table over into partitions, or an existing aggregate')
    .description(
      'Takes the existing, unpartitioned table of a dataset over into the partitions that dayboard would have made, while readers and writers go on; or compares an existing materialized view or table with the rollup of its name, row by row, and puts the rollup in its place. Shows what it would do and asks first. Killed at any point, it is run again and goes on.',
    )
    .argument('<name>', 'a dataset, or a rollup')
    .option('--step <step>', `of a dataset: no further than this (${ADOPT_STEPS.join(', ')})`)
    .option(
      '--back',
      'of a dataset, before its last step: the original as it was, with what was written since',
    )
    .option('--dry-run', 'show what it would do; of a rollup, compute and compare it, and replace nothing')
    .option('--json', 'one JSON value')
    .option('--yes', 'do it without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard adopt user_daily_visits --dry-run', 'what would be done, and what is in the way'],
        ['dayboard adopt user_daily_visits --step switch', 'all but dropping the original'],
        ['dayboard adopt user_daily_visits', 'all of it, or what is left of it'],
        ['dayboard adopt user_daily_visits --back', 'the original again'],
      ),
    )
    .action((name: string, options: AdoptOptions, command) =>
      host.run(command, (cli) => adopt(cli, name, options)),
    );
}

function adopt(cli: Cli, name: string, options: AdoptOptions): Promise<number> {
  const step = readStep(options);
  return cli.withSession((session) => {
    const isRollup = session.workspace.project.rollups.some((rollup) => rollup.name === name);
    if (!isRollup) return adoptDataset(cli, session, name, step, options);
    if (options.step !== undefined || options.back === true)
      throw usage(`${name} is a rollup, which is adopted in one step.`, 'Leave out --step and --back.');
    return adoptRollup(cli, session, name, options);
  });
}

/** What is to be done of a dataset's adoption: all of it by default. */
function readStep({ step, back }: AdoptOptions): AdoptRequest['act'] {
  if (step === undefined) return back === true ? 'back' : 'finish';
  if (back === true) throw usage('--step and --back cannot be given both.');
  const known = ADOPT_STEPS.find((each) => each === step);
  if (known === undefined) throw usage(`"${step}" is no step.`, `Steps are ${ADOPT_STEPS.join(', ')}.`);
  return known;
}

async function adoptDataset(
  cli: Cli,
  session: Session,
  name: string,
  act: AdoptRequest['act'],
  options: AdoptOptions,
): Promise<number> {
  // What is to be taken back may be in no state to be planned.
  if (act !== 'back' || options.dryRun === true) {
    const plan = await session.workspace.adoption(name);
    if (options.dryRun === true) return show(cli, plan, options);
    if (plan.obstacles.length > 0) return show(cli, plan, options);
    if (options.json !== true) show(cli, plan, options);
  }
  const question = act === 'back' ? `Take the adoption of ${name} back?` : until(act);
  await confirm(cli, session, question, options);
  return show(cli, await work(cli, session, { name, act }), options);
}

function until(act: AdoptRequest['act']): string {
  return act === 'finish'
    ? 'Do all of it, and drop the original at the end?'
    : `Do it, up to and including ${act}?`;
}

async function adoptRollup(cli: Cli, session: Session, name: string, options: AdoptOptions): Promise<number> {
  await confirmProduction(cli, session.context, options.yes === true);
  const compared = await work(cli, session, { name, act: 'compare' });
  if (options.dryRun === true || compared.obstacles.length > 0) return show(cli, compared, options);
  if (options.json !== true) show(cli, compared, options);
  if (!session.context.production) await confirm(cli, session, 'Replace it?', options);
  const replaced = await work(cli, session, { name, act: 'replace' });
  return show(cli, { ...compared, ...replaced }, options);
}

/** Exit code 5 when something is in the way. */
function show(cli: Cli, adoption: Adoption, options: AdoptOptions): number {
  if (options.json === true) cli.printJson(adoption);
  else cli.print(adoptionText(adoption, cli.out));
  return adoption.obstacles.length > 0 ? EXIT.refused : EXIT.done;
}

/** @throws 'adopt.not-confirmed', of kind 'refused' */
async function confirm(
  cli: Cli,
  { context }: Session,
  question: string,
  options: AdoptOptions,
): Promise<void> {
  if (options.yes === true) return;
  if (context.production) {
    await confirmProduction(cli, context, false);
    return;
  }
  const answer = canAsk(cli.io) ? await ask(cli, `${question} [y/N] `) : undefined;
  if (answer !== undefined && /^y(es)?$/i.test(answer)) return;
  throw new DayboardError({
    code: 'adopt.not-confirmed',
    kind: 'refused',
    message: canAsk(cli.io) ? 'Nothing was begun.' : 'Nobody can be asked here. Nothing was begun.',
    next: 'Give --yes to do it without being asked, or --dry-run to look only.',
  });
}

async function work(cli: Cli, session: Session, request: AdoptRequest): Promise<Adoption> {
  const abort = new AbortController();
  const say = (text: string) => cli.say(`${second(cli.io.now())} ${text}`);
  const stopAnswering = cli.interrupts.answer([
    () => {
      say('interrupting: what is in flight is rolled back; once more to leave at once');
      abort.abort();
    },
    () => cli.io.exit(EXIT.interrupted),
  ]);
  try {
    return await session.workspace.adopt({
      ...request,
      signal: abort.signal,
      onProgress: ({ step, message }) => say(`${step} ${request.name}: ${message}`),
    });
  } finally {
    stopAnswering();
  }
}
