import { render } from 'ink';
import { DayboardError } from '../project/errors.ts';
import type { Board } from '../plan/board.ts';
import type { Workspace } from '../run/workspace.ts';
import { App } from './app.tsx';
import { Attention, notification, TELL_FOCUS, TELL_NO_FOCUS } from './attention.ts';
import { clean } from './clean.ts';
import { clipboardSequence } from './copy.ts';
import { Controller } from './controller.ts';
import { Feed } from './feed.ts';
import { FIRST_DAYS } from './first-days.ts';
import type { Size } from './layout.ts';
import { outcomeText, Runs } from './runs.ts';
import { slimStream } from './slim.ts';
import { initialState } from './state.ts';
import { Speaker } from './speech/speaker.tsx';
import { Store } from './store.ts';
import { ASK_BACKGROUND, TELL_MOUSE, TELL_NO_MOUSE, TerminalInput } from './terminal-input.ts';
import { point } from './pointing.ts';
import { createClock } from './clock.ts';
import { createTheme, type ThemeOptions } from './theme.ts';

/** The terminal, as process.stdin and process.stdout are one. */
export interface ConsoleIo {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
}

export interface ConsoleOptions extends ThemeOptions {
  /** Lines of text that follow one another instead of a screen. */
  screenReader?: boolean;
  /** The wheel moves the cursor and a click puts it somewhere. */
  mouse?: boolean;
  /** Nothing tells what the terminal draws on: it is asked. */
  askBackground?: boolean;
  /** Seconds between listings of the source, 60 by default; 0 lists once. */
  relistSeconds?: number;
  /** Days of history that the board reads at first, FIRST_DAYS by default; it reads further back when they are gone to. */
  days?: number;
}

/**
 * Frames a second at most: keys that come between two are drawn together. A key that follows a frame of progress waits
 * for the next one: with fewer frames the wait is felt.
 */
const MAX_FPS = 30;
/** The longest that a first frame without a board is put off. */
const FIRST_FRAME_MS = 400;

/**
 * Runs the console on a workspace until it is quit. The terminal is as it was then, with one line on what was done.
 * Closing the workspace (which cancels what still runs) is the caller's. Resolves with the context that the operator
 * wants to go on in, undefined when it was just quit. Throws 'console.no-terminal' when stdin or
 * stdout is no terminal.
 */
