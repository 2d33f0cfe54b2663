import type { StepStatus } from '../plan/board.ts';
import type { DeliveryDiff } from '../plan/diff.ts';
import type { Plan, Progress } from '../plan/plan.ts';
import type { ErrorValue } from '../project/errors.ts';
import { secondsBetween } from './clock.ts';
import { diffCounts } from './diff-lines.ts';
import { bytes, duration, plural } from './format.ts';
import { shareOfProgress } from './progress.ts';
import type { Outcome, RunEvent, RunState, StepName } from '../plan/events.ts';
import type { RunDetail } from '../run/workspace.ts';

export interface StepModel {
  seq: number;
  kind: string;
  target: string;
  period?: string;
  state: StepStatus['state'];
  startedAt?: string;
  /** Seconds it took, once it has ended. */
  seconds?: number;
  /** Median seconds of past runs. */
  medianSeconds?: number;
  progress: Progress;
  /** When `progress` was measured. */
  progressAt?: string;
  /** The last measurements, from which the rate follows. */
  samples: Sample[];
  error?: ErrorValue;
  /** Why it was skipped. */
  reason?: string;
  /** Of a check: how it ended, and how much it found. */
  found?: { verdict: string; findings: number };
  /** Of a comparison: what it found. */
  diff?: DeliveryDiff;
}

interface Sample {
  at: number;
  rows: number;
  bytes: number;
}

export interface Note {
  at: string;
  /** What it is of; the run itself when absent. */
  step?: StepName;
  message: string;
  tone: 'plain' | 'bad' | 'warn' | 'good';
}

/** A run as its screen shows it, folded from what the ledger has and from events. */
export interface RunModel {
  id: string;
  command: string;
  cli: string;
  state: RunState;
  by: string;
  host: string;
  startedAt: string;
  finishedAt?: string;
  cancelling?: 'step' | 'now';
  steps: StepModel[];
  notes: Note[];
  outcome?: Outcome;
  plan?: Plan;
}

const MOST_NOTES = 2000;
const MOST_SAMPLES = 6;
/** Samples closer together than this say nothing about a rate. */
const SAMPLE_GAP_MS = 400;

export function runFromPlan(id: string, plan: Plan, startedAt: string): RunModel {
  return {
    id,
    command: plan.request.command,
    cli: plan.cli,
    state: 'running',
    by: '',
    host: '',
    startedAt,
    steps: plan.steps.map((step) => ({
      seq: step.seq,
      kind: step.kind,
      target: step.target,
      ...(step.period === undefined ? {} : { period: step.period }),
      state: 'queued',
      ...(step.estimateSeconds === undefined ? {} : { medianSeconds: step.estimateSeconds }),
      progress: {},
      samples: [],
    })),
    notes: [],
    plan,
  };
}

/** What the ledger has of a run. */
export function runFromLedger({ run, plan, steps, outcome }: RunDetail): RunModel {
  return {
    id: run.id,
    command: run.command,
    cli: run.cli,
    state: run.state,
    by: run.by,
    host: run.host,
    startedAt: run.startedAt,
    ...(run.finishedAt === undefined ? {} : { finishedAt: run.finishedAt }),
    ...(run.cancel === undefined ? {} : { cancelling: run.cancel }),
    steps: steps.map(stepFromLedger),
    notes: [],
    ...(outcome === undefined ? {} : { outcome }),
    plan,
  };
}

function stepFromLedger(step: StepStatus): StepModel {
  const ended = step.startedAt !== undefined && step.finishedAt !== undefined;
  return {
    seq: step.seq,
    kind: step.kind,
    target: step.target,
    ...(step.period === undefined ? {} : { period: step.period }),
    state: step.state,
    ...(step.startedAt === undefined ? {} : { startedAt: step.startedAt }),
    ...(ended
      ? { seconds: (Date.parse(step.finishedAt ?? '') - Date.parse(step.startedAt ?? '')) / 1000 }
      : {}),
    ...(step.medianSeconds === undefined ? {} : { medianSeconds: step.medianSeconds }),
    progress: step.progress,
    samples: [],
    ...(step.error === undefined ? {} : { error: step.error }),
    ...(typeof step.detail.reason === 'string' ? { reason: step.detail.reason } : {}),
    ...foundBy(step.detail),
  };
}

