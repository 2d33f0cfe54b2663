import type { ScriptRecord } from '../../plan/script.ts';
import { bytes, count, duration } from '../../console/format.ts';
import type { AuditEntry } from '../../plan/audit.ts';
import type { RunSummary, StepStatus } from '../../plan/board.ts';
import type { RunDetail } from '../../run/workspace.ts';
import { factsText, TOLD_BY_STEP } from './error.ts';
import type { Paint } from './paint.ts';
import { progressText, second } from './plain.ts';
import { table, type TableCell } from './table.ts';

function secondsOf(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

function runLook(state: RunSummary['state'], paint: Paint): { text: string; style: string } {
  const { glyphs, step, warn } = paint.theme;
  const [glyph, style] = {
    running: [glyphs.step.running, step.running],
    done: [glyphs.step.done, step.done],
    partly: [glyphs.state.suspicious, warn],
    failed: [glyphs.step.failed, step.failed],
    cancelled: [glyphs.step.cancelled, step.cancelled],
    interrupted: [glyphs.step.failed, step.failed],
  }[state] as [string, string];
  return { text: `${glyph} ${state}`, style };
}

/** Who did what, newest first. */
export function auditText(entries: readonly AuditEntry[], paint: Paint): string[] {
  if (entries.length === 0) return ['Nobody has done anything yet.'];
  const { theme } = paint;
  const header = ['when (UTC)', 'did', 'by', 'context', 'run', 'what'];
  const rows = entries.map(({ at, did, by, host, context = '', run = '', what }): TableCell[] => [
    second(at),
    did,
    host === undefined ? by : `${by}@${host}`,
    { text: context, style: theme.muted },
    { text: run, align: 'right' },
    { text: what, style: theme.muted },
  ]);
  return table([header.map((text) => ({ text, style: theme.muted })), ...rows], paint);
}

/** Runs, newest first. */
export function runsText(runs: readonly RunSummary[], now: string, paint: Paint): string[] {
  const { theme } = paint;
  if (runs.length === 0) return ['No runs yet.'];
  const header = ['run', 'state', 'started (UTC)', 'took', 'steps', 'by', 'command'];
  const rows = runs.map((run): TableCell[] => [
    { text: run.id, align: 'right' },
    runLook(run.state, paint),
    second(run.startedAt),
    { text: duration(secondsOf(run.startedAt, run.finishedAt ?? now)), align: 'right' },
    stepsText(run),
    `${run.by}@${run.host}`,
    { text: run.cli, style: theme.muted },
  ]);
  return table([header.map((text) => ({ text, style: theme.muted })), ...rows], paint);
}

function stepsText({ steps }: RunSummary): string {
  return [
    `${steps.done} of ${steps.total}`,
    ...(steps.failed > 0 ? [`${steps.failed} failed`] : []),
    ...(steps.skipped > 0 ? [`${steps.skipped} skipped`] : []),
    ...(steps.cancelled > 0 ? [`${steps.cancelled} cancelled`] : []),
  ].join(', ');
}

/** One run with its steps, their errors, and the command that asks for the same. */
export function runText({ run, steps, script }: RunDetail, now: string, paint: Paint): string[] {
  const { theme } = paint;
  const look = runLook(run.state, paint);
  const ended = run.finishedAt === undefined ? '' : `, ended ${second(run.finishedAt)}`;
  return [
    `${paint.text(`run ${run.id}`, theme.heading)} ${paint.text(look.text, look.style)}`,
    `  ${paint.text(run.cli)}`,
    paint.text(`  by ${run.by} on ${run.host}, process ${run.pid}`, theme.muted),
    paint.text(
      `  started ${second(run.startedAt)}${ended}, ${duration(secondsOf(run.startedAt, run.finishedAt ?? now))}`,
      theme.muted,
    ),
    ...(run.cancel === undefined
      ? []
      : [`  asked to stop: ${run.cancel === 'now' ? 'now' : 'after the steps in flight'}`]),
    '',
    ...table(
      steps.map((step) => stepRow(step, now, paint)),
      paint,
    ),
    ...steps.flatMap((step) => stepError(step, paint)),
    ...(script === undefined ? [] : scriptText(script, paint)),
  ];
}

/** What a script was given, and what is kept of what it wrote. */
function scriptText({ hash, variables, output, outputBytes }: ScriptRecord, paint: Paint): string[] {
  const given = Object.entries(variables).map(([name, value]) => `  ${name} = ${value}`);
  const cut = outputBytes > Buffer.byteLength(output) ? `, the end of ${bytes(outputBytes)}` : '';
  return [
    '',
    paint.text(`script sha256 ${hash}`, paint.theme.muted),
    ...given.map((line) => paint.text(line)),
    ...(output === ''
      ? ['it wrote nothing']
      : [
          `output${cut}:`,
          ...output
            .trimEnd()
            .split('\n')
            .map((line) => paint.text(line)),
        ]),
  ];
}

function stepRow(step: StepStatus, now: string, paint: Paint): TableCell[] {
  const { theme } = paint;
  const took =
    step.startedAt === undefined ? '' : duration(secondsOf(step.startedAt, step.finishedAt ?? now));
  const { rows, bytes: read } = step.progress;
  return [
    { text: String(step.seq), align: 'right' },
    { text: `${theme.glyphs.step[step.state]} ${step.state}`, style: theme.step[step.state] },
    step.kind,
    step.period === undefined ? step.target : `${step.target} ${step.period}`,
    { text: took, align: 'right' },
    step.state === 'running'
      ? progressText(step.progress)
      : [
          ...(rows === undefined ? [] : [`${count(rows)} rows`]),
          ...(read === undefined ? [] : [bytes(read)]),
        ].join(', '),
    { text: reasonOf(step), style: theme.muted },
  ];
}

function reasonOf({ detail, medianSeconds }: StepStatus): string {
  if (typeof detail.reason === 'string') return detail.reason;
  return medianSeconds === undefined ? '' : `median ${duration(medianSeconds)}`;
}

function stepError({ seq, error }: StepStatus, paint: Paint): string[] {
  if (error === undefined) return [];
  const { theme } = paint;
  const where = factsText(error.facts, TOLD_BY_STEP);
  return [
    '',
    ...paint.block(`step ${seq}: ${error.message}`, 0, theme.bad),
    ...paint.block(`${error.code}${where === '' ? '' : ` · ${where}`}`, 2, theme.muted),
    ...(error.next === undefined ? [] : paint.block(error.next, 2)),
  ];
}
