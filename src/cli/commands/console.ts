import { themeOptions } from '../../console/terminal.ts';
import type { Workspace } from '../../run/workspace.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';

/**
 * The console on a workspace, until it is quit. A signal ends it too: Ink, which hears it as well, gives the terminal
 * back. Gives the exit code.
 */
export async function showConsole(
  cli: Cli,
  workspace: Workspace,
  tips: readonly string[] = [],
): Promise<number> {
  const { io, globals } = cli;
  const { runConsole } = await import('../../console/main.tsx');
  let exitCode: number = EXIT.done;
  const stopAnswering = cli.interrupts.answer([
    () => {
      exitCode = EXIT.interrupted;
    },
    () => io.exit(EXIT.interrupted),
  ]);
  try {
    await runConsole({
      workspace,
      io: { stdin: io.stdin, stdout: io.stdout },
      options: themeOptions({
        env: { ...io.env },
        colorDepth: io.stdout.isTTY === true ? io.stdout.getColorDepth() : 1,
        ascii: globals.ascii === true,
        noColor: globals.color === false,
      }),
      now: io.now,
      tips,
    });
  } finally {
    stopAnswering();
  }
  return exitCode;
}

/** `dayboard` alone: the console on the chosen context, else on the one that it showed last. */
export async function openConsole(cli: Cli): Promise<number> {
  const [{ openSession, wantedContext }, { ContextStore }] = await Promise.all([
    import('../session.ts'),
    import('../contexts.ts'),
  ]);
  const store = new ContextStore();
  const chosen = wantedContext(cli.io, cli.globals);
  const { workspace, context } = await openSession(cli.io, cli.globals, store.last);
  try {
    if (chosen !== undefined) store.remember(context.name);
    return await showConsole(cli, workspace);
  } finally {
    await workspace.close();
  }
}
