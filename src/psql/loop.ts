import { runCommand } from './commands/run.ts';
import { Conditions } from './conditions.ts';
import { sendStatement } from './execute.ts';
import type { Ending, Reading } from './reading.ts';
import { Input } from './scan/input.ts';
import { Scanner } from './scan/scanner.ts';
import type { Session } from './session.ts';
import { SourceReader } from './source-reader.ts';

/** Runs a file: line by line, statements and commands as they come. */
export async function runFile(session: Session, name: string, bytes: Buffer): Promise<Ending> {
  const outer = session.source;
  const source = new SourceReader(name, bytes);
  session.source = source;
  try {
    return await readAll(session, source);
  } finally {
    session.source = outer;
  }
}

async function readAll(session: Session, source: SourceReader): Promise<Ending> {
  const reading: Reading = { scanner: new Scanner(), conditions: new Conditions(), previous: '' };
  for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
    const line = bytes.toString().replace(/\n$/, '');
    const stop = session.variables.isOn('ON_ERROR_STOP');
    const ending = await runLine(session, reading, line);
    if (ending === 'quit') return 'quit';
    if (ending === 'failed' && (stop || session.isCancelled)) return 'failed';
  }
  return finish(session, reading);
}

/** Runs a line up to its end, or to the first failure that stops. */
async function runLine(session: Session, reading: Reading, line: string): Promise<Ending> {
  const { scanner, conditions } = reading;
  if (line === '' && !scanner.inQuote) return 'end';
  const stop = session.variables.isOn('ON_ERROR_STOP');
  if (session.variables.word('ECHO') === 'all') session.options.stdout(`${line}\n`);
  const input = new Input(line);
  const lookup = session.lookup(() => conditions.active);
  let newline = scanner.text !== '';
  if (newline) scanner.text += '\n';
  const start = scanner.text.length;
  for (;;) {
    const end = scanner.scan(input, lookup, session.standardStrings);
    if (end === 'line') return 'end';
    let ok = true;
    if (end === 'semicolon') {
      if (conditions.active) ok = await sendText(session, reading);
    } else {
      // A line with nothing but a command leaves the statement around it as it was.
      if (newline && scanner.text.length === start) scanner.text = scanner.text.slice(0, -1);
      const ran = await runCommand(session, reading, input, lookup);
      if (ran === 'quit') return 'quit';
      ok = ran !== 'failed';
      if (ran === 'send') {
        ok = await sendText(session, reading);
        scanner.reset();
      }
    }
    newline = false;
    if (!ok && (stop || session.isCancelled)) return 'failed';
  }
}

/** Sends the statement so far, which then is the previous one. */
async function sendText(session: Session, reading: Reading): Promise<boolean> {
  const { scanner } = reading;
  const text = scanner.text;
  scanner.text = '';
  const ok = await sendStatement(session, text);
  reading.previous = text;
  return ok;
}

/** At the end of a file a statement without its semicolon is sent too. */
async function finish(session: Session, reading: Reading): Promise<Ending> {
  const stop = session.variables.isOn('ON_ERROR_STOP');
  if (reading.scanner.text !== '' && reading.conditions.active) {
    const ok = await sendText(session, reading);
    if (!ok && (stop || session.isCancelled)) return 'failed';
  }
  if (!reading.conditions.open) return 'end';
  session.error('reached EOF without finding closing \\endif(s)');
  return stop ? 'failed' : 'end';
}
