import type { Board } from '../plan/board.ts';
import type { Plan } from '../plan/plan.ts';
import { toDayboardError } from '../project/errors.ts';
import { addPeriods } from '../project/period.ts';
import type { RunEvent } from '../plan/events.ts';
import type { LedgerChange, Workspace } from '../run/workspace.ts';
import { rememberWindows, settle } from './board-cursor.ts';
import { boardModel } from './board-model.ts';
import { filteredBoard } from './filter.ts';
import { fold, runFromPlan, withModel, withOutput } from './run-model.ts';
import { type ConsoleState, type LiveCell, markKey } from './state.ts';
import type { Store } from './store.ts';

export interface FeedOptions {
  workspace: Workspace;
  store: Store;
  /** RFC 3339. */
  now: () => string;
  /** Seconds between listings of the source; 0 lists once. */
  relistSeconds: number;
  /** Every second and whenever something changed: for what the workspace knows by itself. */
  onLook: () => void;
  /** The first reading, when it was begun before. */
  first?: Promise<Board>;
}

const TICK_MS = 1000;
/** After a reading that failed. */
const RETRY_MS = 5000;
/** So many lines of the audit are kept; the command line shows more. */
const AUDIT_ENTRIES = 500;

/** The ledger is not read again for twice as long as reading it took, and never more often than this. */
const READ_GAP_MS = 250;

/**
 * Keeps the state fed: the board from the ledger at once, the source's listing behind it, changes as they are
 * announced. Nothing here waits for a key and no key waits for this.
 */
export class Feed {
  private readonly options: FeedOptions;
  private readonly ended = new AbortController();
  /** Runs that were started here. */
  private readonly own = new Set<string>();
  private tick: NodeJS.Timeout | undefined;
  private paused: NodeJS.Timeout | undefined;
  private unwatch: (() => void) | undefined;
  private first: Promise<Board> | undefined;
  private boardWanted = false;
  private boardBusy = false;
  private listBusy = false;
  private relist: NodeJS.Timeout | undefined;
  private again: NodeJS.Timeout | undefined;

  constructor(options: FeedOptions) {
    this.options = options;
    this.first = options.first;
  }

  /** Reads the board. Whatever is not needed for the first paint waits for `goOn`. */
  start(): void {
    const { store, now, onLook } = this.options;
    this.tick = setInterval(() => {
      store.feed((state) => ticked(state, now()));
      onLook();
    }, TICK_MS);
    onLook();
    this.boardWanted = true;
    void this.readBoards();
  }

  /** After the first paint: watches the ledger on a connection of its own, and lists the source. */
  goOn(): void {
    if (this.unwatch !== undefined || this.ended.signal.aborted) return;
    this.unwatch = this.options.workspace.watch((change) => this.changed(change));
    void this.list();
  }

  stop(): void {
    this.ended.abort();
    this.unwatch?.();
    for (const timer of [this.tick, this.paused, this.relist, this.again]) clearTimeout(timer);
  }

  /** Reads the board from the ledger; callers while it is read share the next reading. */
  readBoard(): void {
    this.boardWanted = true;
    if (!this.boardBusy) void this.readBoards();
  }

  private async readBoards(): Promise<void> {
    this.boardBusy = true;
    while (this.boardWanted && !this.ended.signal.aborted) {
      this.boardWanted = false;
      const started = performance.now();
      await this.readOnce();
      await this.pause(Math.max(READ_GAP_MS, 2 * (performance.now() - started)));
    }
    this.boardBusy = false;
  }

  private async readOnce(): Promise<void> {
    const { store, workspace, now } = this.options;
    store.feed((state) => ({ ...state, reading: true }));
    const liveBefore = store.current.live;
    try {
      const begun = this.first;
      this.first = undefined;
      const board = await (begun ?? workspace.board({ columns: store.current.columns }));
      const model = boardModel(board, now(), workspace.project.timeZone, store.current.counted);
      // The first one is waited for.
      const how = store.current.board === undefined ? 'update' : 'feed';
      store[how]((state) => {
        const next = {
          ...state,
          boardError: undefined,
          reading: false,
          now: now(),
          whole: model,
          board: filteredBoard(model, state.filters.board),
          live: stillLive(state.live, liveBefore),
        };
        return state.touched ? rememberWindows(next, next.board) : settle(next, next.board);
      });
      if (store.current.freshness !== undefined) await this.readFreshness();
      if (store.current.screen === 'runs') await this.readRuns();
      if (store.current.screen === 'scripts') await this.readScripts();
      if (store.current.screen === 'audit') await this.readAudit();
      if (store.current.screen === 'sizes') await this.readSizes();
    } catch (thrown) {
      const boardError = toDayboardError(thrown).toJSON();
      store.feed((state) => ({ ...state, reading: false, boardError }));
      clearTimeout(this.again);
      this.again = setTimeout(() => this.readBoard(), RETRY_MS);
    }
  }

  async readFreshness(): Promise<void> {
    const { store, workspace } = this.options;
    const freshness = await workspace.freshness();
    store.feed((state) => ({ ...state, freshness }));
  }

  async readRuns(): Promise<void> {
    const { store, workspace } = this.options;
    const runs = await workspace.runs(200);
    store.feed((state) => ({ ...state, runs }));
  }

