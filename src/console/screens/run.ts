import { type Clock, secondsBetween } from '../clock.ts';
import { bytes, duration, plural, shortCount } from '../format.ts';
import { listLayout, visibleWindow } from '../layout.ts';
import { Line } from '../line.ts';
import { logNameWidth } from '../log.ts';
import { isOverdue, OVERDUE, phaseText } from '../progress.ts';
import {
  elapsedOf,
  foundText,
  rateOf,
  type RunModel,
  secondsLeft,
  shareOf,
  stepCounts,
  type StepModel,
} from '../run-model.ts';
import { outcomeText } from '../runs.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { statusLine, titleLine } from '../widgets/header.ts';
import { bar, drawRows, heading, paragraph, type Row, rule } from '../widgets/rows.ts';
import { fit, fitMiddle, pad } from '../width.ts';
import { runState } from './board-lists.ts';

/** Title, status, what, rule, column names, total, log heading, footer. */
const FIXED = 8;
const LOG_ROWS = 12;

/** How many steps the run view shows, and how many lines of its log. */
export function runLayout(state: ConsoleState, run: RunModel | undefined): { list: number; panel: number } {
  const steps = run?.steps.length ?? 0;
  const wanted = state.size.rows >= 40 ? LOG_ROWS + 4 : Math.floor((state.size.rows - FIXED) / 2.5);
  const { list, panel } = listLayout(state.size, FIXED, steps, wanted);
  const needed = Math.max(1, Math.min(list, steps));
  return { list: needed, panel: panel + list - needed };
}

/** The step that the list's cursor is at: what runs, or what is worth a look, until the cursor is moved. */
export function cursorStep({ runView }: ConsoleState, run: RunModel): number {
  if (!runView.following) return Math.min(runView.row, run.steps.length - 1);
  const running = run.steps.findIndex((step) => step.state === 'running');
  if (running !== -1) return running;
  if (run.state === 'running') {
    return Math.max(
      0,
      run.steps.findLastIndex((step) => step.state !== 'queued'),
    );
  }
  const isFocused = (step: StepModel) =>
    step.target === runView.focus?.dataset && step.period === runView.focus.period;
  const choices = [
    run.steps.findIndex((step) => isFocused(step) && step.state === 'failed'),
    run.steps.findLastIndex(isFocused),
    run.steps.findIndex((step) => step.state === 'failed'),
  ];
  return choices.find((index) => index !== -1) ?? Math.max(0, run.steps.length - 1);
}

export function runScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const { columns, rows } = state.size;
  const run = state.models.get(state.runView.id ?? '');
  const top = [
    titleLine(state, theme, clock, ['runs', `${state.runView.id ?? ''} ${run?.command ?? ''}`]),
    statusLine(state, theme, clock),
  ];
  if (run === undefined)
    return [...top, ...blank(['', '  Reading the run.'], rows - 3), footerLine(state, theme)];
  const { list, panel } = runLayout(state, run);
  const cursor = cursorStep(state, run);
  const window = visibleWindow(cursor, list, run.steps.length);
  const kind = Math.max(KIND, ...run.steps.map((step) => step.kind.length + 1));
  const steps = run.steps
    .slice(window.first, window.end)
    .map((step, index) =>
      stepRow({ theme, width: columns, now: state.now, kind }, step, window.first + index === cursor),
    );
  const range = `${window.first + 1}${theme.glyphs.dash}${window.end} of ${run.steps.length}`;
  const more = window.end - window.first < run.steps.length ? [`steps ${range}`, range] : [];
  return [
    ...top,
    whatLine(state, theme, clock, run),
    stepHead(theme, columns, more),
    ...blank(steps, list),
    totalLine(state, theme, clock, run),
    ...blank(panelLines(state, theme, clock, run, panel), panel + 1),
    rule(theme, columns),
    footerLine(state, theme),
  ];
}

function whatLine(state: ConsoleState, theme: Theme, clock: Clock, run: RunModel): string {
  const line = new Line(state.size.columns).add(' ');
  const [glyphAndWord] = runState(theme, run.state);
  line.add(glyphAndWord?.[0] ?? '', glyphAndWord?.[1] ?? '');
  if (run.cancelling !== undefined && run.state === 'running') {
    line.add(run.cancelling === 'step' ? ' (stopping after this step)' : ' (being cancelled)', theme.warn);
  }
  const by = run.by === '' ? '' : `  by ${run.by}@${run.host}`;
  line.add(`  since ${clock.moment(run.startedAt, state.now)}${by}  `, theme.muted);
  return line.add(fit(run.cli, line.room - 1, theme.glyphs.ellipsis), theme.faint).end();
}

