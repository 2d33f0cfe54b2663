import type { Screen } from '../actions/action.ts';
import type { AuditEntry } from '../plan/audit.ts';
import type { Sizes } from '../plan/sizes.ts';
import type { DerivedStatus, RunSummary } from '../plan/board.ts';
import type { Plan, PlanRequest, Progress } from '../plan/plan.ts';
import type { ScriptParameter, ScriptPlan, ScriptSummary } from '../plan/script.ts';
import type { ErrorValue } from '../project/errors.ts';
import type { Day, Project } from '../project/model.ts';
import type { ScriptRequest } from '../run/ready-script.ts';
import type { ContextInfo } from '../run/workspace.ts';
import type { BoardModel } from './board-model.ts';
import type { DayWidth, Size } from './layout.ts';
import type { RunModel } from './run-model.ts';

/** Screens whose lines can be filtered. */
export type Filtered = 'board' | 'runs' | 'freshness' | 'files' | 'scripts' | 'audit' | 'sizes';

/** Where the cursor of the board is, and what is marked. */
export interface BoardView {
  /** Tables first, then rollups and views. */
  row: number;
  /** The day under the cursor; undefined means today, whatever day that is. */
  day?: Day | undefined;
  /** First table shown. */
  firstRow: number;
  /** First day shown; undefined while the window ends with today. */
  firstDay?: Day | undefined;
  dayWidth?: DayWidth;
  /** Marked cells, as `markKey` writes them. */
  marks: ReadonlySet<string>;
  /** Where a range began. */
  range?: { row: number; day: Day } | undefined;
}

export interface ListView {
  row: number;
  first: number;
}

/** A parameter as it is filled in. */
export interface ScriptField {
  parameter: ScriptParameter;
  typed: string;
}

export type Dialog =
  | { kind: 'planning'; request: PlanRequest; only: boolean; note?: string }
  | {
      kind: 'plan';
      plan: Plan;
      /** Opened with `p`: shown, and not to be run. */
      only: boolean;
      first: number;
      typed: string;
      starting: boolean;
      /** 'The state changed …; this is the plan made anew.' */
      note?: string;
      error?: ErrorValue;
    }
  | {
      kind: 'parameters';
      script: ScriptSummary;
      fields: ScriptField[];
      row: number;
      problem?: string | undefined;
    }
  | {
      kind: 'script';
      plan: ScriptPlan;
      request: ScriptRequest;
      first: number;
      typed: string;
      starting: boolean;
      error?: ErrorValue;
    }
  | { kind: 'confirm'; mode: 'step' | 'now'; run: string }
  | { kind: 'leave' }
  | { kind: 'date'; typed: string; problem?: string }
  | { kind: 'details'; title: string; lines: string[]; first: number }
  /** Typed at the foot of the screen: the filter of its lines, or what is searched for in the log. */
  | { kind: 'filter' }
  | { kind: 'palette'; row: number; first: number; typed: string }
  | { kind: 'copy'; row: number; first: number; choices: readonly CopyChoice[] }
  | { kind: 'help'; row: number; first: number; typed: string };

/** Something that can be copied. */
export interface CopyChoice {
  /** 'command', 'date', 'object key'. */
  what: string;
  text: string;
}

export interface Message {
  text: string;
  tone: 'good' | 'plain' | 'bad';
  /** When it was said; it goes away with the next key after some seconds. */
  at: string;
}

export interface Connection {
  error: ErrorValue;
  since: string;
  /** When the next try is. */
  retryAt: string;
}

/** Progress of a running cell as events told it, newer than the board that was read. */
export interface LiveCell {
  progress: Progress & { kind: string };
  ended: boolean;
}

/** Everything that is drawn. Never changed in place. */
export interface ConsoleState {
  project: Project;
  context: ContextInfo;
  size: Size;
  /** RFC 3339; moves on with the clock's tick. */
  now: string;
  /** What is shown of the board that was read: all of it, or the rows that the filter leaves. */
  board?: BoardModel;
  /** The board that was read. */
  whole?: BoardModel;
  /** What is typed after `/`, by screen. */
  filters: Partial<Record<Filtered, string>>;
  boardError?: ErrorValue;
  /** Periods back from today that are asked for. */
  columns: number;
  /** Periods back from today that are counted: those of the first reading. */
  counted: number;
  reading: boolean;
  listing: boolean;
  lost?: Connection;
  /** By `markKey`. */
  live: ReadonlyMap<string, LiveCell>;
  runs?: RunSummary[];
  audit?: AuditEntry[];
  sizes?: Sizes;
  freshness?: DerivedStatus[];
  models: ReadonlyMap<string, RunModel>;
  /** Runs in flight that end with this process: started with a key, or by something else in it; the newest last. */
  here: readonly string[];
  screen: Screen;
  /** Screens under this one, the last one next. */
  back: readonly Screen[];
  view: BoardView;
  runsView: ListView;
  /** `link`: the cursor is in the chain of what the relation reads. */
  freshnessView: ListView & { link?: number };
  filesView: ListView;
  scripts?: ScriptSummary[];
  scriptsView: ListView;
  auditView: ListView;
  sizesView: ListView;
  /** The log of the run that is shown: the first row on the screen, or its end as it grows. */
  /** The row of the log that a search led to. */
  logHit?: number | undefined;
  logView: { first?: number | undefined; wrap: boolean; search: string };
  /** Other contexts that can be switched to. */
  contexts: readonly string[];
  /** The run that is shown; its list follows what is running until the cursor moves. */
  runView: ListView & {
    id?: string;
    following: boolean;
    /** How far the log is shown; undefined for all of it, as it grows. */
    logEnd?: number | undefined;
    focus?: { dataset: string; period: string } | undefined;
  };
  dialog?: Dialog;
  message?: Message;
  tips: readonly string[];
  tip: number;
  /** The first of two keys. */
  prefix?: string;
  /** A key was pressed: from then on the cursor stays where it is put. */
  touched: boolean;
  /** Quit as soon as nothing that was started here is in flight. */
  leaving: boolean;
}

export function markKey(dataset: string, period: string): string {
  return `${dataset}\u0000${period}`;
}

/** The dataset and period of a `markKey`. */
export function splitMark(key: string): [dataset: string, period: string] {
  const at = key.indexOf('\u0000');
  return [key.slice(0, at), key.slice(at + 1)];
}

export function initialState(options: {
  project: Project;
  context: ContextInfo;
  size: Size;
  now: string;
  columns: number;
  tips: readonly string[];
  contexts?: readonly string[];
}): ConsoleState {
  return {
    ...options,
    contexts: options.contexts ?? [],
    filters: {},
    filesView: { row: 0, first: 0 },
    scriptsView: { row: 0, first: 0 },
    auditView: { row: 0, first: 0 },
    sizesView: { row: 0, first: 0 },
    logView: { wrap: false, search: '' },
    counted: options.columns,
    reading: false,
    listing: false,
    live: new Map(),
    models: new Map(),
    here: [],
    screen: 'board',
    back: [],
    view: { row: 0, firstRow: 0, marks: new Set() },
    runsView: { row: 0, first: 0 },
    freshnessView: { row: 0, first: 0 },
    runView: { row: 0, first: 0, following: true },
    tip: 0,
    touched: false,
    leaving: false,
  };
}

/** The board's rollups and views, whatever its filter leaves. */
export function derivedOf(state: ConsoleState): readonly DerivedStatus[] {
  return (state.whole ?? state.board)?.board.derived ?? [];
}