  async readAudit(): Promise<void> {
    const { store, workspace } = this.options;
    const audit = await workspace.audit(AUDIT_ENTRIES);
    store.feed((state) => ({ ...state, audit }));
  }

  async readSizes(): Promise<void> {
    const { store, workspace } = this.options;
    const sizes = await workspace.sizes();
    store.feed((state) => ({ ...state, sizes }));
  }

  /** Asks the source what it has; the board's `listingError` tells when that fails. */
  async list(): Promise<void> {
    if (this.listBusy || this.ended.signal.aborted) return;
    this.listBusy = true;
    clearTimeout(this.relist);
    const { store, workspace, relistSeconds } = this.options;
    store.feed((state) => ({ ...state, listing: true }));
    // A failure is written to the ledger with the listing and comes back with the board.
    await workspace.list(this.ended.signal).catch(() => undefined);
    this.listBusy = false;
    if (this.ended.signal.aborted) return;
    store.feed((state) => ({ ...state, listing: false }));
    this.readBoard();
    if (relistSeconds > 0) this.relist = setTimeout(() => void this.list(), relistSeconds * 1000);
  }

  private changed(change: LedgerChange): void {
    const { store, now, onLook } = this.options;
    onLook();
    if (change.kind === 'event') {
      if (!this.own.has(change.event.run)) this.onBoard(change.event);
    } else if (change.kind === 'lost') {
      const at = now();
      const retryAt = new Date(Date.parse(at) + change.retryInSeconds * 1000).toISOString();
      store.feed((state) => ({
        ...state,
        now: at,
        lost: { error: change.error, since: state.lost?.since ?? at, retryAt },
      }));
    } else {
      if (change.kind === 'back') store.feed((state) => ({ ...state, lost: undefined, now: now() }));
      this.readBoard();
    }
  }

  /** An event of a run that was started here; the same events also come back announced, and are ignored then. */
  ownEvent(event: RunEvent, plan: Plan): void {
    this.own.add(event.run);
    this.options.store.feed((state) => {
      const model = state.models.get(event.run) ?? runFromPlan(event.run, plan, event.at);
      return { ...state, models: withModel(state.models, fold(model, event)) };
    });
    this.onBoard(event);
  }

  /** What a script of ours wrote. */
  ownOutput(run: string, lines: readonly string[], at = this.options.now()): void {
    const { store } = this.options;
    store.feed((state) => {
      const model = state.models.get(run);
      if (model === undefined) return state;
      return { ...state, models: withModel(state.models, withOutput(model, lines, at)) };
    });
  }

  async readScripts(): Promise<void> {
    const { store, workspace } = this.options;
    const scripts = await workspace.scripts();
    store.feed((state) => ({ ...state, scripts }));
  }

  /** Progress goes straight onto the board, what changes it has it read again: of an aggregate each part that is done. */
  private onBoard(event: RunEvent): void {
    const { store, now } = this.options;
    store.feed((state) => ({ ...state, live: withLive(state.live, event), now: now() }));
    const isPart = event.type === 'step.note' && event.step.kind === 'aggregate';
    if (isPart || (event.type !== 'step.progress' && event.type !== 'step.note')) this.readBoard();
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => (this.paused = setTimeout(resolve, milliseconds)));
  }
}

/** The clock moves what is drawn every second while something runs, else every five. */
function ticked(state: ConsoleState, now: string): ConsoleState {
  const busy =
    state.here.length > 0 ||
    state.screen === 'run' ||
    state.lost !== undefined ||
    state.listing ||
    state.board === undefined;
  const every = busy ? 1000 : 5000;
  if (Math.floor(Date.parse(now) / every) === Math.floor(Date.parse(state.now) / every)) return state;
  const tip = state.tips.length === 0 ? 0 : Math.floor(Date.parse(now) / 20_000) % state.tips.length;
  return { ...state, now, tip };
}

/** What ended before the board was read is in the board. */
function stillLive(live: ConsoleState['live'], before: ConsoleState['live']): ConsoleState['live'] {
  const kept = [...live].filter(([key, cell]) => !(cell.ended && before.get(key)?.ended === true));
  return kept.length === live.size ? live : new Map(kept);
}

function withLive(live: ConsoleState['live'], event: RunEvent): ConsoleState['live'] {
  if (!('step' in event) || event.step.period === undefined || event.type === 'step.note') return live;
  const key = markKey(event.step.target, event.step.period);
  return new Map(live).set(key, liveCell(live.get(key), event));
}

function liveCell(before: LiveCell | undefined, event: Extract<RunEvent, { step: unknown }>): LiveCell {
  const kind = event.step.kind;
  if (event.type === 'step.started') return { progress: { kind }, ended: false };
  if (event.type === 'step.progress') {
    const { rows, bytes, totalBytes } = event;
    const known = Object.entries({ rows, bytes, totalBytes }).filter(([, value]) => value !== undefined);
    return { progress: { kind, ...Object.fromEntries(known) }, ended: false };
  }
  return { progress: before?.progress ?? { kind }, ended: true };
}

/** How many periods back the board must reach for a day to be on it. */
export function columnsFor(day: string, today: string): number {
  let columns = 1;
  for (let each = today; each > day && columns < MOST_COLUMNS; each = addPeriods(each, -1)) columns += 1;
  return columns;
}

/** Three years. */
export const MOST_COLUMNS = 1096;
