import { notBoolean, parseBoolean } from '../output/boolean.ts';
import { serverMessageText } from '../output/server-message.ts';
import { showSource } from '../output/source-text.ts';
import { allArguments, type Command, fail, type Invocation } from './command.ts';

function words(invocation: Invocation): string {
  const args = allArguments(invocation);
  const bare = args[0]?.text === '-n' && !args[0].quoted;
  const text = (bare ? args.slice(1) : args).map((argument) => argument.text).join(' ');
  return bare ? text : `${text}\n`;
}

const showDefinition: Command = async (invocation) => {
  const { session, name } = invocation;
  const kind = name.startsWith('sf') ? 'function' : 'view';
  const source = await showSource(kind, invocation.line(), name.endsWith('+'), session.describing());
  session.output.write(source.output);
  return source.error === undefined ? 'ok' : fail(invocation, source.error);
};

const setEncoding: Command = async (invocation) => {
  const { session } = invocation;
  const wanted = invocation.argument()?.text;
  if (wanted === undefined) {
    session.options.stdout(`${session.variables.get('ENCODING') ?? ''}\n`);
    return 'ok' as const;
  }
  const { rows } = await session.query(
    `select pg_catalog.pg_encoding_to_char(pg_catalog.pg_char_to_encoding(${session.client.escapeLiteral(wanted)}))`,
  );
  const known = rows[0]?.[0] ?? '';
  if (known === '') session.error(`${wanted}: invalid encoding name or conversion procedure not found`);
  else await session.query(`set client_encoding = ${session.client.escapeLiteral(known)}`);
  return 'ok' as const;
};

/** Commands that write something and change nothing else. */
export const TEXTS: Readonly<Record<string, Command>> = {
  echo: (invocation) => {
    invocation.session.options.stdout(words(invocation));
    return 'ok';
  },
  qecho: (invocation) => {
    invocation.session.output.write(words(invocation));
    return 'ok';
  },
  warn: (invocation) => {
    invocation.session.options.stderr(words(invocation));
    return 'ok';
  },
  p: printBuffer,
  print: printBuffer,
  r: resetBuffer,
  reset: resetBuffer,
  q: () => 'quit',
  quit: () => 'quit',
  errverbose: (invocation) => {
    const { lastError } = invocation.session;
    if (lastError === undefined) {
      invocation.session.options.stdout('There is no previous error.\n');
      return 'ok';
    }
    const form = {
      verbosity: 'verbose',
      showContext: 'always',
      isError: true,
      statement: lastError.statement,
    } as const;
    invocation.session.error(serverMessageText(lastError.error, form).replace(/\n$/, ''));
    return 'ok';
  },
  timing: (invocation) => {
    const { session } = invocation;
    const word = invocation.argument()?.text;
    const on = word === undefined ? !session.timing : parseBoolean(word);
    if (on === undefined) session.error(notBoolean(word ?? '', '\\timing'));
    else session.timing = on;
    if (!session.quiet) session.options.stdout(`Timing is ${session.timing ? 'on' : 'off'}.\n`);
    return on === undefined ? 'failed' : 'ok';
  },
  encoding: setEncoding,
  sf: showDefinition,
  'sf+': showDefinition,
  sv: showDefinition,
  'sv+': showDefinition,
};

function printBuffer({ session, reading }: Invocation): 'ok' {
  const text = reading.scanner.text === '' ? reading.previous : reading.scanner.text;
  if (text !== '') session.options.stdout(`${text}\n`);
  else if (!session.quiet) session.options.stdout('Query buffer is empty.\n');
  return 'ok';
}

function resetBuffer({ session, reading }: Invocation): 'ok' {
  reading.scanner.text = '';
  reading.scanner.reset();
  if (!session.quiet) session.options.stdout('Query buffer reset (cleared).\n');
  return 'ok';
}
