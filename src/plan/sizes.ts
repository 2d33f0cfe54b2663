/** What an index costs and how often it was used, over all partitions. */
export interface IndexSize {
  name: string;
  /** Method and columns: 'btree (visit_date)', 'btree (platform), partial'. */
  definition: string;
  bytes: number;
  /** How often a query asked it since `Sizes.since`. */
  scans: number;
  /** When a query asked it last (ISO, UTC); the server tells from PostgreSQL 16 on. */
  lastUsed?: string;
  /** It keeps keys unique or takes part in replication, and is needed though no query ever asks it. */
  needed: boolean;
}

/** A partition; or a table of many that serve one purpose. */
export interface PartSize {
  name: string;
  /** The planner's estimate. */
  rows: number;
  /** With indexes. */
  bytes: number;
}

export const SIZE_KINDS = [
  'dataset',
  'rollup',
  'view',
  'aggregate',
  'shadow',
  'origin',
  'undo',
  'ledger',
  'work tables',
] as const;

/** What a relation is for. */
export type SizeKind = (typeof SIZE_KINDS)[number];

/** What a relation takes on the disk of the server. */
export interface RelationSize {
  /** 'schema.name'; of many tables that serve one purpose, their schema. */
  relation: string;
  kind: SizeKind;
  /** The dataset, rollup, view or aggregate that it is of; undefined for what is of all of them. */
  of?: string;
  /** The planner's estimate. */
  rows: number;
  /** Rows alone, and all indexes. */
  tableBytes: number;
  indexBytes: number;
  /** The largest first; a relation without partitions has none. */
  indexes: IndexSize[];
  /** In the order of their names. */
  parts: PartSize[];
}

/** Sizes of everything that a project has on the server, the largest first. */
export interface Sizes {
  /** Since when scans are counted (ISO, UTC); undefined when the server does not say. */
  since?: string;
  relations: RelationSize[];
}

/** Rows and indexes together. */
export function bytesOf({ tableBytes, indexBytes }: RelationSize): number {
  return tableBytes + indexBytes;
}

/** Indexes that cost disk and every write, and that no query has asked. */
export function unusedIndexes({ indexes }: RelationSize): IndexSize[] {
  return indexes.filter(({ scans, needed }) => scans === 0 && !needed);
}