/** What a check or a comparison says in the details of its step. */
function foundBy(detail: Record<string, unknown> | undefined): Pick<StepModel, 'found' | 'diff'> {
  const { verdict, findings, diff } = detail ?? {};
  if (diff !== undefined) return { diff: diff as DeliveryDiff };
  if (typeof verdict !== 'string') return {};
  return { found: { verdict, findings: typeof findings === 'number' ? findings : 0 } };
}

/** 'pass', 'warn, 3 findings'. */
export function foundText({ verdict, findings }: NonNullable<StepModel['found']>): string {
  return findings === 0 ? verdict : `${verdict}, ${plural(findings, 'finding')}`;
}

/** The run after an event. Events of other runs change nothing. */
export function fold(run: RunModel, event: RunEvent): RunModel {
  if (event.run !== run.id) return run;
  switch (event.type) {
    case 'run.started':
      return {
        ...run,
        command: event.command,
        cli: event.cli,
        by: event.by,
        host: event.host,
        startedAt: event.at,
        steps: withSteps(run, event.steps),
      };
    case 'run.cancelling':
      return note(
        { ...run, cancelling: event.mode },
        event.at,
        undefined,
        cancelText(event.mode, event.by),
        'warn',
      );
    case 'run.done':
      return { ...run, state: event.outcome.state, finishedAt: event.at, outcome: event.outcome };
    case 'step.started':
      return step(run, event.step, {
        state: 'running',
        startedAt: event.at,
        ...(event.etaSeconds === undefined
          ? {}
          : { progress: { etaSeconds: event.etaSeconds, estimated: true }, progressAt: event.at }),
      });
    case 'step.progress':
      return progress(run, event);
    case 'step.note':
      return note(run, event.at, event.step, event.message, 'plain');
    case 'step.done':
      return done(run, event);
    case 'step.failed':
      return note(
        step(run, event.step, { state: 'failed', seconds: event.seconds, error: event.error }),
        event.at,
        event.step,
        event.error.message,
        'bad',
      );
    case 'step.skipped':
      return note(
        step(run, event.step, { state: 'skipped', reason: event.reason }),
        event.at,
        event.step,
        `skipped: ${event.reason}`,
        'plain',
      );
    case 'step.cancelled':
      return note(step(run, event.step, { state: 'cancelled' }), event.at, event.step, 'cancelled', 'plain');
  }
}

function cancelText(mode: 'step' | 'now', by: string): string {
  return mode === 'step' ? `${by} asked to stop after what is running` : `${by} asked to cancel now`;
}

/** The event's steps where the run has none yet; a plan knows more of them. */
function withSteps(run: RunModel, names: readonly StepName[]): StepModel[] {
  if (run.steps.length > 0) return run.steps;
  return names.map((name) => ({ ...name, state: 'queued', progress: {}, samples: [] }));
}

function step(run: RunModel, name: StepName, change: Partial<StepModel>): RunModel {
  const index = run.steps.findIndex((each) => each.seq === name.seq);
  const before: StepModel = run.steps[index] ?? { ...name, state: 'queued', progress: {}, samples: [] };
  const after = { ...before, ...change };
  return { ...run, steps: index === -1 ? [...run.steps, after] : run.steps.with(index, after) };
}

function progress(run: RunModel, event: Extract<RunEvent, { type: 'step.progress' }>): RunModel {
  const { rows, bytes, totalBytes, etaSeconds, estimated, phase, phaseShare } = event;
  const before = run.steps.find((each) => each.seq === event.step.seq);
  const next: Progress = JSON.parse(
    JSON.stringify({ rows, bytes, totalBytes, etaSeconds, estimated, phase, phaseShare }),
  ) as Progress;
  return step(run, event.step, {
    state: 'running',
    startedAt: before?.startedAt ?? event.at,
    progress: next,
    progressAt: event.at,
    samples: sampled(before?.samples ?? [], { at: Date.parse(event.at), rows: rows ?? 0, bytes: bytes ?? 0 }),
  });
}

function sampled(samples: Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && next.at - last.at < SAMPLE_GAP_MS) return samples;
  return [...samples, next].slice(-MOST_SAMPLES);
}

