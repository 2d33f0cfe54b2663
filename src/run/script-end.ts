import type { ScriptPlan } from '../plan/script.ts';
import { DayboardError } from '../project/errors.ts';
import type { ScriptExit, ScriptStop } from '../psql/script.ts';
import type { ScriptFailure, ScriptPlace } from '../psql/session.ts';
import type { ReadyScript } from './ready-script.ts';

/** How a script ended. */
export interface Ran {
  exit: ScriptExit;
  failure: ScriptFailure | undefined;
  failures: number;
  statements: number;
  rows: number;
  /** What became of it when it was asked to end before its end, in words. */
  stopped: string | undefined;
}

/** What is known of a script that was asked to end. */
export interface Stopped {
  readOnly: boolean;
  statements: number;
  stop: ScriptStop;
  /** The statement that was ended at the server. */
  cancelled: ScriptPlace | undefined;
}

/** What became of a script that was asked to end: where that was, what stays, and what does not. */
export function stopText(
  { singleTransaction }: ReadyScript,
  { readOnly, statements, stop, cancelled }: Stopped,
): string {
  const place = ({ file, line }: ScriptPlace) => `${file}:${line}`;
  const next = stop.at === undefined ? '' : `Stopped before ${place(stop.at)}, as asked. `;
  const where = cancelled === undefined ? next : `${place(cancelled)} was ended, as asked. `;
  if (readOnly) return `${where}Nothing was written.`;
  if (statements === 0) return `${where}Nothing was run.`;
  if (singleTransaction) return `${where}Everything was rolled back.`;
  return stop.openSince === undefined
    ? `${where}What was committed before that stays; nothing after it was run.`
    : `${where}The transaction that began at ${place(stop.openSince)} was rolled back; what was committed before it stays.`;
}

/** Asked for by somebody, and told in the output: who reads the run needs no other error. */
export function stopped(plan: ScriptPlan, message: string): DayboardError {
  return new DayboardError({
    code: 'script.stopped',
    kind: 'interrupted',
    message,
    facts: { script: plan.name },
  });
}

/** psql's exit code tells whether an error stopped the script, whatever it had set itself. */
export function failed(plan: ScriptPlan, { exit, failure, failures }: Ran): DayboardError {
  const { file, line, message, sqlState } = failure ?? {
    file: plan.file,
    line: 0,
    message: `psql would end with ${exit}`,
    sqlState: undefined,
  };
  const left = plan.singleTransaction
    ? exit === 0
      ? 'The rest was run; when a statement failed at the server, everything was rolled back.'
      : 'Everything was rolled back.'
    : exit === 0
      ? `The rest was run${failures > 1 ? `; ${failures} errors in all` : ''}.`
      : 'What was committed before that line stays; nothing after it was run.';
  return new DayboardError({
    code: 'script.failed',
    message: `${file}:${line}: ${message.replace(/\.$/, '')}. ${left}`,
    facts: { file, line, failures, ...(sqlState === undefined ? {} : { sqlState }) },
    next: 'Mend that line and run the script again; with -1 a script is run as a whole or not at all.',
  });
}
