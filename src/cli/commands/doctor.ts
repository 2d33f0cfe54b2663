import type { Command } from 'commander';
import type { DoctorFinding } from '../../run/workspace.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';
import { findingText } from '../output/findings.ts';
import { examples, type Host } from './host.ts';

export function addDoctor(program: Command, host: Host): void {
  program
    .command('doctor')
    .summary('connections, permissions, versions, clock')
    .description(
      'Looks at connections, permissions, versions and clocks, and says what to do about each. Exit code 1 when something fails.',
    )
    .option('--json', 'one JSON value')
    .addHelpText('after', examples(['dayboard doctor', 'before the first sync, or when one cannot connect']))
    .action((options, command) => host.run(command, (cli) => doctor(cli, options)));
}

function doctor(cli: Cli, options: { json?: boolean }): Promise<number> {
  return cli.withSession(async ({ workspace }) => {
    const findings: DoctorFinding[] = [];
    for await (const finding of workspace.doctor()) {
      findings.push(finding);
      if (options.json !== true) cli.print([findingText(finding, cli.out)]);
    }
    if (options.json === true) cli.printJson({ schema: 'dayboard.doctor/1', findings });
    return findings.some((finding) => finding.verdict === 'fail') ? EXIT.failed : EXIT.done;
  });
}
