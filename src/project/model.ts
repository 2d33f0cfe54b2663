/**
 * The glossary as types. One word per thing, the same in code, screens, CLI, JSON and SQL.
 *
 * project   one system's definitions; context   a named place to run it
 * dataset   what is delivered each period, and the raw table it fills
 * period    what a delivery is for: '2024-11-14', '2024-W46', '2024-11'
 * delivery  what a source hands over for one dataset and period: a cell of the board
 * partition the raw rows of one dataset of one day, by the rows' own time
 * object    the thing at the source: key, size, ETag, last modified
 * staging   the table a delivery is loaded into before anyone can see it
 * publish   to make a staged delivery visible, whole, in one transaction
 * version   one publish of one delivery
 * rollup    an aggregate kept exact by applying each publish's change
 * view      a materialized view or table that is rebuilt by SQL
 * aggregate a table that SQL computes period by period from a window of what it reads; each period is replaced whole
 * owed      a derived period that must be computed because something below it changed
 */

import type { Follow, Lookup, SchemaCopy, Select } from './model-databases.ts';

export type { Follow, Lookup, SchemaCopy, Select } from './model-databases.ts';

export type PeriodUnit = 'day' | 'week' | 'month';

/** What an aggregate may be computed for; no delivery is for a year. */
export type AggregateUnit = PeriodUnit | 'year';

/** A period's name: '2024-11-14' (day), '2024-W46' (ISO week), '2024-11' (month) or '2024' (year). */
export type Period = string;

/** A day by name, 'YYYY-MM-DD'. */
export type Day = string;

/** A column value computed on the way in. Data, so that its change can be seen (rules hash). */
export type Enrichment =
  /** The first rule whose SQL LIKE pattern matches the column gives the value. */
  | {
      kind: 'firstMatch';
      column: string;
      rules: ReadonlyArray<readonly [pattern: string, value: string]>;
      otherwise: string;
    }
  /** The day of a timestamptz column in the dataset's time zone, as a date. */
  | { kind: 'dayOf'; column: string }
  /** The delivery's first day (plus `addDays`), as a date. */
  | { kind: 'deliveryDay'; addDays: number }
  /** Any SQL expression over the file's columns. Identifiers in it are the author's to quote. */
  | { kind: 'sql'; expression: string }
  /**
   * What a lookup of the dataset finds for the row, NULL when it finds nothing. A row that was published with a value
   * keeps what was found then; one that found nothing is looked up again whenever its delivery is loaded again.
   */
  | { kind: 'lookup'; lookup: string; column: string };

export interface Column {
  name: string;
  /** A PostgreSQL type: 'text', 'integer', 'timestamptz'. */
  type: string;
  nullable: boolean;
  /** How it is computed; without it the column comes from the file. */
  value?: Enrichment;
  /** It identifies a person or their device: shown masked unless somebody asks. */
  personal?: true;
}

/** A column of the delivered file, in the file's order. */
export interface FileColumn {
  /** The name that the header must show. */
  header: string;
  /** The raw table's column that it fills. */
  column: string;
}

export interface Index {
  name: string;
  /** Column names or expressions with order, as in CREATE INDEX: 'visit_ts DESC'. */
  columns: string[];
  where?: string;
}

export interface RelationName {
  schema: string;
  name: string;
}

export interface RawTable extends RelationName {
  columns: Column[];
  indexes: Index[];
  /** The date or timestamptz column whose day decides the partition; without it the table is one piece. */
  partitionBy?: string;
  /** The name of the unique index over the dataset's key. */
  keyIndex?: string;
}

/** What a delivery carries, which decides how it is published (DESIGN section 3). */
export type Carries =
  /**
   * Rows of its own period only: the period is replaced whole. `column` is the date column that says so; one that is
   * computed with deliveryDay holds that day, its addDays included. With a `key`, rows of one file that share it
   * (NULLs are alike) are duplicates, of which one stands. `absent: 'kept'`: the source forgets rows, so a published
   * row that a later version of the delivery lacks stays part of it.
   */
  | { kind: 'period'; column: string; key?: string[]; absent?: 'kept' }
  /** Rows of several periods, overlapping other deliveries: merged by key. */
  | { kind: 'window'; key: string[]; winner: Winner }
  /** Everything there is: merged by key where rows must outlive their disappearance, else replaced whole. */
  | { kind: 'snapshot'; mode: 'merge'; key: string[]; winner: Winner }
  | { kind: 'snapshot'; mode: 'replace' };

/** Which delivery's row stands when several carry one key: that of the newest period, or of the first. */
export type Winner = 'newest' | 'first';

