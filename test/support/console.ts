import { PassThrough, Writable } from 'node:stream';
import { runConsole } from '../../src/console/main.tsx';
import type { ConsoleOptions } from '../../src/console/main.tsx';
import { FAKE_NOW, type FakeOptions, FakeWorkspace } from './fake-workspace.ts';
import { VirtualScreen } from './screen.ts';
import { bytesOf } from './terminal.ts';

export interface ConsoleUnderTest {
  workspace: FakeWorkspace;
  screen: VirtualScreen;
  /** Each key by itself, as a person types. */
  press: (...keys: string[]) => void;
  /** All at once, as a held key or a paste arrives. */
  type: (text: string) => void;
  resize: (columns: number, rows: number) => void;
  /** What raw mode was set to, in order. */
  rawModes: boolean[];
  /** Everything written to the terminal. */
  output: string[];
  /** With the context that was switched to. */
  ended: Promise<string | undefined>;
  /** Moves the console's clock. */
  wait: (seconds: number) => void;
}

interface HarnessOptions {
  columns?: number;
  rows?: number;
  fake?: Partial<FakeOptions>;
  options?: Partial<ConsoleOptions>;
  tips?: readonly string[];
  contexts?: readonly string[];
  /** Changes the workspace before the console sees it. */
  prepare?: (workspace: FakeWorkspace) => void;
}

class Keyboard extends PassThrough {
  readonly isTTY = true;
  readonly rawModes: boolean[] = [];

  setRawMode(mode: boolean): this {
    this.rawModes.push(mode);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

class Display extends Writable {
  readonly isTTY = true;
  readonly output: string[] = [];
  columns: number;
  rows: number;
  readonly screen: VirtualScreen;

  constructor(columns: number, rows: number, screen: VirtualScreen) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    this.screen = screen;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = chunk.toString();
    this.output.push(text);
    // A terminal's driver starts a new line's first column; a stream of bytes alone does not.
    this.screen.write(text.replaceAll(/\r?\n/gu, '\r\n'));
    done();
  }
}

/** The console on a workspace in memory, in this process, drawing on a virtual terminal. */
export function openConsole(options: HarnessOptions = {}): ConsoleUnderTest {
  const { columns = 100, rows = 30 } = options;
  let offset = 0;
  const now = () => new Date(Date.parse(FAKE_NOW) + offset * 1000).toISOString();
  const workspace = new FakeWorkspace({ now, ...options.fake });
  options.prepare?.(workspace);
  const screen = new VirtualScreen(columns, rows);
  const display = new Display(columns, rows, screen);
  const keyboard = new Keyboard();
  const ended = runConsole({
    workspace,
    io: { stdin: keyboard as unknown as NodeJS.ReadStream, stdout: display as unknown as NodeJS.WriteStream },
    options: { ascii: false, color: '256', background: 'dark', relistSeconds: 0, ...options.options },
    now,
    // The test runner is not to be stopped.
    stop: async () => undefined,
    ...(options.tips === undefined ? {} : { tips: options.tips }),
    ...(options.contexts === undefined ? {} : { contexts: options.contexts }),
  });
  return {
    workspace,
    screen,
    press: (...keys) => {
      for (const key of keys) keyboard.write(bytesOf(key));
    },
    type: (text) => keyboard.write(text),
    resize: (width, height) => {
      display.columns = width;
      display.rows = height;
      screen.terminal.resize(width, height);
      display.emit('resize');
    },
    rawModes: keyboard.rawModes,
    output: display.output,
    ended,
    wait: (seconds) => {
      offset += seconds;
    },
  };
}
