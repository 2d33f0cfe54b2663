import { errorPosition } from './error-position.ts';

/** An error or notice of the server, under the names of pg's DatabaseError and NoticeMessage. */
export interface ServerMessage {
  severity?: string | undefined;
  code?: string | undefined;
  message?: string | undefined;
  detail?: string | undefined;
  hint?: string | undefined;
  /** Character of the statement that it points to, from 1. */
  position?: string | undefined;
  internalPosition?: string | undefined;
  internalQuery?: string | undefined;
  where?: string | undefined;
  schema?: string | undefined;
  table?: string | undefined;
  column?: string | undefined;
  dataType?: string | undefined;
  constraint?: string | undefined;
  file?: string | undefined;
  line?: string | undefined;
  routine?: string | undefined;
}

/** The variable VERBOSITY. */
export type Verbosity = 'default' | 'verbose' | 'terse' | 'sqlstate';
/** The variable SHOW_CONTEXT. */
export type ShowContext = 'never' | 'errors' | 'always';

export interface MessageForm {
  verbosity: Verbosity;
  showContext: ShowContext;
  /** An error that ended its statement; notices are none. */
  isError: boolean;
  /** The text that was sent to the server; `position` counts in it. */
  statement?: string | undefined;
}

/** A message of the server in the lines in which psql shows it, each with its newline. */
export function serverMessageText(message: ServerMessage, form: MessageForm): string {
  const { verbosity } = form;
  const severity = given(message.severity, (text) => `${text}:  `);
  if (verbosity === 'sqlstate' && message.code !== undefined) return `${severity}${message.code}\n`;
  const terse = verbosity === 'terse' || verbosity === 'sqlstate';
  const code = verbosity === 'verbose' ? given(message.code, (text) => `${text}: `) : '';
  const pointed = pointOf(message, form.statement, terse);
  const first = `${severity}${code}${message.message ?? ''}${pointed.inline}\n`;
  return terse ? first : first + pointed.lines + detailLines(message, form);
}

function detailLines(message: ServerMessage, { verbosity, showContext, isError }: MessageForm): string {
  const context = showContext === 'always' || (showContext === 'errors' && isError);
  return [
    line('DETAIL', message.detail),
    line('HINT', message.hint),
    line('QUERY', message.internalQuery),
    context ? line('CONTEXT', message.where) : '',
    verbosity === 'verbose' ? objectLines(message) : '',
  ].join('');
}

function objectLines(message: ServerMessage): string {
  const routine = given(message.routine, (name) => `${name}, `);
  const place =
    message.file !== undefined && message.line !== undefined ? `${message.file}:${message.line}` : '';
  return [
    line('SCHEMA NAME', message.schema),
    line('TABLE NAME', message.table),
    line('COLUMN NAME', message.column),
    line('DATATYPE NAME', message.dataType),
    line('CONSTRAINT NAME', message.constraint),
    routine === '' && place === '' ? '' : `LOCATION:  ${routine}${place}\n`,
  ].join('');
}

/** Where a message points to: in words within its first line, or as the line of the statement with a mark below. */
function pointOf(
  message: ServerMessage,
  statement: string | undefined,
  terse: boolean,
): { inline: string; lines: string } {
  const own = message.position !== undefined;
  const position = own ? message.position : message.internalPosition;
  const text = own ? statement : message.internalQuery;
  if (position === undefined) return { inline: '', lines: '' };
  if (terse || text === undefined) return { inline: ` at character ${position}`, lines: '' };
  return { inline: '', lines: errorPosition(text, Number(position)) };
}

function line(heading: string, text: string | undefined): string {
  return given(text, (value) => `${heading}:  ${value}\n`);
}

function given(text: string | undefined, write: (text: string) => string): string {
  return text === undefined ? '' : write(text);
}
