import type { CheckStatus, DerivedStatus, RunSummary } from '../../plan/board.ts';
import { type Clock, secondsBetween } from '../clock.ts';
import { age, duration, plural, sparkline } from '../format.ts';
import { Line } from '../line.ts';
import type { Theme } from '../theme.ts';
import { columns, REST, type Row } from '../widgets/rows.ts';
import { fitMiddle } from '../width.ts';

export interface ListContext {
  theme: Theme;
  clock: Clock;
  now: string;
  width: number;
  /** Column at which the facts begin, under the first day. */
  at: number;
}

/** Names of the columns of views, as wide as the columns are. */
export function viewHead({ theme, width, at }: ListContext, title: string): string {
  const line = new Line(width).add(` ${title} `, theme.heading);
  line.add(theme.glyphs.rule.repeat(Math.max(0, at - line.column - 1)), theme.faint).to(at);
  columns(line, theme, [
    { text: 'through', width: 10, style: theme.faint },
    { text: 'age', width: 6, style: theme.faint, align: 'right' },
    { text: 'limits', width: 9, style: theme.faint },
    { text: 'refreshed', width: 11, style: theme.faint },
    { text: 'took', width: 6, style: theme.faint, align: 'right' },
    { text: 'last runs', width: 14, style: theme.faint },
    { text: 'why', width: REST, style: theme.faint },
  ]);
  return line.full();
}

export function viewRow(context: ListContext, view: DerivedStatus, here: boolean): string {
  const { theme, width, at, clock, now } = context;
  const line = new Line(width);
  line.add(here ? theme.glyphs.pointer : ' ', theme.heading);
  line.add(`${theme.glyphs.verdict[view.verdict]} `, theme.verdict[view.verdict]);
  line.add(fitMiddle(view.name, at - 4, theme.glyphs.ellipsis), here ? theme.strong : '').to(at);
  const late = view.verdict === 'pass' ? theme.muted : theme.verdict[view.verdict];
  columns(line, theme, [
    { text: view.through ?? theme.glyphs.dash, width: 10, style: late },
    {
      text: view.ageSeconds === undefined ? '' : age(view.ageSeconds),
      width: 6,
      style: late,
      align: 'right',
    },
    { text: limits(view), width: 9, style: theme.muted },
    {
      text: view.refreshed === undefined ? 'never' : clock.moment(view.refreshed, now),
      width: 11,
      style: theme.muted,
    },
    { text: lastDuration(view), width: 6, style: theme.muted, align: 'right' },
    { text: sparkline(view.durations, theme.glyphs.spark), width: 14, style: theme.muted },
    {
      text: view.verdict === 'pass' && view.owed.length === 0 ? '' : view.why,
      width: REST,
      style: theme.muted,
    },
  ]);
  return line.full();
}

/** '26h 36h': warn and error. */
export function limits(view: DerivedStatus): string {
  return [view.warnSeconds, view.errorSeconds]
    .flatMap((seconds) => (seconds === undefined ? [] : [`${Math.round(seconds / 3600)}h`]))
    .join(' ');
}

function lastDuration(view: DerivedStatus): string {
  const last = view.durations.at(-1);
  return last === undefined ? '' : duration(last);
}

const CHECK_VERDICT = {
  pass: 'pass',
  warn: 'warn',
  fail: 'error',
  unknown: 'unknown',
  never: 'unknown',
} as const;

export function checkRow({ theme, width, at, clock, now }: ListContext, check: CheckStatus): string {
  const verdict = CHECK_VERDICT[check.verdict];
  const style = check.verdict === 'never' ? theme.muted : theme.verdict[verdict];
  const line = new Line(width).add(' ').add(`${theme.glyphs.verdict[verdict]} `, style);
  line.add(fitMiddle(check.name, at - 4, theme.glyphs.ellipsis)).to(at);
  const word =
    check.verdict === 'never' ? 'never run' : check.verdict === 'unknown' ? 'not checked' : check.verdict;
  const findings = check.findings.length > 0 ? plural(check.findings.length, 'finding') : '';
  columns(line, theme, [
    { text: word, width: 12, style },
    { text: check.at === undefined ? '' : clock.moment(check.at, now), width: 11, style: theme.muted },
    { text: check.error?.message ?? findings, width: REST, style: theme.muted },
  ]);
  return line.full();
}

const RUN_STEP = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  partly: 'failed',
  cancelled: 'cancelled',
  interrupted: 'cancelled',
} as const;

/** Glyph and word of a run's state. */
export function runState(theme: Theme, state: RunSummary['state']): Row {
  const step = RUN_STEP[state];
  return [[`${theme.glyphs.step[step]} ${state}`, theme.step[step]]];
}

/** A run in the list: state, number, when, how long, what. */
export function runRow({ theme, width, clock, now }: ListContext, run: RunSummary, here: boolean): string {
  const line = new Line(width).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  const [state] = runState(theme, run.state);
  const end = run.finishedAt ?? (run.state === 'running' ? now : undefined);
  columns(line, theme, [
    { text: state?.[0] ?? '', width: 13, style: state?.[1] ?? '' },
    { text: run.id, width: 6, align: 'right', style: here ? theme.strong : '' },
    { text: clock.moment(run.startedAt, now), width: 11, style: theme.muted },
    {
      text: end === undefined ? '' : duration(Math.max(0, secondsBetween(run.startedAt, end))),
      width: 7,
      style: theme.muted,
      align: 'right',
    },
    { text: stepsText(run), width: 14, style: theme.muted },
    { text: `${run.by}@${run.host}`, width: 18, style: theme.muted },
    { text: run.cli, width: REST, style: here ? '' : theme.muted },
  ]);
  return line.full();
}

function stepsText({ steps }: RunSummary): string {
  const ended = `${steps.done}/${steps.total}`;
  return steps.failed > 0 ? `${ended}, ${steps.failed} bad` : ended;
}
