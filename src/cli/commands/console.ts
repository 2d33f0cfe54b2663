import { spawn } from 'node:child_process';
import { FIRST_DAYS } from '../../console/first-days.ts';
import { asksBackground, hasMouse, themeOptions } from '../../console/terminal.ts';
import type { Workspace } from '../../run/workspace.ts';
import type { Cli } from '../cli.ts';
import { EXIT } from '../exit-codes.ts';

/**
 * The console on a workspace, until it is quit. Nothing can be asked after a signal: `leave` cancels what runs from
 * here, and Ink gives the terminal back as the process exits. Resolves with the context to go on in, if another one.
 */
export async function showConsole(
  cli: Cli,
  parts: {
    workspace: Workspace;
    leave: () => Promise<void>;
    tips?: readonly string[];
    contexts?: readonly string[];
    /** As the user's settings have it. */
    wishes?: { screenReader: boolean; mouse: boolean };
  },
): Promise<string | undefined> {
  const { io, globals } = cli;
  const { workspace, leave, tips, contexts, wishes } = parts;
  // The ledger answers while the console is loaded. Who waits for it tells why it fails.
  const first = workspace.board({ columns: FIRST_DAYS });
  first.catch(() => undefined);
  const { runConsole } = await import('../../console/main.tsx');
  const exit = () => io.exit(EXIT.interrupted);
  let leaving = false;
  const leaveOnce = () => {
    if (leaving) return;
    leaving = true;
    void leave().then(exit, exit);
  };
  const stopAnswering = cli.interrupts.answer([leaveOnce, exit]);
  // A terminal that is gone says so by SIGHUP, or to one who does not get that (nohup, disown) by an error only.
  io.readerGone.addEventListener('abort', leaveOnce);
  try {
    return await runConsole({
      workspace,
      io: { stdin: io.stdin, stdout: io.stdout },
      options: {
        ...themeOptions({
          env: { ...io.env },
          colorDepth: io.stdout.isTTY === true ? io.stdout.getColorDepth() : 1,
          ascii: globals.ascii === true,
          noColor: globals.color === false,
        }),
        // The variable is Ink's own.
        mouse: hasMouse(io.env) && (globals.mouse === true || wishes?.mouse === true),
        askBackground: asksBackground(io.env),
        screenReader:
          globals.screenReader === true ||
          io.env.INK_SCREEN_READER === 'true' ||
          wishes?.screenReader === true,
      },
      now: io.now,
      first,
      ...notifier(cli),
      ...(tips === undefined ? {} : { tips }),
      ...(contexts === undefined ? {} : { contexts }),
    });
  } finally {
    io.readerGone.removeEventListener('abort', leaveOnce);
    stopAnswering();
  }
}

/**
 * DAYBOARD_NOTIFY: 'off' tells nobody that a run ended while they looked elsewhere; a command is run with what happened
 * as its argument. Without it the terminal rings and notifies.
 */
function notifier(cli: Cli): { notify?: (text: string) => void } {
  const wanted = cli.io.env.DAYBOARD_NOTIFY;
  if (!wanted) return {};
  if (wanted === 'off') return { notify: () => undefined };
  return {
    // Its failure is nobody's concern here: the console shows how the run ended.
    notify: (text) => {
      const told = spawn(wanted, [text], { stdio: 'ignore', detached: true });
      told.on('error', () => undefined).unref();
    },
  };
}

/** `dayboard` alone: the console on the chosen context, else on the one that it showed last. */
export async function openConsole(cli: Cli): Promise<number> {
  const [{ openSession, wantedContext }, { ContextStore }] = await Promise.all([
    import('../session.ts'),
    import('../contexts.ts'),
  ]);
  const store = new ContextStore();
  let chosen = wantedContext(cli.io, cli.globals);
  let remembered = store.last;
  for (;;) {
    const globals = chosen === undefined ? cli.globals : { ...cli.globals, context: chosen };
    const { workspace, context } = await openSession(cli.io, globals, remembered);
    try {
      if (chosen !== undefined) store.remember(context.name);
      const contexts = store.names;
      const next = await showConsole(cli, {
        workspace,
        leave: () => workspace.close(),
        contexts,
        wishes: store.wishes,
      });
      if (next === undefined) return EXIT.done;
      chosen = next;
      remembered = undefined;
    } finally {
      await workspace.close();
    }
  }
}
