import type { Period } from '../project/model.ts';

/** What deleting a dataset's loaded rows at their source would do; what was agreed to when it is run. */
export interface CleanupPlan {
  dataset: string;
  /** 'schema.name' at the source. */
  relation: string;
  /** 'user@host:port/database' of the source. */
  place: string;
  /** Rows that are there now. */
  rows: number;
  /** Those of them whose key is in the target: they would be deleted, and no other. */
  proven: number;
  /** By the day or other period of the rows, oldest first. */
  periods: Array<{ period: Period; rows: number; proven: number }>;
}
