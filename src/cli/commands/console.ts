import { FIRST_DAYS } from '../../console/first-days.ts';
import { themeOptions } from '../../console/terminal.ts';
import type { Workspace } from '../../run/workspace.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';

/**
 * The console on a workspace, until it is quit. Nothing can be asked after a signal: `leave` cancels what runs from
 * here, and Ink gives the terminal back as the process exits.
 */
export async function showConsole(
  cli: Cli,
  parts: { workspace: Workspace; leave: () => Promise<void>; tips?: readonly string[] },
): Promise<void> {
  const { io, globals } = cli;
  const { workspace, leave, tips } = parts;
  // The ledger answers while the console is loaded. Who waits for it tells why it fails.
  const first = workspace.board({ columns: FIRST_DAYS });
  first.catch(() => undefined);
  const { runConsole } = await import('../../console/main.tsx');
  const exit = () => io.exit(EXIT.interrupted);
  const stopAnswering = cli.interrupts.answer([() => void leave().then(exit, exit), exit]);
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
      first,
      ...(tips === undefined ? {} : { tips }),
    });
  } finally {
    stopAnswering();
  }
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
    await showConsole(cli, { workspace, leave: () => workspace.close() });
  } finally {
    await workspace.close();
  }
  return EXIT.done;
}