export async function runConsole(parts: {
  workspace: Workspace;
  io: ConsoleIo;
  options: ConsoleOptions;
  /** RFC 3339. */
  now: () => string;
  /** The first reading of `FIRST_DAYS` days, when it was begun before the console was loaded. */
  first?: Promise<Board>;
  /** Stops the process until the shell lets it go on; as ctrl-z does by default. */
  stop?: () => Promise<void>;
  /** Tells somebody who looks elsewhere that a run ended; the terminal's bell and notification by default. */
  notify?: (text: string) => void;
  /** Contexts that can be switched to. */
  contexts?: readonly string[];
  /** Hints for somebody new, shown one at a time until the first run is started. */
  tips?: readonly string[];
}): Promise<string | undefined> {
  const { workspace, io, options, now } = parts;
  const { screenReader = false, mouse = false, askBackground = false } = options;
  if (!io.stdin.isTTY || !io.stdout.isTTY) throw noTerminal();
  const store = new Store(
    initialState({
      project: workspace.project,
      context: workspace.context,
      size: sizeOf(io.stdout),
      now: now(),
      columns: options.days ?? FIRST_DAYS,
      tips: parts.tips ?? [],
      contexts: (parts.contexts ?? []).filter((name) => name !== workspace.context.name),
    }),
  );
  let exit: () => void = () => undefined;
  let next: string | undefined;
  let suspend: (whileAway: () => Promise<void>) => Promise<void> = async () => undefined;
  const attention = new Attention(parts.notify ?? ((text) => void io.stdout.write(notification(text))));
  const feed = new Feed({
    workspace,
    store,
    now,
    relistSeconds: options.relistSeconds ?? 60,
    onLook: () => runs.reconcile(),
    ...(parts.first === undefined ? {} : { first: parts.first }),
  });
  const runs: Runs = new Runs({
    workspace,
    store,
    feed,
    now,
    onEnded: (text) => attention.ended(text),
    onIdle: () => {
      if (store.current.leaving) exit();
    },
  });
  const asks = mouse ? TELL_FOCUS + TELL_MOUSE : TELL_FOCUS;
  const asksNoMore = mouse ? TELL_NO_MOUSE + TELL_NO_FOCUS : TELL_NO_FOCUS;
  let away = false;
  const goAway = async () => {
    // A key that repeats asks again before the first one is through.
    if (away) return;
    away = true;
    await suspend(async () => {
      io.stdout.write(asksNoMore);
      await (parts.stop ?? stopped)();
      io.stdout.write(asks);
      feed.readBoard();
    }).finally(() => (away = false));
  };
  const controller = new Controller({
    store,
    feed,
    runs,
    workspace,
    exit: (context) => {
      next = context;
      exit();
    },
    copy: (text) => void io.stdout.write(clipboardSequence(text)),
    suspend: () => void goAway(),
  });
  const resized = () => store.update((state) => ({ ...state, size: sizeOf(io.stdout) }));
  io.stdout.on('resize', resized);
  // Before Ink does it, with the first frame: what is typed until then would be echoed into the frame.
  io.stdin.setRawMode(true);
  feed.start();
  // What is read within a blink is waited for: the first frame is then the whole board, drawn once.
  await store.meets((state) => state.board !== undefined || state.boardError !== undefined, FIRST_FRAME_MS);
  const common = { store, controller, onTerminal: (hand: typeof suspend) => void (suspend = hand) };
  let theme = createTheme(options);
  const shown = () => (screenReader ? <Speaker {...common} /> : <App {...common} theme={theme} />);
  const clock = createClock(workspace.project.timeZone);
  const input = new TerminalInput({
    onFocus: (gained) => attention.hears(gained),
    onBackground: (background) => {
      theme = createTheme({ ...options, background });
      app.rerender(shown());
    },
    onMouse: (event) =>
      point({ state: () => store.current, press: (key) => controller.press(key), theme, clock }, event),
  });
  const app = render(shown(), {
    stdin: input.keyboard(io.stdin),
    stdout: slimStream(io.stdout),
    alternateScreen: !screenReader,
    incrementalRendering: !screenReader,
    isScreenReaderEnabled: screenReader,
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: MAX_FPS,
    // Painted before anything else is begun: the source's client alone takes as long to load as all of the console.
    onRender: () => feed.goOn(),
  });
  exit = () => app.unmount();
  io.stdout.write(askBackground && !screenReader ? asks + ASK_BACKGROUND : asks);
  // However the process ends: what the terminal says of its focus would be typed into the shell.
  const unfocus = () => void io.stdout.write(asksNoMore);
  process.on('exit', unfocus);
  try {
    await app.waitUntilExit();
  } finally {
    unfocus();
    process.off('exit', unfocus);
    io.stdin.setRawMode(false);
    io.stdout.off('resize', resized);
    feed.stop();
    runs.unfollow();
    store.close();
  }
  if (next === undefined) io.stdout.write(`${clean(lastLine(workspace, runs.endings))}\n`);
  return next;
}

/** A stop that nobody could end (there is no shell above) the system ignores: this resolves all the same. */
const STOPPED_MS = 50;

/** Stops this process and those that started it, as ctrl-z does, and resolves when the shell lets it go on. */
function stopped(): Promise<void> {
  process.kill(0, 'SIGTSTP');
  return new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
}

function sizeOf(stdout: NodeJS.WriteStream): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

/** What is left on the terminal: what the console was on, how its last run ended, and what is cancelled with it. */
function lastLine(workspace: Workspace, endings: Runs['endings']): string {
  const place = `dayboard: ${workspace.project.name} in ${workspace.context.name}`;
  const active = workspace.activeRuns().map(({ id }) => `run ${id}`);
  const last = endings.at(-1);
  const ended =
    last === undefined
      ? []
      : [
          `${endings.length > 1 ? `${endings.length} runs ended, the last of them ` : ''}run ${last.id} ${last.outcome === undefined ? 'has ended' : outcomeText(last.outcome)}`,
        ];
  const cancelled =
    active.length === 0
      ? []
      : [
          `${active.join(' and ')} ${active.length === 1 ? 'is' : 'are'} cancelled now, what is in flight is rolled back`,
        ];
  const told = [...ended, ...cancelled];
  return `${place}; ${told.length === 0 ? 'nothing was run from here' : told.join('; ')}.`;
}

function noTerminal(): DayboardError {
  return new DayboardError({
    code: 'console.no-terminal',
    kind: 'usage',
    message: 'The console needs a terminal, and standard input or output is none.',
    next: 'Run it in a terminal, or use a command: dayboard status, dayboard sync. dayboard --help lists them.',
  });
}