export type SourceDefinition =
  /**
   * Objects of one bucket; S3_BUCKET_NAME and the other S3_* variables say where. `bucket`, `endpoint` and `region`
   * are what holds when S3_BUCKET_NAME, S3_ENDPOINT and S3_REGION are not set.
   */
  | { kind: 's3'; bucket?: string; endpoint?: string; region?: string }
  /** Files of one directory, for tests, transfers and people without S3. */
  | { kind: 'directory'; path: string }
  /** Another PostgreSQL database. The variable holds its URL; datasets say with `select` what they read of it. */
  | { kind: 'postgres'; urlVariable: string };

/** What to do when a guard trips: stop the publish, publish and mark suspicious, or accept. */
export type GuardAction = 'stop' | 'mark' | 'accept';

export interface Guards {
  /** A file without rows. */
  empty: GuardAction;
  /** Rows whose own day is more than `before` days before or `after` days after the delivery's first day. */
  days?: { before: number; after: number; action: GuardAction };
  /** A row count below `low` or above `high` times the median of the last weeks' deliveries, those of its weekday when there are enough. */
  rows?: { low: number; high: number; action: GuardAction };
  /** A delivery that is loaded again and has, of a day, fewer than the share `keep` of the rows that it published before. */
  loss?: { keep: number; action: GuardAction };
}

/** Age limits, in hours, of the newest data inside a relation. */
export interface FreshnessLimits {
  warnHours: number;
  errorHours: number;
}

export interface Dataset {
  name: string;
  description: string;
  /** Why it is switched off; undefined when it is on. */
  off?: string;
  source: string;
  /** Key of the object: `{period}` stands for the period's name. '.gz' and '.zst' variants are found too. */
  key: string;
  period: PeriodUnit;
  timeZone: string;
  carries: Carries;
  file: FileColumn[];
  /** What is read of a source of kind 'postgres'; `file` then names the source's columns. */
  select?: Select;
  lookups?: Lookup[];
  follows?: Follow[];
  table: RawTable;
  /** Among rows of one file with the same key, the first by these columns stands ('content', 'user_agent DESC'). */
  duplicates: string[];
  guards: Guards;
  /** When a period's delivery is due: days after the period's last day, and local wall time there. */
  expected: { days: number; at: string };
  /** The first period that can exist at the source. */
  since?: Period;
  freshness?: FreshnessLimits & { column: string };
  /** What differs from the original system, and why. */
  corrections: Correction[];
}

/** One deliberate difference from the original system. */
export interface Correction {
  original: string;
  corrected: string;
  /** The parity switch that restores the original's numbers, when dashboards would see others. */
  parity?: string;
}

/** A measure of a rollup. `where` is a SQL condition over the parent's columns. */
export type Measure =
  | { kind: 'count'; where?: string; type?: string }
  | { kind: 'sum'; column: string; where?: string; type?: string }
  | { kind: 'min' | 'max'; column: string; where?: string; type?: string }
  /**
   * The column's value in the group's first row by `orderBy` (columns of the parent, smallest first). Picks of one
   * group with the same orderBy take the same row, as long as orderBy tells the picked values apart.
   */
  | { kind: 'pick'; column: string; orderBy: string[]; where?: string; type?: string };

export interface Rollup {
  name: string;
  description: string;
  /** A dataset (its raw table) or another rollup. */
  over: string;
  /** Rows that count; SQL over the parent's columns. */
  where?: string;
  /** Group columns: name, type and SQL over the parent's columns. Groups never contain each other's rows. */
  groups: Array<{ name: string; type: string; sql: string }>;
  measures: Record<string, Measure>;
  /** The group column that is a date or timestamptz and bounds recomputation, and its unit. */
  bucket: { group: string; unit: PeriodUnit };
  /** The relation that readers know. Columns in the order they know. */
  published?: RelationName & {
    columns: string[];
    /** Only this many whole units back from today are shown: `{ count: 30, unit: 'day' }`. */
    window?: { count: number; unit: PeriodUnit };
  };
  freshness?: FreshnessLimits;
  timeZone: string;
  corrections: Correction[];
}

/** A view that stays plain SQL and is refreshed as a whole. */
export interface View extends RelationName {
  description: string;
  /** Datasets, rollups and views that it reads. */
  reads: string[];
  /** The SELECT that defines it. */
  sql: string;
  indexes: Array<Index & { unique?: boolean }>;
  /** SQL expression giving the newest day inside, as in `max("month")`. */
  through?: string;
  freshness?: FreshnessLimits;
  /** Columns of a table that others make, which are filled from it after each refresh. */
  into?: ViewInto;
}

