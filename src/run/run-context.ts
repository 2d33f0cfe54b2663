import type { Database } from '../ledger/connection.ts';
import type { Actor } from '../ledger/actor.ts';
import type { PlannedCell, PlannedStep, Plan, Progress } from '../plan/plan.ts';
import type { Prepared, Staged } from '../load/prepared.ts';
import type { Environment } from '../project/environment.ts';
import type { Project, SourceObject } from '../project/model.ts';
import type { Cache } from '../source/cache.ts';
import type { Source } from '../source/source.ts';
import type { Lanes } from './lanes.ts';

/** What a delivery's earlier steps leave for its later ones. */
export interface DeliveryWork {
  object?: SourceObject;
  file?: { path: string; bytes: number };
  staged?: Staged;
  prepared?: Prepared;
}

/** Everything that the steps of one run share. */
export interface RunContext {
  id: string;
  plan: Plan;
  project: Project;
  database: Database;
  /** By the name of the project's source. */
  sources: ReadonlyMap<string, Source>;
  cache: Cache;
  actor: Actor;
  /** Our environment, for programs that steps start. */
  environment: Environment;
  /** How dayboard was called, for command lines that are shown to be repeated. */
  invocation: string;
  lanes: Lanes;
  /** The clock: RFC 3339. */
  now: () => string;
  /** Aborted by cancel 'now' and by the loss of the ledger. */
  signal: AbortSignal;
  /** Aborted by any cancel: nothing new is begun. */
  stopping: AbortSignal;
  /** By deliveryKey. */
  work: Map<string, DeliveryWork>;
  /** By deliveryKey. */
  cells: ReadonlyMap<string, PlannedCell>;
  /** Datasets whose raw table and rollups were made sure of in this run. */
  ensured: Map<string, Promise<void>>;
  /** What the run is for, where that is no part of the pipeline: an adoption, a script. */
  task: ((report: StepReport, signals: TaskSignals, run: string) => Promise<StepResult>) | undefined;
}

/** How a task learns that it is to end: at once, or when what it is at is done. */
export type TaskSignals = Pick<RunContext, 'signal' | 'stopping'>;

/** What a step tells while it works. */
export interface StepReport {
  progress(progress: Progress): void;
  note(message: string): void;
}

/** How a step ended well; failures are thrown. */
export type StepResult =
  | {
      end: 'done';
      rows?: number;
      bytes?: number;
      detail?: Record<string, unknown>;
      /** The same for whoever started the run in this process: never written down. */
      shown?: Record<string, unknown>;
    }
  | { end: 'skipped'; reason: string };

/** One unit of a run. Throws DayboardErrors; leaves nothing visible when it throws. */
export type StepWork = (run: RunContext, step: PlannedStep, report: StepReport) => Promise<StepResult>;
