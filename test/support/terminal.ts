import { type IPty, spawn } from '@lydell/node-pty';
import { cleanEnv } from './env.ts';
import { type Awaited, VirtualScreen } from './screen.ts';

export interface TerminalOptions {
  command: string;
  args: readonly string[];
  cols: number;
  rows: number;
  cwd?: string;
  /** Added to a clean environment; undefined takes a name out. */
  env?: Record<string, string | undefined>;
  /** Told of everything that the program writes. */
  onOutput?: (data: string) => void;
}

/** A program in a real pseudo-terminal, whose screen is read from a virtual one. */
export interface TestTerminal {
  /** The lines that are shown now. */
  screen(): string[];
  /** Resolves with the screen when it shows a text or pattern, or meets a condition; never sleeps. */
  waitFor(awaited: Awaited, timeoutMs?: number): Promise<string[]>;
  /** Keys by name or character: 'down', 'enter', 'ctrl-c', 'i'. Each is written by itself. */
  press(...keys: string[]): void;
  /** Text as it is, in one write. */
  type(text: string): void;
  /** Text as a terminal pastes it for a program that asked for it to be marked. */
  paste(text: string): void;
  resize(cols: number, rows: number): void;
  svg(): string;
  /** What programs have switched on and not off again: 'alternate screen', 'hidden cursor', 'bracketed paste'… */
  leftOn(): string[];
  /** How the program ended, once the screen shows all that it wrote. */
  readonly exit: Promise<{ code: number; signal: number | undefined }>;
  readonly pid: number;
  /** What was written to the terminal, byte for byte. */
  output(): string;
  /** Bytes that were written to the terminal. */
  readonly written: number;
  kill(signal?: string): void;
  /** The window is closed, or the line to it is cut. */
  close(): void;
}

const SEQUENCES: Record<string, string> = {
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  'shift-up': '\u001b[1;2A',
  'shift-down': '\u001b[1;2B',
  'shift-right': '\u001b[1;2C',
  'shift-left': '\u001b[1;2D',
  home: '\u001b[H',
  end: '\u001b[F',
  pageup: '\u001b[5~',
  pagedown: '\u001b[6~',
  enter: '\r',
  esc: '\u001b',
  tab: '\t',
  space: ' ',
  backspace: '\u007f',
};

/** The bytes that a terminal sends for a key. */
export function bytesOf(key: string): string {
  const control = /^ctrl-([a-z])$/u.exec(key)?.[1];
  if (control !== undefined) return String.fromCodePoint(control.charCodeAt(0) - 96);
  return SEQUENCES[key] ?? key;
}

/** Starts a program in a terminal of the given size. */
export function openTerminal(options: TerminalOptions): TestTerminal {
  const screen = new VirtualScreen(options.cols, options.rows);
  const pty = spawn(options.command, [...options.args], {
    // node-pty sets TERM to this name, whatever the environment says.
    name: options.env?.TERM ?? 'xterm-256color',
    cols: options.cols,
    rows: options.rows,
    env: environment(options.env ?? {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const written: string[] = [];
  pty.onData((data) => {
    written.push(data);
    screen.write(data);
    options.onOutput?.(data);
  });
  // Programs ask the terminal things (where its cursor is, what it can do) and wait for the answer.
  screen.terminal.onData((answer) => pty.write(answer));
  const exit = ended(pty, screen);
  return {
    screen: () => screen.lines(),
    output: () => written.join(''),
    waitFor: (awaited, timeoutMs) => screen.waitFor(awaited, timeoutMs),
    press: (...keys) => {
      for (const key of keys) pty.write(bytesOf(key));
    },
    type: (text) => pty.write(text),
    paste: (text) => {
      if (!screen.leftOn().includes('bracketed paste')) pty.write(text);
      else pty.write(`\u001b[200~${text}\u001b[201~`);
    },
    resize: (cols, rows) => {
      screen.terminal.resize(cols, rows);
      pty.resize(cols, rows);
    },
    svg: () => screen.svg(),
    leftOn: () => screen.leftOn(),
    exit,
    pid: pty.pid,
    get written() {
      return screen.written;
    },
    kill: (signal) => pty.kill(signal),
    // Not in its types, nor in those of another system's.
    close: () => (pty as IPty & { destroy(): void }).destroy(),
  };
}

function environment(added: Record<string, string | undefined>): Record<string, string> {
  const all = { ...cleanEnv(), TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8', ...added };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function ended(pty: IPty, screen: VirtualScreen): TestTerminal['exit'] {
  return new Promise((resolve) =>
    pty.onExit(({ exitCode, signal }) => {
      const end = { code: exitCode, signal: signal === 0 ? undefined : signal };
      const reason = `The program ended (code ${exitCode}, signal ${signal ?? 'none'}).`;
      void screen.end(reason).then(() => resolve(end));
    }),
  );
}
