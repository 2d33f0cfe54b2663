import type { AuditEntry } from '../plan/audit.ts';
import type { Board, CheckStatus, DerivedStatus, RunSummary, StepStatus } from '../plan/board.ts';
import type { Plan, PlanRequest } from '../plan/plan.ts';
import type { DayboardError, ErrorValue } from '../project/errors.ts';
import type { Project } from '../project/model.ts';
import type { Preparation } from '../plan/preparation.ts';
import type { Adoption } from '../plan/adoption.ts';
import type { Outcome, RunEvent } from '../plan/events.ts';
import type { Sizes } from '../plan/sizes.ts';
import type { ScriptPlan, ScriptRecord, ScriptSummary } from '../plan/script.ts';
import type { AdoptRequest } from './adopt.ts';
import type { ScriptRequest } from './ready-script.ts';
import type { ScriptStreams } from './script.ts';

/** A named place to run a project. No secrets in here. */
export interface ContextInfo {
  name: string;
  /** Sessions are read-only (the server enforces it) and nothing may be written. */
  readOnly: boolean;
  /** Writes ask for the date or the context's name to be typed. */
  production: boolean;
  /** 'user@host:port/database', never a password. */
  database: string;
  /** 'bucket at host', or the directory. */
  source: string;
}

/** A run that was started here. */
export interface RunHandle {
  id: string;
  /** Resolves when the run has ended, whatever its outcome; rejects only when the ledger cannot be written. */
  done: Promise<Outcome>;
  /** 'step': nothing new is started; 'now': what is in flight is cancelled and rolled back. */
  cancel(mode: 'step' | 'now'): Promise<void>;
}

/** One run with everything that the ledger has of it. */
export interface RunDetail {
  run: RunSummary;
  plan: Plan;
  steps: StepStatus[];
  outcome?: Outcome;
  /** Of a script: what it was given and the end of what it wrote. */
  script?: ScriptRecord;
}

export interface DoctorFinding {
  verdict: 'pass' | 'warn' | 'fail';
  /** What was looked at: 'PostgreSQL', 'S3 listing', 'clock', 'privilege INSERT on …'. */
  subject: string;
  message: string;
  /** What to do. */
  next?: string;
}

/** Everything that screens and commands do, on one project in one context. The only door to the core. */
export interface Workspace {
  readonly project: Project;
  readonly context: ContextInfo;
  /** The board from the ledger alone; `columns` periods back from today per row, or the given range of days. */
  board(range: { columns: number } | { first: string; last: string }): Promise<Board>;
  /**
   * Asks every source what it has and writes it to the ledger. One listing at a time; callers share it. Resolves with
   * the sources that could not be listed, by name, and why: what they had before stays. Rejects when the ledger cannot
   * be written, or the signal aborts.
   */
  list(signal?: AbortSignal): Promise<ReadonlyMap<string, DayboardError>>;
  freshness(names?: readonly string[]): Promise<DerivedStatus[]>;
  plan(request: PlanRequest): Promise<Plan>;
  /** Starts a plan. Rejects with kind 'refused' when the plan is out of date, the context read-only, or a target held. */
  start(plan: Plan, onEvent?: (event: RunEvent) => void): Promise<RunHandle>;
  /** Runs that were started here and have not ended: they end with this process. */
  activeRuns(): ReadonlyArray<{ id: string }>;
  runs(limit: number): Promise<RunSummary[]>;
  /** Who did what, the newest first: runs, cancels, forced guards, what was taken back and deleted. */
  audit(limit: number): Promise<AuditEntry[]>;
  /** What the project's tables and indexes take on the server, and which indexes no query asks. */
  sizes(): Promise<Sizes>;
  run(id: string): Promise<RunDetail>;
  /** The events of a run, those already written first; ends when the run ends or the signal aborts. */
  follow(id: string, signal?: AbortSignal): AsyncIterable<RunEvent>;
  cancel(id: string, mode: 'step' | 'now'): Promise<void>;
  checks(): Promise<CheckStatus[]>;
  /**
   * Calls back when anything in the ledger changed here or elsewhere (LISTEN, with polling behind it), and when the
   * connection is lost or back. Returns the function that ends it.
   */
  watch(listener: (change: LedgerChange) => void): () => void;
  /** Takes the project's schedule for this process, so that two schedulers never both run; rejects with 'lock.held'. */
  holdSchedule(): Promise<{ release(): Promise<void> }>;
  doctor(): AsyncIterable<DoctorFinding>;
  /** Makes the tables, indexes and views that the definition wants, or with `preview` only says which are missing. */
  prepare(preview: boolean): Promise<Preparation>;
  /** What adopting a dataset's table, or the relation with a rollup's name, would do from where it stands. Reads only. */
  adoption(name: string): Promise<Adoption>;
  /**
   * Takes a dataset's table over into partitions, or replaces the relation with a rollup's name by the rollup. Rejects
   * with kind 'refused' when something stands in the way, the context is read-only, or the table's lock is held.
   */
  adopt(request: AdoptRequest): Promise<Adoption>;
  /** The project's psql scripts, with their parameters and how they went before. */
  scripts(): Promise<ScriptSummary[]>;
  /**
   * What running a psql script would do, from its text and that of what it includes. Rejects with 'script.…' for a file
   * that is not there and for commands that dayboard does not run.
   */
  planScript(request: ScriptRequest): Promise<ScriptPlan>;
  /**
   * Runs a script in a run of its own; in a read-only context it is not recorded, and its number is ''. Rejects with kind
   * 'refused' when the script changed since it was planned, or would write where nothing may be written.
   */
  startScript(
    plan: ScriptPlan,
    request: ScriptRequest,
    streams: ScriptStreams,
    onEvent?: (event: RunEvent) => void,
  ): Promise<RunHandle>;
  /** Ends what runs here (as cancel 'now'), closes connections. */
  close(): Promise<void>;
}

export type LedgerChange =
  | { kind: 'changed'; run?: string }
  | { kind: 'event'; event: RunEvent }
  | { kind: 'lost'; error: ErrorValue; retryInSeconds: number }
  | { kind: 'back' };
