import { changeSetting } from '../output/settings.ts';
import { fileProblem } from '../file-problem.ts';
import type { PrintSettings } from '../output/result.ts';
import { allArguments, type Command, type CommandEnd, fail, type Invocation } from './command.ts';

/** A command sends the statement that is there, or the one before it again. */
function send({ reading }: Invocation): 'send' {
  if (reading.scanner.text === '') reading.scanner.text = reading.previous;
  return 'send';
}

/** `\g [(OPTION=VALUE …)] [FILE]`; `\gx` is the same, expanded. */
const go: Command = (invocation): CommandEnd => {
  const { session, name } = invocation;
  let settings: PrintSettings | undefined;
  let next = invocation.argument();
  if (next?.text.startsWith('(') === true) {
    settings = optionsIn(invocation, next.text.slice(1));
    if (settings === undefined) return 'failed';
    next = invocation.argument();
  }
  if (name === 'gx') settings = { ...(settings ?? session.settings), expanded: true };
  if (next?.text.startsWith('|') === true) {
    return fail(invocation, `\\${name}: not run by dayboard: dayboard starts no programs for scripts`);
  }
  if (settings !== undefined) session.sending.settings = settings;
  if (next !== undefined) {
    try {
      session.output.beginOnce(session.path(next.text));
    } catch (error) {
      return fail(invocation, `${next.text}: ${fileProblem(error)}`);
    }
    session.sending.file = next.text;
  }
  return send(invocation);
};

/** Settings between parentheses; undefined when one is wrong, which psql has complained of. */
function optionsIn(invocation: Invocation, first: string): PrintSettings | undefined {
  let settings = invocation.session.settings;
  let ok = true;
  for (let option: string | undefined = first; ; option = invocation.argument()?.text) {
    if (option === undefined) {
      fail(invocation, `\\${invocation.name}: missing right parenthesis`);
      return undefined;
    }
    const closed = option.endsWith(')');
    const text = closed ? option.slice(0, -1) : option;
    if (text !== '') {
      const equals = text.indexOf('=');
      const [key, value] = equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
      const changed = changeSetting(settings, key, value);
      if (changed.ok) settings = changed.settings;
      else {
        fail(invocation, changed.message);
        ok = false;
      }
    }
    if (closed) return ok ? settings : undefined;
  }
}

/** Commands that send a statement and say what becomes of its result. */
export const SENDING: Readonly<Record<string, Command>> = {
  g: go,
  gx: go,
  gset: (invocation) => {
    invocation.session.sending.gset = invocation.argument()?.text ?? '';
    return send(invocation);
  },
  gexec: (invocation) => {
    invocation.session.sending.gexec = true;
    return send(invocation);
  },
  gdesc: (invocation) => {
    invocation.session.sending.gdesc = true;
    return send(invocation);
  },
  bind: (invocation) => {
    const values = allArguments(invocation).map((argument) => argument.text);
    invocation.session.sending.extended = { kind: 'bind', values };
    return 'ok';
  },
  bind_named: (invocation) => {
    const [name, ...values] = allArguments(invocation).map((argument) => argument.text);
    if (name === undefined) return fail(invocation, '\\bind_named: missing required argument');
    invocation.session.sending.extended = { kind: 'bind named', name, values };
    return 'ok';
  },
  parse: (invocation) => {
    const name = invocation.argument()?.text;
    if (name === undefined) return fail(invocation, '\\parse: missing required argument');
    invocation.session.sending.extended = { kind: 'parse', name };
    return send(invocation);
  },
  close_prepared: (invocation) => {
    const name = invocation.argument()?.text;
    if (name === undefined) return fail(invocation, '\\close_prepared: missing required argument');
    invocation.session.sending.extended = { kind: 'close', name };
    return send(invocation);
  },
  crosstabview: (invocation) => {
    const args: string[] = [];
    for (let next = invocation.argument({ semicolon: true }); next !== undefined && args.length < 4; ) {
      args.push(next.text);
      next = args.length < 4 ? invocation.argument({ semicolon: true }) : undefined;
    }
    invocation.session.sending.crosstab = args;
    return send(invocation);
  },
};
