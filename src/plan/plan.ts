import type { CleanupPlan } from './cleanup.ts';
import type { CopyPlan } from './copy.ts';
import type { Day, Period, Reprocess, SourceObject, CellState } from '../project/model.ts';

export type StepKind =
  | 'fetch'
  | 'load'
  | 'publish'
  | 'undo'
  | 'diff'
  | 'rollup'
  | 'view'
  | 'aggregate'
  | 'check'
  | 'cleanup'
  | 'copy'
  | 'follow'
  | 'adopt'
  | 'script';

export type Command =
  | 'sync'
  | 'fetch'
  | 'import'
  | 'undo'
  | 'diff'
  | 'refresh'
  | 'check'
  | 'cleanup'
  | 'copy'
  | 'adopt'
  | 'script';

/** What may stop a delivery; each can be overridden by its name. */
export const GUARDS = ['empty', 'days', 'rows', 'loss'] as const;

/** What somebody asked for. */
export interface PlanRequest {
  command: Command;
  /** Cells by dataset. Datasets in the project's order. Empty for refresh and check. */
  cells: Array<{ dataset: string; periods: Period[] }>;
  /** Which of the cells to do: those missing here by default; each word includes what its name says. */
  reprocess: Reprocess[];
  /** Rollups, views, aggregates, checks, datasets to clean up or copies to make, by name; for refresh also 'stale' and 'owed' as flags. */
  names: string[];
  /** Periods of aggregates to compute, owed or not; for refresh. */
  aggregates?: Array<{ name: string; periods: Period[] }>;
  stale?: boolean;
  owed?: boolean;
  concurrency: number;
  /** The days that a check is asked about; all of them when absent. */
  days?: Day[];
  /** The version that a diff compares with; undefined for the object at the source. */
  against?: number;
  /** Whoever starts a diff here sees ids of people whole; the ledger has them masked. */
  showIds?: true;
  /** How many rows of each dataset somebody agreed to have deleted; for cleanup, without it whatever is proven. */
  agreed?: Record<string, number>;
  /** The guards to override by name. */
  force: string[];
}

/** What will happen to one cell. */
export interface PlannedCell {
  dataset: string;
  period: Period;
  state: CellState;
  action: 'import' | 'fetch' | 'undo' | 'diff' | 'skip';
  /** Why it is done or skipped, for people. */
  reason: string;
  object?: SourceObject;
  /** True when exactly this object is verified in the cache. */
  fetched?: true;
  /** True when the source has nothing any more, and what is published can be loaded again from itself. */
  standsIn?: true;
  /** The version that is published now, 0 when none. */
  version: number;
}

export interface PlannedStep {
  seq: number;
  kind: StepKind;
  target: string;
  period?: Period;
  /** Steps that must be done before (by seq); when one of `needs` fails, this one is skipped. */
  needs: number[];
  /** Steps that must have ended before, however they ended. */
  after: number[];
  /** Seconds, from past runs; undefined when there are none. */
  estimateSeconds?: number;
  /** Rollup and view buckets to compute; undefined for all that are owed. */
  detail?: string;
  /** The periods of an aggregate to compute; undefined for all that it owes when the step begins. */
  periods?: Period[];
}

/** What would be done: JSON, so that it can be shown, stored, run, and refused when out of date. */
export interface Plan {
  schema: 'dayboard.plan/1';
  project: string;
  context: string;
  request: PlanRequest;
  cells: PlannedCell[];
  steps: PlannedStep[];
  /** What would be deleted at sources, and nothing else; for cleanup. */
  cleanups?: CleanupPlan[];
  /** What would be replaced at the target, and nothing else; for copy. */
  copies?: CopyPlan[];
  /** Wall-clock seconds for the whole, undefined when a step has no past run. */
  estimateSeconds?: number;
  /** Who holds a target of the plan now. */
  held: Array<{ target: string; by: string; host: string; since: string; run?: string }>;
  /** Hash of everything the plan was made from; the runner refuses another. */
  basis: string;
  /** RFC 3339. */
  madeAt: string;
  /** The same thing as a command line. */
  cli: string;
}

/** How much a step has done so far. */
export interface Progress {
  rows?: number;
  bytes?: number;
  totalBytes?: number;
  /** Seconds left: from the measured rate when the total is known, else from past runs. */
  etaSeconds?: number;
  /** True when etaSeconds comes from past runs and not from this step's own rate. */
  estimated?: boolean;
  /** What the step is at: 'copy', 'index', 'waiting for …'. */
  phase?: string;
  /** How far the phase is, 0 to 1, where PostgreSQL measures it; never an estimate. */
  phaseShare?: number;
}