/** Columns of a step's name and of the median, which narrow terminals do without. */
function stepColumns(width: number): { name: number; usually: number } {
  const usually = width >= 100 ? 9 : 0;
  return { name: Math.max(18, Math.min(52, width - 46 - usually)), usually };
}

function stepHead(theme: Theme, width: number, more: readonly string[]): string {
  const { name, usually } = stepColumns(width);
  const line = new Line(width).add(pad(' STEP', 3 + name), theme.heading);
  line
    .add(pad('TOOK', 6, 'left') + pad(usually > 0 ? 'USUALLY' : '', usually, 'left'), theme.faint)
    .add('  PROGRESS', theme.faint);
  const fitting = more.find((text) => text.length + 3 <= line.room) ?? '';
  return line.right(fitting, theme.faint, width - 1).end();
}

interface StepContext {
  theme: Theme;
  width: number;
  now: string;
  /** Columns of the steps' kinds. */
  kind: number;
}

/** The least that a step's kind and the blank behind it take. */
const KIND = 8;

/** A step: what, how long, and how far or how it ended. */
export function stepRow({ theme, width, now, kind }: StepContext, step: StepModel, here: boolean): string {
  const { name, usually } = stepColumns(width);
  const line = new Line(width).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  line.add(`${theme.glyphs.step[step.state]} `, theme.step[step.state]);
  line.add(step.kind.padEnd(kind), theme.muted);
  const period = step.period === undefined ? '' : ` ${shortPeriod(step.period, now)}`;
  const quiet = step.state === 'queued' || step.state === 'skipped';
  line.add(
    fitMiddle(step.target, name - kind - period.length, theme.glyphs.ellipsis),
    quiet ? theme.faint : here ? theme.strong : '',
  );
  line.add(period, quiet ? theme.faint : theme.muted).to(3 + name);
  line.add(pad(took(step, now), 6, 'left'), step.state === 'running' ? theme.step.running : theme.muted);
  line
    .add(
      pad(
        step.medianSeconds === undefined || usually === 0 ? '' : duration(step.medianSeconds),
        usually,
        'left',
      ),
      theme.faint,
    )
    .add('  ');
  addProgress(line, theme, step, now);
  return line.end();
}

/** A period without its year when that is this one. */
function shortPeriod(period: string, now: string): string {
  return period.startsWith(`${now.slice(0, 4)}-`) ? period.slice(5) : period;
}

function took(step: StepModel, now: string): string {
  return step.seconds !== undefined || step.state === 'running' ? duration(elapsedOf(step, now)) : '';
}

function addProgress(line: Line, theme: Theme, step: StepModel, now: string): void {
  if (step.state === 'running') addRunning(line, theme, step, now);
  else if (step.state === 'failed')
    line.add(fit(step.error?.message ?? 'failed', line.room - 1, theme.glyphs.ellipsis), theme.bad);
  else if (step.state === 'skipped')
    line.add(fit(`skipped: ${step.reason ?? ''}`, line.room - 1, theme.glyphs.ellipsis), theme.muted);
  else if (step.state === 'cancelled') line.add('cancelled', theme.muted);
  else if (step.state === 'done') line.add(amount(step), theme.muted);
}

/** '1.9 GiB', '8,412,077 rows', 'warn, 3 findings'. */
function amount({ progress, found }: StepModel): string {
  if (found !== undefined) return foundText(found);
  const parts = [
    ...(progress.rows === undefined ? [] : [plural(progress.rows, 'row')]),
    ...(progress.bytes === undefined ? [] : [bytes(progress.bytes)]),
  ];
  return parts.join(', ');
}

/** With less room than this a phase says nothing. */
const SHORTEST_PHASE = 10;

function addRunning(line: Line, theme: Theme, step: StepModel, now: string): void {
  const share = shareOf(step, now);
  const left = secondsLeft(step, now);
  if (share !== undefined) {
    const width = Math.max(8, Math.min(24, line.room - 36));
    for (const [text, style] of bar(theme, width, share.share, share.estimated)) line.add(text, style ?? '');
    line
      .add(`${String(Math.floor(share.share * 100)).padStart(4)}%`, theme.step.running)
      .add(share.estimated ? ' est.' : '', theme.muted);
  }
  const rate = rateOf(step);
  const speed =
    rate === undefined
      ? ''
      : rate.bytes > 0
        ? `${bytes(rate.bytes)}/s`
        : rate.rows > 0
          ? `${shortCount(rate.rows)} rows/s`
          : '';
  const rest =
    left === undefined
      ? ''
      : isOverdue(left)
        ? OVERDUE
        : `${duration(left.seconds)} left${left.estimated && share?.estimated !== true ? ' est.' : ''}`;
  for (const text of [rest, speed, amount(step)]) {
    if (text !== '' && line.room >= text.length + 2) line.add('  ').add(text, theme.muted);
  }
  const phase = phaseText(step.progress);
  if (phase !== '' && line.room >= SHORTEST_PHASE) line.add('  ').add(fit(phase, line.room - 2), theme.muted);
}

