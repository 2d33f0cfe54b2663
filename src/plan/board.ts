import type { ErrorValue } from '../project/errors.ts';
import type { CellState, Day, Period, SourceObject } from '../project/model.ts';
import type { Progress } from './plan.ts';

/** One delivery, or one period of an aggregate, as the board and `status --json` show it. */
export interface Cell {
  /** The dataset's or aggregate's name. */
  dataset: string;
  /** There for periods of aggregates: they are computed, not loaded. */
  computed?: true;
  period: Period;
  state: CellState;
  /** One sentence for people: why it is in this state. */
  why: string;
  /** Rows published, of the current version. */
  rows?: number;
  /** Current version, 0 when nothing is published. */
  version: number;
  object?: SourceObject;
  /** True when exactly this object is verified in the cache. */
  fetched?: true;
  /** The last run that touched it. */
  run?: string;
  /** When it came into this state, RFC 3339. */
  since?: string;
  error?: ErrorValue;
  /** What the running step is at. */
  progress?: Progress & { kind: string };
  /** True when what is published was published while another attempt failed later. */
  publishedBefore: boolean;
  /** What is at the source was taken back by an undo: only `--reprocess all` loads it again. */
  takenBack?: true;
}

/** A row of the board. */
export interface BoardRow {
  /** The dataset's or aggregate's name. */
  dataset: string;
  /** There for an aggregate: its cells are computed, not loaded. */
  computed?: true;
  relation: string;
  off?: string;
  unit: 'day' | 'week' | 'month';
  /** Oldest first; same length and periods for rows of the same unit. */
  cells: Cell[];
  /** Median seconds of a delivery's import, from past runs. */
  medianSeconds?: number;
  /** Bytes of the raw table with its indexes. */
  bytes?: number;
}

export type Verdict = 'pass' | 'warn' | 'error' | 'unknown';

/** A verdict on the age of data, as people read it. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  pass: 'fresh',
  warn: 'late',
  error: 'too old',
  unknown: 'unknown',
};

/** A rollup, view or aggregate as the board and freshness show it. */
export interface DerivedStatus {
  name: string;
  kind: 'rollup' | 'view' | 'aggregate' | 'table' | 'copy';
  /** The newest day inside, measured from the data. */
  through?: Day;
  /** Seconds since the end of that day, in the relation's time zone. */
  ageSeconds?: number;
  warnSeconds?: number;
  errorSeconds?: number;
  verdict: Verdict;
  /** When it was last computed; of a table, when something was last published into it (ISO, UTC). */
  refreshed?: string;
  /** Rows; an estimate of the planner for tables. */
  rows?: number;
  bytes?: number;
  /** Buckets, or periods of an aggregate, that must be computed. */
  owed: string[];
  why: string;
  reads: string[];
  error?: ErrorValue;
  /** Seconds of the last refreshes, oldest first, at most 14. */
  durations: number[];
}

/** Result of the last run of each check. */
export interface CheckStatus {
  name: string;
  verdict: 'pass' | 'warn' | 'fail' | 'unknown' | 'never';
  at?: string;
  /** The first of them; of the days that were asked about before others. */
  findings: unknown[];
  /** How many there are beyond those, counted up to 10,000 in all. */
  more?: number;
  error?: ErrorValue;
}

export interface Board {
  project: string;
  context: string;
  /** When the ledger was read, RFC 3339. */
  asOf: string;
  /** When the source was last listed, and what went wrong then. */
  listedAt?: string;
  listingError?: ErrorValue;
  rows: BoardRow[];
  derived: DerivedStatus[];
  checks: CheckStatus[];
  runs: RunSummary[];
  /** The next scheduled start, RFC 3339. */
  nextScheduled?: string;
}

/** A run as lists show it. */
export interface RunSummary {
  id: string;
  command: string;
  cli: string;
  /** 'interrupted' when its process is gone without an end. */
  state: 'running' | 'done' | 'failed' | 'partly' | 'cancelled' | 'interrupted';
  startedAt: string;
  finishedAt?: string;
  by: string;
  host: string;
  pid: number;
  cancel?: 'step' | 'now';
  steps: { total: number; done: number; failed: number; skipped: number; cancelled: number; running: number };
}

/** A step of a run as the run view shows it. */
export interface StepStatus {
  seq: number;
  kind: string;
  target: string;
  period?: Period;
  state: 'queued' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled';
  startedAt?: string;
  finishedAt?: string;
  progress: Progress;
  /** Median seconds of past runs of this step. */
  medianSeconds?: number;
  detail: Record<string, unknown>;
  error?: ErrorValue;
}
