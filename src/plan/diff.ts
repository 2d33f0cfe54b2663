import { maskedRow } from '../project/mask.ts';
import type { Period } from '../project/model.ts';

/** A row as JSON, as the database writes its values. */
export type DiffRow = Record<string, unknown>;

/** Sums over the groups of one bucket of a rollup: how many there are, and each measure that can be added up. */
export interface BucketTotals {
  groups: number;
  /** Decimal text: they may be greater than a number can hold. */
  measures: Record<string, string | null>;
  /** Another text whenever any group or measure is another, also one that cannot be added up. */
  content: string;
}

/** What would become of one rollup: the buckets that change, by their first day ('' for rows without one). */
export interface RollupDiff {
  name: string;
  buckets: Array<{ bucket: string; before: BucketTotals; after: BucketTotals }>;
}

/** What publishing a delivery would change, or an undo of its current version. */
export interface DeliveryDiff {
  schema: 'dayboard.diff/1';
  dataset: string;
  period: Period;
  /** The version that is published now, 0 when none. */
  version: number;
  /** What it is compared with: the object at the source, or a version. */
  against: { object: string } | { version: number };
  /** Raw rows that would come, go, or keep their key and change; without a key a changed row goes and comes. */
  rows: { added: number; removed: number; changed: number };
  /** Some of them. */
  samples: { added: DiffRow[]; removed: DiffRow[]; changed: Array<{ before: DiffRow; after: DiffRow }> };
  rollups: RollupDiff[];
  /** Views that would be refreshed. */
  views: string[];
}

/** A difference without what identifies people. */
export function maskedDiff(diff: DeliveryDiff, personal: ReadonlySet<string>): DeliveryDiff {
  const { added, removed, changed } = diff.samples;
  const rows = (all: readonly DiffRow[]) => all.map((row) => maskedRow(row, personal));
  return {
    ...diff,
    samples: {
      added: rows(added),
      removed: rows(removed),
      changed: changed.map(({ before, after }) => ({
        before: maskedRow(before, personal),
        after: maskedRow(after, personal),
      })),
    },
  };
}
