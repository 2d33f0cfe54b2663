import type { Day, RelationName } from '../project/model.ts';

/** A delivery's file, copied as it is into its staging table. */
export interface Staged {
  /** Columns of the file under the raw table's names and types. */
  relation: RelationName;
  /** Records of the file, without its header. */
  rows: number;
  /** Bytes copied, after decompression. */
  bytes: number;
}

/** A guard that did not stop the delivery but marks it. */
export interface Finding {
  guard: 'rows' | 'days' | 'empty' | 'loss';
  message: string;
  /** It would have stopped the delivery, and was overridden by its name. */
  forced?: true;
  facts: Record<string, string | number>;
}

/** A delivery ready to be published: the raw table's columns, enriched, and the delivery at their end, one row per key. */
export interface Prepared {
  relation: RelationName;
  /** Records of the file. */
  rows: number;
  /** Rows left after duplicates within the file were taken out. */
  kept: number;
  /** Kept rows that the file lacks: they were published before, and the source forgets rows. */
  absent?: number;
  /** Kept rows by their own day; one entry under the delivery's first day for tables without days. */
  days: Record<Day, number>;
  findings: Finding[];
  /** What an operator should know and no guard is about, as sentences. */
  notes: string[];
}
