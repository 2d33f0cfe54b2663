import type { EmbeddedPostgres } from './postgres/embedded.ts';
import type { Workspace } from '../run/workspace.ts';
import type { DemoState } from './demo-files.ts';

/** What a story is given to set its scene with. */
export interface Scene {
  directory: string;
  state: DemoState;
  postgres: EmbeddedPostgres;
  now: () => string;
  log: (line: string) => void;
}

/** Where a demo's deliveries come from, and what happens there as its story goes on. */
export interface DemoSource {
  /** The variables that dayboard reads its source and its target from. */
  readonly variables: Readonly<Record<string, string>>;
  /** True when nothing was there before: the demo starts over. */
  readonly isFresh: boolean;
  /** What arrives while somebody looks. `arrived` is called after each. */
  startArrivals(arrived: () => void): void;
  stopArrivals(): void;
  /** What happens once everything of the start was loaded. */
  afterLoad(workspace: Workspace): Promise<void>;
  close(): Promise<void>;
}

/** The demo of one system. */
export interface DemoStory {
  /** As --config names it. */
  system: string;
  /** The folder of the user's data directory that it lives in. */
  folder: string;
  timeZone: string;
  /** How many weeks of deliveries it begins with. */
  weeks: number;
  /** The databases that it needs; the first one is the target. */
  databases: readonly [string, ...string[]];
  open(scene: Scene): Promise<DemoSource>;
}
