/** What taking a table over consists of, in order. The last one cannot be taken back. */
export const ADOPT_STEPS = ['prepare', 'copy', 'switch', 'finish'] as const;
export type AdoptStep = (typeof ADOPT_STEPS)[number];

/**
 * How far it is: nothing made; being copied; copied and compared; the new table has the name; the original is gone. Or
 * the original is back, and what was made is still to be dropped.
 */
export type AdoptionState = 'none' | 'copying' | 'copied' | 'switched' | 'finished' | 'returned';

/** Why something cannot be adopted as it is, and what to do about it. */
export interface Obstacle {
  what: string;
  next: string;
}

/** What adopting a dataset's table would do, from where it stands. */
export interface TableAdoption {
  schema: 'dayboard.adoption/1';
  kind: 'dataset';
  name: string;
  /** 'schema.name'. */
  relation: string;
  state: AdoptionState;
  /** Of the original: the planner's estimate, and with indexes. */
  rows: number;
  bytes: number;
  owner: string;
  /** What the original is called from the switch until the last step. */
  original: string;
  steps: Array<{ step: AdoptStep; does: string; done: boolean }>;
  /** Views over the table, which go on as views over the new one. */
  views: string[];
  /** What will be different. */
  notes: string[];
  obstacles: Obstacle[];
}

/** A row that an existing relation and a rollup do not agree on, as texts by column; undefined where there is none. */
export interface RowDifference {
  there?: Record<string, string | null>;
  rollup?: Record<string, string | null>;
}

/** How an existing relation differs from the rollup of its name. Rows that several times occur count several times. */
export interface RollupComparison {
  rowsThere: number;
  rowsRollup: number;
  /** Groups that both have, with other values. */
  changed: number;
  /** Rows that only one of them has. */
  onlyThere: number;
  onlyRollup: number;
  samples: RowDifference[];
}

/** What adopting the relation with a rollup's name would do. */
export interface RollupAdoption {
  schema: 'dayboard.adoption/1';
  kind: 'rollup';
  name: string;
  relation: string;
  /** 'materialized view', 'table', 'view'; undefined when there is nothing of that name, or dayboard's own. */
  what?: string;
  owner?: string;
  comparison?: RollupComparison;
  views: string[];
  notes: string[];
  obstacles: Obstacle[];
  replaced: boolean;
}

export type Adoption = TableAdoption | RollupAdoption;

/** How far a step has come. */
export interface AdoptProgress {
  step: AdoptStep | 'back' | 'compare';
  message: string;
}
