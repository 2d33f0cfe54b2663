import type { Plan, PlannedStep } from '../../src/plan/plan.ts';
import type { ErrorValue } from '../../src/project/errors.ts';
import type { Outcome, RunEvent, StepName } from '../../src/plan/events.ts';

type Body<T> = T extends RunEvent ? Omit<T, 'schema' | 'run' | 'at'> : never;

interface Active {
  step: PlannedStep;
  beats: number;
  needed: number;
}

const LANES = 3;

/** A run that goes on by one beat at a time, so that a test or a picture decides how far it is. */
export class FakeRun {
  readonly id: string;
  readonly plan: Plan;
  readonly events: RunEvent[] = [];
  readonly done: Promise<Outcome>;
  cancelling: 'step' | 'now' | undefined;
  outcome: Outcome | undefined;
  private readonly now: () => string;
  private readonly emitTo: (event: RunEvent) => void;
  private readonly failing: (step: PlannedStep) => ErrorValue | undefined;
  private readonly ended = new Map<number, 'done' | 'failed' | 'skipped' | 'cancelled'>();
  private active: Active[] = [];
  private settle: (outcome: Outcome) => void = () => undefined;
  private beatsDone = 0;

  constructor(parts: {
    id: string;
    plan: Plan;
    now: () => string;
    emit: (event: RunEvent) => void;
    failing: (step: PlannedStep) => ErrorValue | undefined;
  }) {
    this.id = parts.id;
    this.plan = parts.plan;
    this.now = parts.now;
    this.emitTo = parts.emit;
    this.failing = parts.failing;
    this.done = new Promise((resolve) => (this.settle = resolve));
    this.emit({
      type: 'run.started',
      command: this.plan.request.command,
      cli: this.plan.cli,
      by: 'operator',
      host: 'bastion',
      steps: this.plan.steps.map(nameOf),
    });
  }

  get waiting(): PlannedStep[] {
    return this.plan.steps.filter(
      (step) => !this.ended.has(step.seq) && !this.active.some((each) => each.step === step),
    );
  }

  stateOf(step: PlannedStep): 'queued' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' {
    return this.active.some((each) => each.step === step)
      ? 'running'
      : (this.ended.get(step.seq) ?? 'queued');
  }

  /** One beat: what runs gets further, what can start starts. */
  beat(): void {
    if (this.outcome !== undefined) return;
    this.beatsDone += 1;
    for (const each of this.active.slice()) this.advance(each);
    this.startSteps();
    if (this.active.length === 0 && this.waiting.length === 0) this.finish();
  }

  cancel(mode: 'step' | 'now'): void {
    if (this.outcome !== undefined) return;
    this.cancelling = mode;
    this.emit({ type: 'run.cancelling', mode, by: 'operator' });
    for (const step of this.waiting) this.end(step, 'cancelled');
    if (mode === 'now') for (const each of this.active.slice()) this.end(each.step, 'cancelled');
    if (this.active.length === 0) this.finish();
  }

  private advance(each: Active): void {
    each.beats += 1;
    const { step } = each;
    const share = Math.min(1, each.beats / each.needed);
    const error = share >= 0.5 ? this.failing(step) : undefined;
    if (error !== undefined) {
      this.ended.set(step.seq, 'failed');
      this.active = this.active.filter((other) => other !== each);
      this.emit({ type: 'step.failed', step: nameOf(step), seconds: each.beats, error });
    } else if (share === 1) this.end(step, 'done', each.beats);
    else this.emit({ type: 'step.progress', step: nameOf(step), ...this.measured(step, share) });
  }

  private measured(
    step: PlannedStep,
    share: number,
  ): { rows?: number; bytes?: number; totalBytes?: number; phase?: string } {
    const total = this.sizeOf(step);
    if (step.kind === 'fetch') return { bytes: Math.round(total * share), totalBytes: total };
    if (step.kind === 'load')
      return {
        bytes: Math.round(total * share),
        totalBytes: total,
        rows: Math.round((total / 170) * share),
        phase: 'copy',
      };
    return { phase: step.kind === 'publish' ? 'waiting for a lock' : 'computing' };
  }

  private sizeOf(step: PlannedStep): number {
    return (
      this.plan.cells.find((cell) => cell.dataset === step.target && cell.period === step.period)?.object
        ?.size ?? 1_000_000
    );
  }

  private startSteps(): void {
    for (const step of this.waiting) {
      if (this.active.length >= LANES) return;
      const needs = step.needs.map((seq) => this.ended.get(seq));
      if (needs.some((state) => state === 'failed' || state === 'skipped')) this.end(step, 'skipped');
      else if (needs.every((state) => state !== undefined) && step.after.every((seq) => this.ended.has(seq)))
        this.begin(step);
    }
  }

  private begin(step: PlannedStep): void {
    const needed = Math.max(2, Math.round((step.estimateSeconds ?? 4) * 1.1));
    this.active.push({ step, beats: 0, needed });
    this.emit({
      type: 'step.started',
      step: nameOf(step),
      ...(step.estimateSeconds === undefined ? {} : { etaSeconds: step.estimateSeconds }),
    });
    if (step.kind === 'load')
      this.emit({
        type: 'step.note',
        step: nameOf(step),
        message: `COPY into staging: ${Math.round(this.sizeOf(step) / 170)} rows expected`,
      });
  }

  private end(step: PlannedStep, state: 'done' | 'skipped' | 'cancelled', beats = 0): void {
    this.active = this.active.filter((each) => each.step !== step);
    this.ended.set(step.seq, state);
    const name = nameOf(step);
    if (state === 'cancelled') this.emit({ type: 'step.cancelled', step: name });
    else if (state === 'skipped')
      this.emit({ type: 'step.skipped', step: name, reason: 'what it needs failed' });
    else {
      const total = this.sizeOf(step);
      const amounts =
        step.kind === 'fetch'
          ? { bytes: total }
          : step.kind === 'load' || step.kind === 'publish'
            ? { rows: Math.round(total / 170) }
            : {};
      this.emit({ type: 'step.done', step: name, seconds: beats, ...amounts });
    }
  }

  private finish(): void {
    const steps = { done: 0, failed: 0, skipped: 0, cancelled: 0 };
    for (const state of this.ended.values()) steps[state] += 1;
    const published = this.plan.steps.filter(
      (step) => step.kind === 'publish' && this.ended.get(step.seq) === 'done',
    ).length;
    const failed = this.plan.steps.filter(
      (step) => step.period !== undefined && this.ended.get(step.seq) === 'failed',
    ).length;
    const state =
      steps.cancelled > 0 ? 'cancelled' : steps.failed === 0 ? 'done' : published > 0 ? 'partly' : 'failed';
    this.outcome = {
      state,
      steps,
      deliveries: { published, failed, unchanged: 0, cancelled: 0 },
      seconds: this.beatsDone,
      exitCode: state === 'done' ? 0 : 1,
    };
    this.emit({ type: 'run.done', outcome: this.outcome });
    this.settle(this.outcome);
  }

  private emit(body: Body<RunEvent>): void {
    const event = { schema: 'dayboard.event/1', run: this.id, at: this.now(), ...body } as RunEvent;
    this.events.push(event);
    this.emitTo(event);
  }
}

function nameOf(step: PlannedStep): StepName {
  return {
    seq: step.seq,
    kind: step.kind,
    target: step.target,
    ...(step.period === undefined ? {} : { period: step.period }),
  };
}
