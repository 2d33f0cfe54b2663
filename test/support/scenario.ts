import type { FakeOptions } from './fake-workspace.ts';
import { Recording } from './recording.ts';
import type { Awaited } from './screen.ts';
import { openTerminal } from './terminal.ts';

/** What an operator does at a console, in the words in which one tells it. */
export interface Operator {
  /** Keys by name, each by itself. */
  press: (...keys: string[]) => void;
  type: (text: string) => void;
  resize: (cols: number, rows: number) => void;
  /** Resolves when the screen shows it; fails with what it shows instead. */
  see: (awaited: Awaited) => Promise<void>;
  /** Resolves when the screen shows it no more. */
  seeNoMore: (text: string) => Promise<void>;
}

export interface Scenario {
  /** The recording's file. */
  name: string;
  /** A sentence: the operator … */
  title: string;
  /** Of the workspace in memory. */
  options?: Partial<FakeOptions>;
  /** Ends with the console open. */
  act: (operator: Operator) => Promise<void>;
}

export interface Played {
  recording: Recording;
  /** The screen at its end. */
  screen: string[];
  seconds: number;
}

/** Seconds in a recording before a key, and after what was waited for: somebody reads. */
const BEFORE_KEY = 0.5;
const AFTER_SIGHT = 1.2;

/** Plays a scenario in a terminal of its own. @param program what `bundleProgram` made of fake-console.ts */
export async function play(
  program: string,
  { title, options = {}, act }: Scenario,
  size: { cols: number; rows: number },
): Promise<Played> {
  const recording = new Recording({ ...size, title: `The operator ${title}` });
  const began = performance.now();
  const terminal = openTerminal({
    command: process.execPath,
    args: [program, JSON.stringify(options)],
    ...size,
    onOutput: (data) => recording.output(data),
  });
  const see = async (awaited: Awaited) => {
    await terminal.waitFor(awaited);
    recording.pause(AFTER_SIGHT);
  };
  try {
    await act({
      press: (...keys) => {
        recording.pause(BEFORE_KEY);
        terminal.press(...keys);
      },
      type: (text) => {
        recording.pause(BEFORE_KEY);
        terminal.type(text);
      },
      resize: (cols, rows) => {
        terminal.resize(cols, rows);
        recording.resized(cols, rows);
      },
      see,
      seeNoMore: (text) => see((lines) => !lines.join('\n').includes(text)),
    });
  } finally {
    terminal.kill('SIGKILL');
    await terminal.exit;
  }
  // What was written after the last sight is in the recording, too.
  return { recording, screen: terminal.screen(), seconds: (performance.now() - began) / 1000 };
}
