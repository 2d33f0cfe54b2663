import { changeSetting, settingOfCommand } from '../output/settings.ts';
import { listSettings } from '../output/settings-text.ts';
import { type Command, fail, type Invocation } from './command.ts';

function change(invocation: Invocation, option: string, value: string | undefined): 'ok' | 'failed' {
  const { session } = invocation;
  const changed = changeSetting(session.settings, option, value);
  if (!changed.ok) return fail(invocation, changed.message);
  session.settings = changed.settings;
  if (!session.quiet) session.options.stdout(changed.message);
  return 'ok';
}

/** A command of one letter that stands for a `\pset`. */
function short(command: 'a' | 'C' | 'f' | 'H' | 't' | 'T' | 'x'): Command {
  return (invocation) => {
    const takesNone = command === 'a' || command === 'H';
    const drops = command === 'C' || command === 't' || command === 'x';
    const argument = takesNone ? undefined : invocation.argument({ semicolon: drops })?.text;
    const { option, value } = settingOfCommand(command, argument, invocation.session.settings);
    return change(invocation, option, value);
  };
}

/** Commands over how results are printed. */
export const FORMS: Readonly<Record<string, Command>> = {
  a: short('a'),
  C: short('C'),
  f: short('f'),
  H: short('H'),
  html: short('H'),
  t: short('t'),
  T: short('T'),
  x: short('x'),
  pset: (invocation) => {
    const { session } = invocation;
    const [option, value] = [invocation.argument()?.text, invocation.argument()?.text];
    if (option !== undefined) return change(invocation, option, value);
    session.options.stdout(listSettings(session.settings));
    return 'ok';
  },
};
