import type { Command } from 'commander';
import type { CheckStatus } from '../../plan/board.ts';
import { isAbout } from '../../plan/finding.ts';
import type { PlanRequest } from '../../plan/plan.ts';
import type { Day, Project } from '../../project/model.ts';
import { parsePeriods } from '../../project/period.ts';
import { parseNames } from '../arguments.ts';
import type { Cli } from '../cli.ts';
import { execute } from '../execute.ts';
import { EXIT } from '../exit-codes.ts';
import { checkText } from '../output/findings.ts';
import type { Session } from '../session.ts';
import { examples, type Host, PERIODS } from './host.ts';

interface CheckOptions {
  json?: boolean;
}

export function addCheck(program: Command, host: Host): void {
  program
    .command('check')
    .summary('data-quality checks')
    .description(
      'Runs data-quality checks. With PERIODS, findings that name another day or month do not count. Exit code 4 when a check fails or cannot be made.',
    )
    .argument(`[${PERIODS[0]}]`, PERIODS[1])
    .argument('[names]', 'checks by name, with commas; all by default')
    .option('--json', 'the results as one JSON value')
    .addHelpText(
      'after',
      examples(
        ['dayboard check', 'all of them'],
        ['dayboard check monthly_users', 'one of them'],
        ['dayboard check 2024-11-01..2024-11-30', 'what they find in November'],
      ),
    )
    .action((periods, names, options, command) =>
      host.run(command, (cli) => check(cli, { periods, names }, options)),
    );
}

interface CheckArguments {
  periods?: string | undefined;
  names?: string | undefined;
}

/** A single argument may be either: the name of a check is no period. */
function readArguments({ periods, names }: CheckArguments, project: Project, now: string) {
  const known = project.checks.map((each) => each.name);
  const onlyNames =
    names === undefined &&
    periods !== undefined &&
    periods.split(',').some((each) => known.includes(each.trim()));
  if (onlyNames) return { days: undefined, names: parseNames([periods], known, 'check') };
  const days =
    periods === undefined
      ? undefined
      : new Set(parsePeriods(periods, { unit: 'day', now, timeZone: project.timeZone }));
  return { days, names: parseNames(names === undefined ? [] : [names], known, 'check') };
}

function check(cli: Cli, args: CheckArguments, options: CheckOptions): Promise<number> {
  return cli.withSession(async (session) => {
    const { project } = session.workspace;
    const { days, names } = readArguments(args, project, cli.io.now());
    if (project.checks.length === 0) return report(cli, [], options.json === true);
    const request: PlanRequest = {
      command: 'check',
      cells: [],
      reprocess: [],
      names,
      ...(days === undefined ? {} : { days: [...days] }),
      concurrency: 1,
      force: [],
    };
    const code = await execute(cli, session, request, {
      json: false,
      dryRun: false,
      // It only looks.
      yes: true,
      list: false,
      summary: false,
    });
    if (code === EXIT.interrupted) return code;
    return report(cli, await results(session, names, days), options.json === true);
  });
}

async function results(
  { workspace }: Session,
  names: readonly string[],
  days: ReadonlySet<Day> | undefined,
): Promise<CheckStatus[]> {
  const checks = (await workspace.checks()).filter((each) => names.length === 0 || names.includes(each.name));
  return days === undefined ? checks : checks.map((each) => ofDays(each, days));
}

/** The result as far as it is about these days. What names no day at all always counts. */
function ofDays(check: CheckStatus, days: ReadonlySet<Day>): CheckStatus {
  if (check.verdict !== 'fail' && check.verdict !== 'warn') return check;
  const findings = check.findings.filter((finding) => isAbout(finding, days));
  const { more, ...others } = check;
  // Those of the days are the first: when others are among what is stored, there are no more of them.
  const isCut = more !== undefined && findings.length === check.findings.length;
  const verdict = findings.length === 0 ? 'pass' : check.verdict;
  return { ...others, findings, verdict, ...(isCut ? { more } : {}) };
}

function report(cli: Cli, checks: readonly CheckStatus[], json: boolean): number {
  if (json) cli.printJson({ schema: 'dayboard.checks/1', checks });
  else if (checks.length === 0) cli.print(['This project has no checks.']);
  else cli.print(checks.flatMap((each) => checkText(each, cli.out)));
  return checks.some((each) => each.verdict === 'fail' || each.verdict === 'unknown')
    ? EXIT.stale
    : EXIT.done;
}
