import { bytes, count, duration } from '../../console/format.ts';
import { isOverdue, OVERDUE, phaseText } from '../../console/progress.ts';
import {
  fold,
  rateOf,
  type RunModel,
  runFromPlan,
  secondsLeft,
  shareOf,
  type StepModel,
} from '../../console/run-model.ts';
import type { RunEvent, StepName } from '../../plan/events.ts';
import type { Plan, PlannedStep } from '../../plan/plan.ts';
import type { ErrorValue } from '../../project/errors.ts';
import { stepText } from './reporter.ts';

/** Longer names push what follows them to the right. */
const MOST_NAME = 44;

export type GroupName = 'deliveries' | 'derived' | 'checks';

/** A line of the list that one piece of work after the other is shown in. */
interface Lane {
  /** What it shows, once it has begun: a delivery, or a derived relation. */
  unit?: string;
  seq: number;
  busy: boolean;
}

type UnitState = 'open' | 'done' | 'failed' | 'skipped' | 'cancelled';

/** Steps that are told of together: deliveries, what is derived from them, or checks. */
export class Group {
  readonly name: GroupName;
  readonly lanes: Lane[];
  readonly failures: Array<{ step: StepName; error: ErrorValue }> = [];
  /** How many of what is counted are in each state: one delivery has three steps. */
  readonly counts: Record<UnitState, number> = { open: 0, done: 0, failed: 0, skipped: 0, cancelled: 0 };
  /** Bytes that were fetched. */
  bytesDone = 0;
  private readonly units = new Map<string, { left: number; state: UnitState }>();
  private stepsLeft: number;
  private startedAt: number | undefined;

  constructor(name: GroupName, steps: readonly PlannedStep[], lanes: number) {
    this.name = name;
    this.stepsLeft = steps.length;
    for (const step of steps) {
      const unit = unitOf(step);
      const known = this.units.get(unit);
      this.units.set(unit, { left: (known?.left ?? 0) + 1, state: 'open' });
    }
    this.counts.open = this.units.size;
    const most = Math.max(1, Math.min(lanes, this.units.size));
    this.lanes = Array.from({ length: most }, () => ({ seq: 0, busy: false }));
  }

  get total(): number {
    return this.units.size;
  }

  get ended(): number {
    return this.total - this.counts.open;
  }

  /** Whether every step has ended. */
  get finished(): boolean {
    return this.stepsLeft <= 0;
  }

  /** Seconds left at the pace so far; undefined before a few have ended. */
  secondsLeft(now: number): number | undefined {
    if (this.startedAt === undefined || this.ended < 3) return undefined;
    return ((now - this.startedAt) / 1000 / this.ended) * (this.total - this.ended);
  }

  begin(step: StepName, at: string): void {
    this.startedAt ??= Date.parse(at);
    const unit = unitOf(step);
    const lane =
      this.lanes.find((each) => each.unit === unit) ??
      this.lanes.find((each) => each.unit === undefined) ??
      this.lanes.find((each) => !each.busy);
    if (lane !== undefined) Object.assign(lane, { unit, seq: step.seq, busy: true });
  }

  finish(step: StepName, state: Exclude<UnitState, 'open'>): void {
    this.stepsLeft -= 1;
    const lane = this.lanes.find((each) => each.seq === step.seq);
    if (lane !== undefined) lane.busy = false;
    const unit = this.units.get(unitOf(step));
    if (unit === undefined) return;
    unit.left -= 1;
    const spoils = state === 'failed' || (state === 'cancelled' && unit.state !== 'failed');
    if (!spoils && (unit.left > 0 || unit.state !== 'open')) return;
    this.counts[unit.state] -= 1;
    this.counts[state] += 1;
    unit.state = state;
  }
}

function unitOf(step: { kind: string; target: string; period?: string }): string {
  return step.period === undefined ? `${step.kind} ${step.target}` : `${step.target} ${step.period}`;
}

/** 'sso 2024-11-13', or a relation's name alone. */
function nameOf(step: { target: string; period?: string }): string {
  return step.period === undefined ? step.target : `${step.target} ${step.period}`;
}

function groupOf(kind: string): GroupName {
  if (kind === 'rollup' || kind === 'view' || kind === 'aggregate') return 'derived';
  return kind === 'check' ? 'checks' : 'deliveries';
}

