import { createInterface } from 'node:readline/promises';
import { DayboardError } from '../project/errors.ts';
import type { Cli } from './cli.ts';
import { canAsk } from './io.ts';
import type { ChosenContext } from './contexts.ts';

/**
 * In a context marked as production a write needs the context's name typed, or --yes.
 * @throws 'context.not-confirmed', of kind 'refused'
 */
export async function confirmProduction(cli: Cli, context: ChosenContext, yes: boolean): Promise<void> {
  if (!context.production || yes) return;
  if (!canAsk(cli.io)) {
    throw refused(context, 'nobody can be asked here', 'Give --yes to write there without being asked.');
  }
  const answer = await ask(cli, `${context.name} is production. Type its name to go on: `);
  if (answer === context.name) return;
  throw refused(context, 'its name was not typed', 'Run it again and type the name, or give --yes.');
}

/**
 * Asks whether to do what was shown, in a context marked as production for its name.
 * @throws 'not-confirmed', of kind 'refused'
 */
export async function confirmed(
  cli: Cli,
  context: ChosenContext,
  question: string,
  untouched: string,
): Promise<void> {
  if (context.production) {
    await confirmProduction(cli, context, false);
    return;
  }
  const answer = canAsk(cli.io) ? await ask(cli, `${question} [y/N] `) : undefined;
  if (answer !== undefined && /^y(es)?$/i.test(answer)) return;
  throw new DayboardError({
    code: 'not-confirmed',
    kind: 'refused',
    message: canAsk(cli.io) ? untouched : `Nobody can be asked here. ${untouched}`,
    next: 'Give --yes to do it without being asked, or --dry-run to look only.',
  });
}

function refused(context: ChosenContext, why: string, next: string): DayboardError {
  return new DayboardError({
    code: 'context.not-confirmed',
    kind: 'refused',
    message: `The context "${context.name}" is production, and ${why}. Nothing was started.`,
    facts: { context: context.name },
    next,
  });
}

/** One line from the terminal; undefined when input ends or Ctrl-C is pressed. Asked on stderr. */
export async function ask(cli: Cli, question: string): Promise<string | undefined> {
  const { stdin, stderr } = cli.io;
  const lines = createInterface({ input: stdin, output: stderr });
  const given = new AbortController();
  lines.once('close', () => given.abort());
  lines.once('SIGINT', () => lines.close());
  try {
    return (await lines.question(cli.err.text(question), { signal: given.signal })).trim();
  } catch {
    stderr.write('\n');
    return undefined;
  } finally {
    lines.close();
  }
}
