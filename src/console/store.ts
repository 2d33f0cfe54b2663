import type { ConsoleState } from './state.ts';

/** Between two redraws for data: at most four a second. */
const DATA_GAP_MS = 250;

/**
 * The console's state for useSyncExternalStore. Keys are shown at the end of the turn that brought them (a held key's
 * repeats arrive together and cost one redraw), data at most four times a second.
 */
export class Store {
  private state: ConsoleState;
  private shown: ConsoleState;
  private readonly listeners = new Set<() => void>();
  private soon: NodeJS.Timeout | undefined;
  private atOnce: NodeJS.Immediate | undefined;
  private lastShown = 0;

  constructor(initial: ConsoleState) {
    this.state = initial;
    this.shown = initial;
  }

  /** The state as of the last change, shown or not. */
  get current(): ConsoleState {
    return this.state;
  }

  /** The state to draw. */
  readonly snapshot = (): ConsoleState => this.shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Changes the state for somebody who waits for it: a key, an answer to one. */
  update(change: (state: ConsoleState) => ConsoleState): void {
    const next = change(this.state);
    if (next === this.state) return;
    this.state = next;
    this.atOnce ??= setImmediate(() => this.show());
  }

  /** Changes the state for data that comes by itself. */
  feed(change: (state: ConsoleState) => ConsoleState): void {
    const next = change(this.state);
    if (next === this.state) return;
    this.state = next;
    if (this.soon !== undefined || this.atOnce !== undefined) return;
    const wait = Math.max(0, this.lastShown + DATA_GAP_MS - performance.now());
    this.soon = setTimeout(() => this.show(), wait);
  }

  /** Resolves when what is shown meets a condition, or after so many milliseconds. */
  meets(condition: (state: ConsoleState) => boolean, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (condition(this.shown)) done();
      };
      const unsubscribe = this.subscribe(look);
      const late = setTimeout(() => done(), milliseconds);
      const done = () => {
        unsubscribe();
        clearTimeout(late);
        resolve();
      };
      look();
    });
  }

  /** Ends everything that would still be shown. */
  close(): void {
    this.cancelShows();
    this.listeners.clear();
  }

  private show(): void {
    this.cancelShows();
    this.lastShown = performance.now();
    if (this.shown === this.state) return;
    this.shown = this.state;
    for (const listener of this.listeners) listener();
  }

  private cancelShows(): void {
    clearTimeout(this.soon);
    clearImmediate(this.atOnce);
    this.soon = undefined;
    this.atOnce = undefined;
  }
}
