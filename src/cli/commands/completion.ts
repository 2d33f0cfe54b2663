import { clean } from '../../console/clean.ts';
import type { Command } from 'commander';
import { usage } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { completionScript, SHELLS } from '../shells.ts';
import { examples, type Host } from './host.ts';

export function addCompletion(program: Command, host: Host): void {
  program
    .command('completion')
    .summary('shell completion')
    .description(
      'A script with which a shell completes commands, options, datasets, views, periods and contexts. Nothing is connected to while one types.',
    )
    .argument('<shell>', SHELLS.join(', '))
    .addHelpText(
      'after',
      examples(
        ['eval "$(dayboard completion bash)"', 'in ~/.bashrc'],
        ['eval "$(dayboard completion zsh)"', 'in ~/.zshrc, after compinit'],
        ['dayboard completion fish > ~/.config/fish/completions/dayboard.fish', 'once'],
      ),
    )
    .action((name: string, _options, command) =>
      host.run(command, async (cli) => {
        const shell = SHELLS.find((each) => each === name);
        if (shell === undefined)
          throw usage(`There is no completion for "${name}".`, `There is for ${SHELLS.join(', ')}.`);
        cli.io.stdout.write(completionScript(shell));
        return EXIT.done;
      }),
    );
  program
    .command('complete', { hidden: true })
    .description('What can stand at the last of these words, for the scripts of `dayboard completion`.')
    .argument('[words...]')
    .action((words: string[], _options, command) =>
      host.run(command, async (cli) => {
        const { complete } = await import('../complete.ts');
        const found = await complete(program, words, cli.io);
        cli.print(
          found.map(({ word, help }) =>
            help === undefined ? clean(word) : `${clean(word)}\t${clean(help)}`,
          ),
        );
        return EXIT.done;
      }),
    );
}