/** What a list shows of a run: groups with their counts, and a window of what is being done. */
export class RunProgress {
  readonly groups: Group[];
  /** Columns that the names of deliveries and relations take. */
  readonly longestName: number;
  private run: RunModel;

  constructor(plan: Plan, now: string) {
    this.run = runFromPlan('', plan, now);
    this.longestName = Math.min(MOST_NAME, Math.max(0, ...plan.steps.map((step) => nameOf(step).length)));
    const names: GroupName[] = ['deliveries', 'derived', 'checks'];
    this.groups = names.flatMap((name) => {
      const steps = plan.steps.filter((step) => groupOf(step.kind) === name);
      return steps.length === 0 ? [] : [new Group(name, steps, plan.request.concurrency)];
    });
  }

  event(event: RunEvent): void {
    if (this.run.id === '') this.run = { ...this.run, id: event.run };
    this.run = fold(this.run, event);
    if (!('step' in event)) return;
    const group = this.groups.find((each) => each.name === groupOf(event.step.kind));
    switch (event.type) {
      case 'step.started':
        group?.begin(event.step, event.at);
        break;
      case 'step.done':
        if (group !== undefined && event.step.kind === 'fetch') group.bytesDone += event.bytes ?? 0;
        group?.finish(event.step, 'done');
        break;
      case 'step.failed':
        group?.failures.push({ step: event.step, error: event.error });
        group?.finish(event.step, 'failed');
        break;
      case 'step.skipped':
        group?.finish(event.step, 'skipped');
        break;
      case 'step.cancelled':
        group?.finish(event.step, 'cancelled');
        break;
      case 'step.progress':
      case 'step.note':
        break;
    }
  }

  get cancelling(): 'step' | 'now' | undefined {
    return this.run.cancelling;
  }

  /** '12 of 280 · 3 failed · 1.2 GiB · ~3:20 left'. */
  groupText(group: Group, now: string): string {
    const left = group.ended === group.total ? undefined : group.secondsLeft(Date.parse(now));
    const failed = group.counts.failed;
    return [
      `${TITLES[group.name]} ${group.ended} of ${group.total}`,
      ...(failed === 0 ? [] : [`${failed} failed`]),
      ...(group.bytesDone === 0 ? [] : [bytes(group.bytesDone)]),
      ...(left === undefined ? [] : [`~${duration(left)} left`]),
    ].join(' · ');
  }

  /** What a lane shows: what it is at and how far; undefined before it has begun anything. */
  laneText(lane: Lane, now: string): { name: string; text: string; running: boolean } | undefined {
    const step = this.run.steps.find((each) => each.seq === lane.seq);
    if (step === undefined) return undefined;
    return { name: nameOf(step), text: `${step.kind} ${stateText(step, now)}`, running: lane.busy };
  }
}

const TITLES: Record<GroupName, string> = {
  deliveries: 'Deliveries',
  derived: 'Rollups and views',
  checks: 'Checks',
};

function stateText(step: StepModel, now: string): string {
  if (step.state === 'running') return runningText(step, now);
  const { rows, bytes: read } = step.progress;
  return [
    step.state,
    ...(rows === undefined ? [] : [`${count(rows)} rows`]),
    ...(read === undefined ? [] : [bytes(read)]),
    ...(step.seconds === undefined ? [] : [duration(step.seconds)]),
  ].join(' · ');
}

function runningText(step: StepModel, now: string): string {
  const { rows, phase } = step.progress;
  const share = shareOf(step, now);
  const rate = rateOf(step);
  const left = secondsLeft(step, now);
  const parts = [
    ...(phase === undefined ? [] : [phaseText(step.progress)]),
    ...(share === undefined || share.estimated ? [] : [`${Math.floor(share.share * 100)} %`]),
    ...(rows === undefined ? [] : [`${count(rows)} rows`]),
    ...(rate === undefined || rate.bytes <= 0 ? [] : [`${bytes(rate.bytes)}/s`]),
    ...(left === undefined
      ? []
      : [isOverdue(left) ? OVERDUE : `${left.estimated ? '~' : ''}${duration(left.seconds)} left`]),
  ];
  return parts.join(' · ');
}

/** A failure as lines: what and where, why, and what to do next. */
export function failureLines(step: StepName, error: ErrorValue): string[] {
  return [
    `${stepText(step)}: ${error.code}`,
    error.message,
    ...(error.next === undefined ? [] : [error.next]),
  ];
}
