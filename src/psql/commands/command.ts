import type { Reading } from '../reading.ts';
import type { Argument } from '../scan/arguments.ts';
import type { Session } from '../session.ts';

/** What a command came to: `send` sends the statement so far, `quit` ends the file. */
export type CommandEnd = 'ok' | 'failed' | 'send' | 'quit';

/** A backslash command as it is run. */
export interface Invocation {
  session: Session;
  reading: Reading;
  /** As it was typed, without its backslash. */
  name: string;
  /** The next argument; a semicolon at its end is dropped where `semicolon` is set. */
  argument(options?: { semicolon?: boolean }): Argument | undefined;
  /** The rest of the line as it stands. */
  line(): string | undefined;
}

export type Command = (invocation: Invocation) => CommandEnd | Promise<CommandEnd>;

/** All arguments that are left. */
export function allArguments(invocation: Invocation): Argument[] {
  const found: Argument[] = [];
  for (let next = invocation.argument(); next !== undefined; next = invocation.argument()) found.push(next);
  return found;
}

/** psql's complaint, after which a command has failed. */
export function fail({ session }: Invocation, message: string): 'failed' {
  session.error(message);
  return 'failed';
}
