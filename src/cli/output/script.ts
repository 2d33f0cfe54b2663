import { clean } from '../../console/clean.ts';
import { bytes, count, duration, plural } from '../../console/format.ts';
import type { Progress } from '../../plan/plan.ts';
import { STATEMENT_CLASSES } from '../../plan/script.ts';
import type { ScriptParameter, ScriptPlan, ScriptSummary, StatementClass } from '../../plan/script.ts';
import type { Paint } from './paint.ts';
import { table, type TableCell } from './table.ts';

const CLASS_WORDS: Record<StatementClass, string> = {
  read: 'reads',
  write: 'writes',
  ddl: 'defines',
  destructive: 'destroys',
  session: 'session',
  unknown: 'not known before it runs',
};

/** The project's scripts: what they are for, what they take, and how they went. */
export function scriptsText(scripts: readonly ScriptSummary[], paint: Paint): string[] {
  if (scripts.length === 0) return ['The project names no scripts. `dayboard script FILE` runs any file.'];
  const { theme } = paint;
  const rows = scripts.map(({ name, parameters, lastRun, seconds, problem, description }): TableCell[] => {
    const last = seconds.at(-1);
    return [
      { text: name, style: theme.heading },
      parameters.map(parameterText).join(' '),
      lastRun === undefined
        ? { text: 'never run', style: theme.muted }
        : `run ${lastRun.id} ${lastRun.state} ${lastRun.startedAt.slice(0, 10)}`,
      last === undefined ? '' : duration(last),
      problem === undefined ? { text: description, style: theme.muted } : { text: problem, style: theme.bad },
    ];
  });
  return table(
    [['script', 'parameters', 'last run', 'took', ''].map((text) => ({ text, style: theme.muted })), ...rows],
    paint,
  );
}

/** 'day=yesterday', or 'user' where one must be given. */
function parameterText({ name, default: value }: ScriptParameter): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** What a script would do, statement by statement. */
export function scriptPlanText(plan: ScriptPlan, paint: Paint): string[] {
  const { theme } = paint;
  const rows = plan.statements.map(({ file, line, does, text, objects }): TableCell[] => [
    `${file}:${line}`,
    { text: CLASS_WORDS[does], style: styleOf(does, paint) },
    { text: objects.join(' '), style: theme.muted },
    text,
  ]);
  return [
    `${paint.text(plan.name, theme.heading)} ${paint.text(scriptSummary(plan), theme.muted)}`,
    ...table(rows, paint),
    ...plan.copies.map(
      ({ file, line, direction, name }) =>
        `${file}:${line} ${direction === 'from' ? 'reads' : 'writes'} the file ${clean(name)}`,
    ),
    ...Object.entries(plan.variables).map(([name, value]) => clean(`${name} = ${value}`)),
    ...(plan.unset.length === 0
      ? []
      : [`Without a value before it runs: ${clean(plan.unset.join(', '))} (give one with -v name=value)`]),
    plan.singleTransaction
      ? 'One transaction: all of it or nothing.'
      : plan.onError === 'stop'
        ? 'Stops at the first error; what was committed before it stays.'
        : 'Goes on after errors.',
    ...plan.refused.map((reason) => paint.text(`refused: ${reason}`, theme.bad)),
    paint.text(`sha256 ${plan.hash}`, theme.muted),
  ];
}

function styleOf(does: StatementClass, { theme }: Paint): string {
  if (does === 'destructive') return theme.bad;
  return does === 'read' || does === 'session' ? theme.muted : '';
}

/** '12 statements: 9 read, 2 write, 1 destructive' */
export function scriptSummary({ statements, files }: ScriptPlan): string {
  const counts = STATEMENT_CLASSES.flatMap((each) => {
    const number = statements.filter(({ does }) => does === each).length;
    return number === 0 ? [] : [`${number} ${each}`];
  });
  const included = files.length > 1 ? ` in ${files.length} files` : '';
  const all = plural(statements.length, 'statement');
  return counts.length === 0 ? `${all}${included}` : `${all}${included}: ${counts.join(', ')}`;
}

/** Text that others wrote, for a terminal: it only prints. Lines and tabs stay. */
export function forTerminal(data: string | Buffer): string {
  return data
    .toString()
    .split(/([\n\t])/u)
    .map((part) => (part === '\n' || part === '\t' ? part : clean(part)))
    .join('');
}

/** Below so many seconds a rate says nothing yet. */
const SETTLED = 0.5;

/** A line below a script's output that tells where it is; it is taken away before anything is written. */
export class ScriptStatus {
  readonly #stream: { write(text: string): unknown; columns?: number };
  readonly #started = performance.now();
  /** Where a file that is copied was first heard of. */
  #copying: { bytes: number; at: number } | undefined;
  #shown = false;

  constructor(stream: { write(text: string): unknown; columns?: number }) {
    this.#stream = stream;
  }

  show(progress: Progress): void {
    const width = (this.#stream.columns ?? 80) - 1;
    const line = clean(statusText(progress, this.#seconds(this.#started), this.#rate(progress))).slice(
      0,
      width,
    );
    this.#stream.write(`\r\u001b[K${line}`);
    this.#shown = true;
  }

  /** Bytes a second of the file that is copied. */
  #rate({ bytes: done }: Progress): number | undefined {
    if (done === undefined) this.#copying = undefined;
    else if (this.#copying === undefined || done < this.#copying.bytes)
      this.#copying = { bytes: done, at: performance.now() };
    if (done === undefined || this.#copying === undefined) return undefined;
    const seconds = this.#seconds(this.#copying.at);
    return seconds < SETTLED ? undefined : (done - this.#copying.bytes) / seconds;
  }

  #seconds(since: number): number {
    return (performance.now() - since) / 1000;
  }

  clear(): void {
    if (this.#shown) this.#stream.write('\r\u001b[K');
    this.#shown = false;
  }
}

function statusText(
  { phase = '', rows, bytes: done, totalBytes, etaSeconds }: Progress,
  seconds: number,
  rate: number | undefined,
): string {
  const parts = [duration(seconds)];
  if (done !== undefined)
    parts.push(totalBytes === undefined ? bytes(done) : `${bytes(done)} of ${bytes(totalBytes)}`);
  if (rows !== undefined) parts.push(`${count(rows)} rows`);
  if (rate !== undefined) parts.push(`${bytes(rate)}/s`);
  if (etaSeconds !== undefined) parts.push(`${duration(etaSeconds)} left`);
  return `${parts.join(', ')}  ${phase}`;
}