/** Steps that ended, time so far against the usual, and when it will be done. */
function totalLine(state: ConsoleState, theme: Theme, clock: Clock, run: RunModel): string {
  const counts = stepCounts(run);
  const ended = run.steps.length - counts.queued - counts.running;
  const line = new Line(state.size.columns).add(' ');
  if (run.outcome !== undefined) {
    const tone =
      run.outcome.state === 'done' ? theme.good : run.outcome.state === 'cancelled' ? theme.muted : theme.bad;
    return line.add(`run ${run.id} ${outcomeText(run.outcome)}`, tone).end();
  }
  const end = run.finishedAt ?? (run.state === 'running' ? state.now : undefined);
  line
    .add(`${ended}/${run.steps.length} steps`, theme.strong)
    .add(counts.failed > 0 ? `  ${counts.failed} failed` : '', theme.bad);
  const usual = run.plan?.estimateSeconds;
  // When a run ended whose process is gone is not known.
  if (end === undefined) return line.add('  its process is gone; R retries what is left', theme.warn).end();
  const elapsed = Math.max(0, secondsBetween(run.startedAt, end));
  line.add(`  ${duration(elapsed)}${usual === undefined ? '' : ` of about ${duration(usual)}`}`, theme.muted);
  if (run.state !== 'running') return line.end();
  if (usual !== undefined && usual > elapsed) {
    const expected = new Date(Date.parse(state.now) + (usual - elapsed) * 1000).toISOString();
    line.add(`  done about ${clock.time(expected)} est.`, theme.muted);
  }
  return line.end();
}

/** What is wrong with the step under the cursor, when something is, and the log. */
function panelLines(
  state: ConsoleState,
  theme: Theme,
  clock: Clock,
  run: RunModel,
  height: number,
): string[] {
  const rows = errorRows(state, theme, run, height);
  const left = height - rows.length;
  return [
    ...drawRows(rows, state.size.columns),
    ...(left > 0 || rows.length === 0 ? logLines(state, theme, clock, run, left) : []),
  ];
}

/** Why the step under the cursor failed, then what to do: whole where that leaves a line for the log. */
function errorRows(state: ConsoleState, theme: Theme, run: RunModel, height: number): Row[] {
  const { columns } = state.size;
  const error = run.steps[cursorStep(state, run)]?.error;
  if (error === undefined || height < 4) return [];
  const next = error.next ?? '';
  const needed = paragraph(theme, next, columns, height).length;
  const most = Math.max(Math.ceil(height / 2), height - 1 - needed);
  const message = paragraph(theme, error.message, columns, most, theme.bad);
  const advice = paragraph(theme, next, columns, Math.max(1, height - 1 - message.length), theme.accent);
  return [...message, ...advice].slice(0, height - 1);
}

/** How many lines of the log are shown. */
export function logPage(state: ConsoleState, theme: Theme, run: RunModel): number {
  const { panel } = runLayout(state, run);
  return Math.max(1, panel - errorRows(state, theme, run, panel).length);
}

/** The heading of the log and `height` of its lines: the last ones, until earlier ones are gone to. */
function logLines(state: ConsoleState, theme: Theme, clock: Clock, run: RunModel, height: number): string[] {
  const { columns } = state.size;
  const total = run.notes.length;
  const end = Math.min(state.runView.logEnd ?? total, total);
  const notes = run.notes.slice(Math.max(0, end - Math.max(0, height)), end);
  const tones = { plain: theme.muted, bad: theme.bad, warn: theme.warn, good: theme.good };
  const width = logNameWidth(run, Math.min(44, Math.floor(columns / 2.6)));
  const lines = notes.map(({ at, step, message, tone }) => {
    const period = step?.period === undefined ? '' : ` ${shortPeriod(step.period, state.now)}`;
    const name =
      step === undefined
        ? 'run'
        : fitMiddle(`${step.kind} ${step.target}`, width - 1 - period.length, theme.glyphs.ellipsis) + period;
    const line = new Line(columns).add(` ${clock.seconds(at)} `, theme.faint);
    if (width > 0) line.add(pad(name, width - 1), theme.muted).add(' ');
    return line.add(fit(message, line.room, theme.glyphs.ellipsis), tones[tone]).end();
  });
  const title =
    total <= notes.length
      ? ''
      : end < total
        ? `${end - notes.length + 1}${theme.glyphs.dash}${end} of ${total}, PgUp earlier, PgDn later`
        : `the last ${notes.length} of ${total}, PgUp earlier`;
  return [heading(theme, columns, 'LOG', title), ...lines];
}

function blank(lines: readonly string[], count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => lines[index] ?? '');
}
