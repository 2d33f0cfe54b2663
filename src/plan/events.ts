import type { ErrorValue } from '../project/errors.ts';
import type { Period } from '../project/model.ts';
import type { Progress, StepKind } from './plan.ts';

/** A step as events name it. */
export interface StepName {
  /** Its place in the plan: unique within the run, from 1. */
  seq: number;
  kind: StepKind;
  target: string;
  period?: Period;
}

export type RunState = 'running' | 'done' | 'failed' | 'partly' | 'cancelled' | 'interrupted';

interface EventBase {
  schema: 'dayboard.event/1';
  run: string;
  /** RFC 3339, UTC. */
  at: string;
}

export interface Outcome {
  state: Exclude<RunState, 'running' | 'interrupted'>;
  /** Steps per state. */
  steps: Record<'done' | 'failed' | 'skipped' | 'cancelled', number>;
  /** Deliveries per result. */
  deliveries: { published: number; failed: number; unchanged: number; cancelled: number };
  seconds: number;
  exitCode: number;
}

/** One line of `sync --json` and `runs follow --json`. */
export type RunEvent =
  | (EventBase & {
      type: 'run.started';
      command: string;
      cli: string;
      by: string;
      host: string;
      steps: StepName[];
    })
  | (EventBase & { type: 'run.cancelling'; mode: 'step' | 'now'; by: string })
  | (EventBase & { type: 'run.done'; outcome: Outcome })
  | (EventBase & { type: 'step.started'; step: StepName; etaSeconds?: number })
  | (EventBase & { type: 'step.progress'; step: StepName } & Progress)
  | (EventBase & { type: 'step.note'; step: StepName; message: string })
  | (EventBase & {
      type: 'step.done';
      step: StepName;
      seconds: number;
      rows?: number;
      bytes?: number;
      detail?: Record<string, unknown>;
    })
  | (EventBase & { type: 'step.failed'; step: StepName; seconds: number; error: ErrorValue })
  | (EventBase & { type: 'step.skipped'; step: StepName; reason: string })
  | (EventBase & { type: 'step.cancelled'; step: StepName });
