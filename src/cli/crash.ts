import { writeSync } from 'node:fs';
import { clean } from '../console/clean.ts';
import { redact } from '../project/redact.ts';
import { EXIT } from './exit-codes.ts';

const STDERR = 2;

/**
 * Has the process end with a text of our own when something is thrown that nobody catches. Node's would print the error
 * with all that hangs on it, such as the URL, password and all, that could not be read.
 */
export function tellCrashes(): void {
  process.on('uncaughtException', (thrown) => {
    try {
      writeSync(STDERR, crashText(thrown));
    } finally {
      process.exit(EXIT.failed);
    }
  });
}

/** What a crash shows: no secret of the environment, and nothing that a terminal obeys. */
export function crashText(thrown: unknown): string {
  return [
    'error dayboard ended by a mistake of its own.',
    '  Runs that were in flight were rolled back by the server; what was published is as it was.',
    '  Please report it with the lines below.',
    stackText(thrown),
    '',
  ].join('\n');
}

/** The stack of an error and of its cause, in lines that can be shown. */
export function stackText(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? [thrown.cause] : [];
  return [thrown, ...cause]
    .map((each) => (each instanceof Error ? (each.stack ?? each.message) : String(each)))
    .join('\ncaused by ')
    .split('\n')
    .map((line) => clean(redact(line)))
    .join('\n');
}
