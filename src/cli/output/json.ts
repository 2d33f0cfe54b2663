import { clean } from '../../console/clean.ts';
import type { RunEvent } from '../../plan/events.ts';
import type { Reporter } from './reporter.ts';

/** What JSON leaves as it is and a terminal obeys or hides: C1 controls, line separators, marks that reorder text. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/gu;

/** A value as one line of JSON that a terminal only prints; `schema` comes first in every value of ours. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replaceAll(
    UNPRINTABLE,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}

/** One event per line on stdout; the last is the outcome. */
export class JsonReporter implements Reporter {
  private readonly stdout: { write(text: string): unknown };
  private readonly stderr: { write(text: string): unknown };

  constructor(stdout: { write(text: string): unknown }, stderr: { write(text: string): unknown }) {
    this.stdout = stdout;
    this.stderr = stderr;
  }

  event(event: RunEvent): void {
    this.stdout.write(jsonLine(event));
  }

  message(text: string): void {
    this.stderr.write(`${clean(text)}\n`);
  }

  async end(): Promise<void> {}
}
