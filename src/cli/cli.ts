import { createPaint, type Paint } from './output/paint.ts';
import { jsonLine } from './output/json.ts';
import { asCalled } from './invocation.ts';
import type { Interrupts } from './interrupts.ts';
import type { Io } from './io.ts';
import type { Globals, openSession, Session } from './session.ts';

/** What a command works with: the process, the options that all commands take, and where text and data go. */
export class Cli {
  readonly io: Io;
  readonly globals: Globals;
  /** For stdout: data. */
  readonly out: Paint;
  /** For stderr: progress and messages. */
  readonly err: Paint;
  readonly interrupts: Interrupts;
  private readonly open: typeof openSession | undefined;

  constructor(parts: { io: Io; globals: Globals; interrupts: Interrupts; open?: typeof openSession }) {
    const { io, globals } = parts;
    this.io = io;
    this.globals = globals;
    this.interrupts = parts.interrupts;
    this.open = parts.open;
    const options = { env: io.env, ascii: globals.ascii === true, noColor: globals.color === false };
    this.out = createPaint(io.stdout, options);
    this.err = createPaint(io.stderr, options);
  }

  /** Opens the project in its context for the time of `work`. */
  async withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    // Definitions, PostgreSQL and S3 are loaded only when a command needs them: --help and --version do not wait.
    const open = this.open ?? (await import('./session.ts')).openSession;
    const session = await open(this.io, this.globals);
    try {
      return await work(session);
    } finally {
      await session.workspace.close();
    }
  }

  /** Lines of data. */
  print(lines: readonly string[]): void {
    if (lines.length > 0) this.io.stdout.write(`${lines.join('\n')}\n`);
  }

  /** One JSON value of data. */
  printJson(value: object): void {
    this.io.stdout.write(jsonLine(value));
  }

  /** A message; commands that it tells to type are as they must be typed here. */
  say(text: string): void {
    this.io.stderr.write(`${this.err.text(asCalled(text, this.globals))}\n`);
  }
}
