import { bytes, count, duration, plural } from '../../console/format.ts';
import { isOverdue, OVERDUE, phaseText } from '../../console/progress.ts';
import type { RunEvent, StepName } from '../../plan/events.ts';
import type { Progress } from '../../plan/plan.ts';
import type { ErrorValue } from '../../project/errors.ts';
import { factsText, TOLD_BY_STEP } from './error.ts';
import type { Paint } from './paint.ts';
import { type Reporter, stepText } from './reporter.ts';

/** A step's progress is told at most this often, by the events' own times. */
const PROGRESS_EVERY_MILLISECONDS = 5_000;

/** One plain line per event, for logs: when (UTC), what, and how it went. */
export class PlainReporter implements Reporter {
  private readonly stream: { write(text: string): unknown };
  private readonly paint: Paint;
  private readonly now: () => string;
  /** When each step was last heard of, in milliseconds. */
  private readonly told = new Map<number, number>();

  constructor(stream: { write(text: string): unknown }, paint: Paint, now: () => string) {
    this.stream = stream;
    this.paint = paint;
    this.now = now;
  }

  event(event: RunEvent): void {
    if (event.type === 'step.progress' && !this.isDue(event.step.seq, event.at)) return;
    if (event.type === 'step.started') this.told.set(event.step.seq, Date.parse(event.at));
    const text = lineOf(event);
    this.write(event.at, text, event.type === 'step.failed' ? this.paint.theme.bad : '');
  }

  message(text: string): void {
    this.write(this.now(), text, '');
  }

  async end(): Promise<void> {}

  private write(at: string, text: string, style: string): void {
    this.stream.write(`${second(at)} ${this.paint.text(text, style)}\n`);
  }

  private isDue(step: number, at: string): boolean {
    const time = Date.parse(at);
    const last = this.told.get(step);
    if (last !== undefined && time - last < PROGRESS_EVERY_MILLISECONDS) return false;
    this.told.set(step, time);
    return true;
  }
}

/** '2026-11-23T00:30:23Z': logs sort by it. */
export function second(instant: string): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

function lineOf(event: RunEvent): string {
  switch (event.type) {
    case 'run.started':
      return `run ${event.run} started by ${event.by} on ${event.host}: ${event.cli} (${plural(event.steps.length, 'step')})`;
    case 'run.cancelling':
      return `run ${event.run} ${event.mode === 'now' ? 'is cancelled now' : 'stops after the steps in flight'}, asked by ${event.by}`;
    case 'run.done':
      return `run ${event.run} ${event.outcome.state} after ${duration(event.outcome.seconds)}`;
    case 'step.started':
      return about(event.step, 'started');
    case 'step.progress':
      return about(event.step, progressText(event));
    case 'step.note':
      return about(event.step, event.message);
    case 'step.done':
      return about(event.step, [`done in ${duration(event.seconds)}`, ...amounts(event)].join(', '));
    case 'step.failed':
      return about(event.step, `failed after ${duration(event.seconds)}: ${failureText(event.error)}`);
    case 'step.skipped':
      return about(event.step, `skipped, ${event.reason}`);
    case 'step.cancelled':
      return about(event.step, 'cancelled');
  }
}

function about(step: StepName, text: string): string {
  return `${stepText(step)}: ${text}`;
}

function amounts(done: { rows?: number; bytes?: number }): string[] {
  return [
    ...(done.rows === undefined ? [] : [`${count(done.rows)} rows`]),
    ...(done.bytes === undefined ? [] : [bytes(done.bytes)]),
  ];
}

/** '45 % of 1.9 GiB, 812,000 rows, 0:25 left'. */
export function progressText(progress: Progress): string {
  const { rows, bytes: read, totalBytes, etaSeconds, estimated, phase } = progress;
  const parts = [
    ...(phase === undefined ? [] : [phaseText(progress)]),
    ...(read === undefined ? [] : [amountRead(read, totalBytes)]),
    ...(rows === undefined ? [] : [`${count(rows)} rows`]),
    ...(etaSeconds === undefined ? [] : [leftText({ seconds: etaSeconds, estimated: estimated === true })]),
  ];
  return parts.length === 0 ? 'running' : parts.join(', ');
}

function leftText(left: { seconds: number; estimated: boolean }): string {
  return isOverdue(left) ? OVERDUE : `${left.estimated ? '~' : ''}${duration(left.seconds)} left`;
}

function amountRead(read: number, total: number | undefined): string {
  if (total === undefined || total === 0) return bytes(read);
  return `${Math.min(100, Math.floor((100 * read) / total))} % of ${bytes(total)}`;
}

/** The error in one line: code, message, where, next. */
function failureText(error: ErrorValue): string {
  const where = factsText(error.facts, TOLD_BY_STEP);
  return [
    `${error.code}: ${error.message}`,
    ...(where === '' ? [] : [`(${where})`]),
    ...(error.next === undefined ? [] : [error.next]),
  ].join(' ');
}
