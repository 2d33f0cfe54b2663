import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { Scheduler } from '../../run/scheduler.ts';
import { parseConcurrency, parseCount } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { confirmProduction } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { PlainReporter } from '../output/plain.ts';
import { examples, EXAMPLE_SYSTEM, type Host } from './host.ts';

const POLL_MINUTES = 15;
const MOST_POLL_MINUTES = 24 * 60;
const CONCURRENCY = 3;

interface ScheduleOptions {
  poll?: string;
  concurrency?: string;
  yes?: boolean;
}

export function addSchedule(program: Command, host: Host): void {
  program
    .command('schedule')
    .summary("stays and runs the project's schedule")
    .description(
      "Stays and runs the project's schedule: at each start the last days that are not up to date, and between starts deliveries that arrived late. SIGTERM or Ctrl-C stops after the steps in flight, a second one cancels them.",
    )
    .option('--poll <minutes>', `how often the source is looked at between starts (default: ${POLL_MINUTES})`)
    .option('--concurrency <n>', `steps of different deliveries at once (default: ${CONCURRENCY})`)
    .option('--yes', 'write in a production context without being asked')
    .addHelpText(
      'after',
      examples(
        ['dayboard schedule', 'in a container, say'],
        [`CRON_SCHEDULE=04:30 dayboard --config ${EXAMPLE_SYSTEM} schedule`, 'daily at 04:30 UTC'],
        ['FORCE_SYNC_AT_START=true dayboard schedule', 'and once at the beginning'],
      ),
    )
    .action((options, command) => host.run(command, (cli) => schedule(cli, options)));
}

function schedule(cli: Cli, options: ScheduleOptions): Promise<number> {
  const pollMinutes =
    options.poll === undefined ? POLL_MINUTES : parseCount(options.poll, '--poll', MOST_POLL_MINUTES);
  const concurrency = options.concurrency === undefined ? CONCURRENCY : parseConcurrency(options.concurrency);
  return cli.withSession(async ({ workspace, context }) => {
    await confirmProduction(cli, context, options.yes === true);
    const log = new PlainReporter(cli.io.stderr, cli.err, cli.io.now);
    const scheduler = new Scheduler({
      workspace,
      now: cli.io.now,
      sleep,
      log: (text) => log.message(`schedule: ${text}`),
      onEvent: (event) => log.event(event),
      pollMinutes,
      concurrency,
    });
    const stopAnswering = cli.interrupts.answer([
      (signal) => {
        log.message(`schedule: ${signal}, stopping after the steps in flight; once more to cancel them`);
        scheduler.stop('step');
      },
      () => scheduler.stop('now'),
      () => cli.io.exit(EXIT.interrupted),
    ]);
    try {
      const { cutShort } = await scheduler.run();
      log.message('schedule: stopped');
      return cutShort ? EXIT.interrupted : EXIT.done;
    } finally {
      stopAnswering();
    }
  });
}

/** A sleep that ends early when it is called off. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
