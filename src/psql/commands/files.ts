import { statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { copyCommand } from '../copy/command.ts';
import { type Command, fail, type Invocation } from './command.ts';
import { fileProblem } from '../file-problem.ts';

async function include(invocation: Invocation, relative: boolean): Promise<'ok' | 'failed'> {
  const { session, name } = invocation;
  const given = invocation.argument({ semicolon: true })?.text;
  if (given === undefined) return fail(invocation, `\\${name}: missing required argument`);
  const from = session.source?.name ?? '';
  const file = relative && !isAbsolute(given) ? join(dirname(from), given) : given;
  let bytes: Buffer;
  try {
    bytes = session.read(file);
  } catch (error) {
    return fail(invocation, `${file}: ${fileProblem(error)}`);
  }
  const ending = await session.include(file, bytes);
  return ending === 'failed' ? 'failed' : 'ok';
}

const output: Command = (invocation) => {
  const { session } = invocation;
  const file = invocation.argument({ semicolon: true })?.text;
  if (file?.startsWith('|') === true) {
    return fail(invocation, '\\o: not run by dayboard: dayboard starts no programs for scripts');
  }
  try {
    session.output.redirect(file === undefined || file === '' ? undefined : session.path(file));
    return 'ok';
  } catch (error) {
    return fail(invocation, `${file ?? ''}: ${fileProblem(error)}`);
  }
};

/** Commands that read and write files. */
export const FILES: Readonly<Record<string, Command>> = {
  i: (invocation) => include(invocation, false),
  include: (invocation) => include(invocation, false),
  ir: (invocation) => include(invocation, true),
  include_relative: (invocation) => include(invocation, true),
  o: output,
  out: output,
  copy: copyCommand,
  cd: (invocation) => {
    const { session } = invocation;
    const given = invocation.argument({ semicolon: true })?.text ?? session.options.env['HOME'] ?? '/';
    try {
      const path = session.path(given);
      if (!statSync(path).isDirectory())
        throw Object.assign(new Error('Not a directory'), { code: 'ENOTDIR' });
      session.directory = path;
      return 'ok';
    } catch (error) {
      return fail(invocation, `\\cd: could not change directory to "${given}": ${fileProblem(error)}`);
    }
  },
};