function done(run: RunModel, event: Extract<RunEvent, { type: 'step.done' }>): RunModel {
  const total: Progress = {
    ...(event.rows === undefined ? {} : { rows: event.rows }),
    ...(event.bytes === undefined ? {} : { bytes: event.bytes, totalBytes: event.bytes }),
  };
  const { found, diff } = foundBy(event.detail);
  const amount = [
    `done in ${duration(event.seconds)}`,
    ...(found === undefined ? [] : [foundText(found)]),
    ...(diff === undefined ? [] : [`${diffCounts(diff)}; Enter on the step tells more`]),
    ...(event.rows === undefined || diff !== undefined ? [] : [plural(event.rows, 'row')]),
    ...(event.bytes === undefined ? [] : [bytes(event.bytes)]),
  ].join(', ');
  return note(
    step(run, event.step, {
      state: 'done',
      seconds: event.seconds,
      progress: total,
      ...(found === undefined ? {} : { found }),
      ...(diff === undefined ? {} : { diff }),
    }),
    event.at,
    event.step,
    amount,
    found === undefined || found.verdict === 'pass' ? 'good' : 'warn',
  );
}

function note(
  run: RunModel,
  at: string,
  from: StepName | undefined,
  message: string,
  tone: Note['tone'],
): RunModel {
  const added: Note = { at, ...(from === undefined ? {} : { step: from }), message, tone };
  return { ...run, notes: [...run.notes, added].slice(-MOST_NOTES) };
}

/** The run with lines that its script wrote. */
export function withOutput(run: RunModel, lines: readonly string[], at: string): RunModel {
  const step = run.plan?.steps[0];
  const from = step === undefined ? {} : { step: { seq: step.seq, kind: step.kind, target: step.target } };
  const added = lines.map((message): Note => ({ at, ...from, message, tone: 'plain' }));
  return { ...run, notes: [...run.notes, ...added].slice(-MOST_NOTES) };
}

/** Rows and bytes a second over the last measurements; undefined before there are two. */
export function rateOf(model: StepModel): { rows: number; bytes: number } | undefined {
  const [first, last] = [model.samples[0], model.samples.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return undefined;
  const seconds = (last.at - first.at) / 1000;
  return { rows: (last.rows - first.rows) / seconds, bytes: (last.bytes - first.bytes) / seconds };
}

/** How far a running step is, and whether that is only an estimate from past runs. */
export function shareOf(model: StepModel, now: string): { share: number; estimated: boolean } | undefined {
  const measured = shareOfProgress(model.progress);
  if (measured !== undefined) return { share: measured, estimated: false };
  const left = secondsLeft(model, now);
  if (left === undefined) return undefined;
  const spent = elapsedOf(model, now);
  // An estimate never claims to be finished.
  return { share: Math.min(0.97, spent / Math.max(0.001, spent + left.seconds)), estimated: true };
}

/** Below this many seconds a step's own rate says nothing yet. */
const SETTLED_SECONDS = 1;

/** Seconds left of a running step: as it says, else from its own rate, else from past runs. */
export function secondsLeft(
  model: StepModel,
  now: string,
): { seconds: number; estimated: boolean } | undefined {
  const { etaSeconds, estimated } = model.progress;
  if (etaSeconds !== undefined) {
    const since = model.progressAt === undefined ? 0 : secondsBetween(model.progressAt, now);
    return { seconds: Math.max(0, etaSeconds - Math.max(0, since)), estimated: estimated === true };
  }
  const spent = elapsedOf(model, now);
  const share = shareOfProgress(model.progress);
  if (share !== undefined && share > 0 && spent >= SETTLED_SECONDS)
    return { seconds: (spent * (1 - share)) / share, estimated: false };
  return model.medianSeconds === undefined
    ? undefined
    : { seconds: Math.max(0, model.medianSeconds - spent), estimated: true };
}

/** Seconds that a step has taken so far. */
export function elapsedOf(model: StepModel, now: string): number {
  if (model.seconds !== undefined) return model.seconds;
  return model.startedAt === undefined ? 0 : Math.max(0, secondsBetween(model.startedAt, now));
}

/** Steps by state. */
export function stepCounts(run: RunModel): Record<StepStatus['state'], number> {
  const counts = { queued: 0, running: 0, done: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const each of run.steps) counts[each.state] += 1;
  return counts;
}

/** Runs that have ended are known from the ledger: only so many of them are kept for when they are shown again. */
const MOST_ENDED = 20;

/** The runs that are known with one more, or with one as it is now; the longest ended one is let go of when there are many. */
export function withModel(models: ReadonlyMap<string, RunModel>, run: RunModel): Map<string, RunModel> {
  const next = new Map(models).set(run.id, run);
  const ended = [...next.values()].filter((each) => each.state !== 'running' && each.id !== run.id);
  for (const each of ended.slice(0, Math.max(0, ended.length - MOST_ENDED))) next.delete(each.id);
  return next;
}
