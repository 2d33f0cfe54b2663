import type { RunEvent } from '../../plan/events.ts';
import type { Reporter } from './reporter.ts';

/** A value as one line of JSON; `schema` comes first in every value of ours. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
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
    this.stderr.write(`${text}\n`);
  }

  async end(): Promise<void> {}
}