/** A table of somebody else's that gains a view's columns, also after it was replaced without them. */
export interface ViewInto extends RelationName {
  /** The table's column, and the view's column that says which row of it is meant. */
  on: { table: string; view: string };
  /** Columns of the view, with the types that they have in the table; NULL where the view has no row. */
  columns: Record<string, string>;
}

/** A length of time by the calendar: 2 months, 6 days. */
export interface Span {
  count: number;
  unit: AggregateUnit;
}

/** What an aggregate's periods are computed from. */
export interface AggregateOver {
  /** A dataset (its raw table), or another aggregate with days. */
  name: string;
  /** The column whose day or instant says which periods a row belongs to. */
  column: string;
  /** How far before a period's first day rows still count, and how far after its last. */
  before?: Span;
  after?: Span;
  /** The first instant after the window belongs to it too. */
  closed: boolean;
}

/** A table that SQL computes period by period, from a window of rows around each. Each period is replaced whole. */
export interface Aggregate {
  name: string;
  description: string;
  period: AggregateUnit;
  timeZone: string;
  /** With `{period}` in its name each period has a table of its own, as '2024' or '2024_11'. */
  table: RelationName & { columns: Column[]; indexes: Index[] };
  /** The date column that holds a period's first day; undefined where each period has a table of its own. */
  column?: string;
  /** What no two rows share, NULLs alike: enforced by a unique index. Empty for tables without a key. */
  key: string[];
  over: AggregateOver;
  /** What else its SQL reads, as it is when a period is computed: a change there makes nothing owed. */
  alsoReads: string[];
  /**
   * The SELECT of the rows of several periods at once. `:periods` stands for their first days (date[]), `:from` and
   * `:to` for the start of the first window and the end of the last, in the type of the column that is read.
   */
  sql: string;
  /** How many periods one statement computes at most. */
  atOnce: number;
  /** The first period that is computed; without it, that of the first data known. */
  since?: Period;
  /** When a period is due: days after its last day, and local wall time there. */
  expected: { days: number; at: string };
  /** Only periods that somebody asked for once are kept; no other is ever owed. */
  onRequest: boolean;
  freshness?: FreshnessLimits;
  corrections: Correction[];
}

/** A data-quality assertion: SQL that returns one row per finding. No rows is a pass. */
export interface Check {
  name: string;
  description: string;
  /** The datasets, rollups, views or aggregates it looks at; it runs after they change. */
  of: string[];
  sql: string;
  /** What findings mean. */
  severity: 'warn' | 'error';
  timeoutSeconds: number;
}

/** A psql script of the team's. */
export interface Script {
  name: string;
  description: string;
  file: string;
}

export interface Schedule {
  /** 'HH:MM' of each day, or a five-field cron expression. */
  at: string;
  timeZone: string;
  /** Run once when `schedule` starts. */
  atStart: boolean;
  /** How many days back missed or late periods are caught up. */
  catchUpDays: number;
}

/** What to do with a relation of a wanted name that dayboard did not make, by 'schema.name'. */
export type ExistingRelation = 'keep' | 'replace';

export interface Project {
  name: string;
  title: string;
  timeZone: string;
  /** The variable that holds the target database's URL when it is set; DATABASE_URL otherwise. */
  urlVariable?: string;
  schedule: Schedule;
  sources: Record<string, SourceDefinition>;
  datasets: Dataset[];
  copies?: SchemaCopy[];
  rollups: Rollup[];
  views: View[];
  aggregates: Aggregate[];
  checks: Check[];
  scripts: Script[];
  existing: Record<string, ExistingRelation>;
  /** Parity switches that are on, for the record. */
  parity: string[];
  /** For how many days replaced rows are kept, so that a reload or a return can be exact. */
  keepVersionsDays: number;
}

/** Cell states, worst first (DESIGN section 2). */
export const CELL_STATES = [
  'failed',
  'running',
  'suspicious',
  'stale',
  'owed',
  'missing',
  'available',
  'fetched',
  'loaded',
  'not due',
  'off',
] as const;
export type CellState = (typeof CELL_STATES)[number];

export const REPROCESS = ['missing', 'failed', 'stale', 'all'] as const;
export type Reprocess = (typeof REPROCESS)[number];

/** The thing at the source. */
export interface SourceObject {
  key: string;
  /** Bytes. */
  size: number;
  etag: string;
  /** RFC 3339, UTC. */
  modified: string;
}
