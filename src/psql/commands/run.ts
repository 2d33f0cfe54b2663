import { describe, isDescribeCommand } from '../output/describe.ts';
import { showError } from '../execute.ts';
import type { Reading } from '../reading.ts';
import {
  type Argument,
  ArgumentError,
  endCommand,
  readArgument,
  readCommand,
  readLine,
} from '../scan/arguments.ts';
import type { Input } from '../scan/input.ts';
import type { Lookup } from '../scan/lookup.ts';
import type { Session } from '../session.ts';
import { BRANCHING } from './branches.ts';
import { type Command, type CommandEnd, fail, type Invocation } from './command.ts';
import { FILES } from './files.ts';
import { FORMS } from './forms.ts';
import { REFUSED, refusal } from './refused.ts';
import { SENDING } from './sending.ts';
import { TEXTS } from './texts.ts';
import { VARIABLES } from './variables.ts';
import { watch } from './watch.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  ...TEXTS,
  ...VARIABLES,
  ...FILES,
  ...FORMS,
  ...SENDING,
  watch,
};

/** Commands whose argument is the rest of the line. */
const WHOLE_LINE = /^(copy|sf\+?|sv\+?|!|h|help|ef|ev)$/i;

/** Reads and runs the command whose backslash was just read, and what is left of its arguments. */
export async function runCommand(
  session: Session,
  reading: Reading,
  input: Input,
  lookup: Lookup,
): Promise<CommandEnd> {
  const name = readCommand(input);
  const invocation = invocationOf(session, reading, input, lookup, name);
  const end = await dispatch(invocation);
  if (end === 'failed') readLine(input);
  else eatArguments(invocation, reading.conditions.active);
  endCommand(input);
  return end;
}

async function dispatch(invocation: Invocation): Promise<CommandEnd> {
  const { name, session, reading } = invocation;
  const branching = own(BRANCHING, name);
  if (branching !== undefined) return branching(invocation);
  const command = commandOf(name);
  const refused = own(REFUSED, name);
  if (command === undefined && refused === undefined) return fail(invocation, `invalid command \\${name}`);
  if (!reading.conditions.active) {
    if (WHOLE_LINE.test(name)) invocation.line();
    else while (invocation.argument() !== undefined);
    return 'ok';
  }
  if (command === undefined) return fail(invocation, refusal(name, refused ?? ''));
  if (session.stops()) return 'failed';
  const source = session.source;
  const end = await command(invocation);
  session.source = source;
  return end;
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function commandOf(name: string): Command | undefined {
  if (isDescribeCommand(name)) return runDescribe;
  return own(COMMANDS, name) ?? (name.toLowerCase() === 'copy' ? COMMANDS['copy'] : undefined);
}

function invocationOf(
  session: Session,
  reading: Reading,
  input: Input,
  lookup: Lookup,
  name: string,
): Invocation {
  return {
    session,
    reading,
    name,
    argument: (options): Argument | undefined => {
      try {
        return readArgument(input, lookup, options);
      } catch (error) {
        if (!(error instanceof ArgumentError)) throw error;
        readLine(input);
        session.error(error.message);
        return undefined;
      }
    },
    line: () => readLine(input, { semicolon: true }),
  };
}

/** Arguments that the command did not take. */
function eatArguments(invocation: Invocation, active: boolean): void {
  for (let extra = invocation.argument(); extra !== undefined; extra = invocation.argument()) {
    if (active) invocation.session.warning(`\\${invocation.name}: extra argument "${extra.text}" ignored`);
  }
}

const runDescribe: Command = async (invocation) => {
  const { session, name } = invocation;
  const first = invocation.argument({ semicolon: true });
  const args = first === undefined ? [] : [first.text];
  if (name.startsWith('df')) {
    for (let next = invocation.argument({ semicolon: true }); next !== undefined; ) {
      args.push(next.text);
      next = invocation.argument({ semicolon: true });
    }
  }
  try {
    const described = await describe(name, args, session.describing());
    session.output.write(described.output);
    if (described.error !== undefined) session.error(described.error);
    return described.failed ? 'failed' : 'ok';
  } catch (error) {
    if (!(error instanceof Error && 'severity' in error)) throw error;
    showError(session, error as Parameters<typeof showError>[1], '');
    return 'failed';
  }
};
