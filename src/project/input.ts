import type {
  AggregateUnit,
  Correction,
  Enrichment,
  ExistingRelation,
  FreshnessLimits,
  GuardAction,
  Measure,
  Period,
  PeriodUnit,
  SourceDefinition,
  Span,
  Winner,
} from './model.ts';

/** What `defineProject` takes: one system's definitions. Everything with a `?` has the default that it names. */
export interface ProjectInput {
  /** Short name, for locks, the ledger and the screen: 'site-visits'. Letters, digits, '-' and '_'. */
  name: string;
  /** Name for people. Default: `name`. */
  title?: string;
  /** IANA time zone in which 'yesterday' is meant, and the default of datasets and rollups. Default: 'UTC'. */
  timeZone?: string;
  /** The environment variable that holds the target database's URL; DATABASE_URL where it is not set. */
  urlVariable?: string;
  /** When `dayboard schedule` runs the whole pipeline. */
  schedule?: ScheduleInput;
  /** Where deliveries come from, by name. Default: one, `{ s3: { kind: 's3' } }`. */
  sources?: Record<string, SourceDefinition>;
  /** What is delivered each period, and the raw tables that it fills, in the order of the board. */
  datasets: DatasetInput[];
  /** Tables of a source database that are replaced whole at the target by `copy`. */
  copies?: SchemaCopyInput[];
  /** Aggregates that are kept exact by applying each publish's change. */
  rollups?: RollupInput[];
  /** Aggregates that stay plain SQL and are refreshed as a whole. */
  views?: ViewInput[];
  /** Tables that are computed period by period, each period replaced whole. */
  aggregates?: AggregateInput[];
  /** Data-quality assertions, run after what they look at has changed. */
  checks?: CheckInput[];
  /** The team's psql scripts. */
  scripts?: ScriptInput[];
  /**
   * What to do with relations of a wanted name that dayboard did not make, by 'schema.name': 'keep' uses raw tables
   * in place, 'replace' lets dayboard put its own there. Default: nothing is touched, and the run says so.
   */
  existing?: Record<string, ExistingRelation>;
  /** Names of the parity switches that are on, for the record. */
  parity?: string[];
  /** For how many days replaced rows are kept, so that a reload or a return can be exact. Default: 30. */
  keepVersionsDays?: number;
}

export interface SchemaCopyInput {
  /** The name that commands use. */
  name: string;
  description?: string;
  /** Why it is switched off. Leave it out when it is on. */
  off?: string;
  /** Which of `sources`, of kind 'postgres'. */
  source: string;
  /** The schema, of the same name in both databases. Default: 'public'. */
  schema?: string;
  /** Tables of it that are not copied. Default: none. */
  exclude?: string[];
  /** Extensions that the tables need, made sure of at the target first. */
  extensions?: Array<string | { name: string; schema: string }>;
  /** What tells a database that must never be the target: texts in its address, or a table that it alone has. */
  never: { named?: string[]; having?: string };
  /**
   * Columns that the copied tables have at the target alone: added again after each copy, and filled with an SQL
   * expression over the table's columns, once the relation that it reads is there ('name' or 'schema.name').
   */
  add?: Array<{ table: string; column: string; type: string; value?: { sql: string; reads: string } }>;
  /** Columns that copied tables must not have at the target. */
  drop?: Array<{ table: string; column: string }>;
}

export interface ScheduleInput {
  /** 'HH:MM' of each day, or a cron expression of five fields. Default: CRON_SCHEDULE, else '01:00'. */
  at?: string;
  /** The schedule's time zone. Default: 'UTC'. */
  timeZone?: string;
  /** Run once when `schedule` starts. Default: FORCE_SYNC_AT_START, else false. */
  atStart?: boolean;
  /** How many days back missed or late deliveries are caught up. Default: 7. */
  catchUpDays?: number;
}

export interface DatasetInput {
  /** The name that commands and screens use: 'user_daily_visits'. Lower case letters, digits and '_'. */
  name: string;
  /** One sentence for people. */
  description?: string;
  /** Why it is switched off. Leave it out when it is on. */
  off?: string;
  /** Which of `sources`. Default: the only one. */
  source?: string;
  /**
   * The object's key: `{period}` stands for the period's name, 'visits_{period}.csv'. Default, for what is read of a
   * database: the relation's name and the period.
   */
  key?: string;
  /** What one delivery is for. Default: 'day'. */
  period?: PeriodUnit;
  /** The zone of the rows' days and of `expected`. Default: the project's. */
  timeZone?: string;
  /** What a delivery carries, which decides how it is published. */
  carries: CarriesInput;
  /**
   * The file's columns, in the file's order. A name alone is both the header and the table's column; an object says
   * them apart. The header line must show exactly these names.
   */
  file: Array<string | { header: string; column: string }>;
  /** What is read of a source of kind 'postgres': the rows of a period are those whose `time` lies in it. */
  select?: SelectInput;
  /** Rows of the target database that columns with the value `lookup(…)` are found in, by name. */
  lookups?: Record<string, { sql: string; on: string[] }>;
  /**
   * Columns of the file that follow what other tables of the target say now, in every row, however old. The SELECT has
   * the columns `on`, `was` and `becomes`. Whatever is derived of a day that changes by it is owed.
   */
  follows?: Array<{ name: string; column: string; sql: string; on: string[] }>;
  /** The raw table that it fills. */
  table: TableInput;
  /**
   * Among rows of one file with the same key, the first by these columns stands: 'content', 'updated_at DESC'.
   * Default: none, which of them stands is then open.
   */
  duplicates?: string[];
  /** What stops a delivery or marks it. Default: an empty file stops. */
  guards?: GuardsInput;
  /** When a delivery is due: `days` after the period's last day, at `at` in the time zone. Default: 1 day, '01:00'. */
  expected?: { days?: number; at?: string };
  /** The first period that can exist at the source. */
  since?: Period;
  /** Age limits of the newest data, by a date or timestamp column. */
  freshness?: FreshnessLimits & { column: string };
  /** What differs from the system that this definition replaces, and why. */
  corrections?: Correction[];
}

export type CarriesInput =
  /** Rows of its own period only: the period is replaced whole. `column` is the table's date column that says so. */
  /** `absent: 'kept'`: rows that the source has forgotten since they were published stay. */
  | { kind: 'period'; column: string; key?: string[]; absent?: 'kept' }
  /** Rows of several periods, overlapping other deliveries: merged by key. `winner` is 'newest' by default. */
  | { kind: 'window'; key: string[]; winner?: Winner }
  /** Everything there is, merged by key: rows outlive their disappearance at the source. */
  | { kind: 'snapshot'; mode: 'merge'; key: string[]; winner?: Winner }
  /** Everything there is: the table is replaced whole. */
  | { kind: 'snapshot'; mode: 'replace' };

export interface SelectInput {
  /** The relation, 'name' or 'schema.name' (schema 'public' by default), or a SELECT. */
  from: string | { sql: string };
  /** The timestamptz column whose day, in the dataset's time zone, is the row's. */
  time: string;
  /** The column that tells rows apart and grows with them: the key of the order in which they are read. */
  id: string;
  /** For how many days before the newest loaded row the source is looked at again. Default: 3. */
  overlapDays?: number;
  /** Whether `cleanup` may delete rows at the source that are proven loaded. Default: false. */
  cleanup?: boolean;
}

export interface TableInput {
  /** Default: 'public'. */
  schema?: string;
  /** Default: the dataset's name. */
  name?: string;
  /**
   * The table's columns in order. A type alone ('text') is NOT NULL and comes from the file; an object says more.
   * A column with a `value` is computed on the way in.
   */
  columns: Record<string, string | ColumnInput>;
  /** Indexes beside the key's. */
  indexes?: IndexInput[];
  /** The date or timestamptz column whose day decides the partition. Default: the table is one piece. */
  partitionBy?: string;
  /** The name of the unique index over the key. */
  keyIndex?: string;
}

export interface ColumnInput {
  /** A PostgreSQL type: 'text', 'integer', 'timestamptz'. */
  type: string;
  /** Default: false. */
  nullable?: boolean;
  /** How it is computed: firstMatch(…), dayOf(…), deliveryDay(), sqlValue(…), lookup(…). Default: it comes from the file. */
  value?: Enrichment;
  /** It identifies a person or their device: its values are shown masked, and so are written to the ledger. */
  personal?: true;
}

export interface IndexInput {
  name: string;
  /** Column names or expressions with order, as in CREATE INDEX: 'visit_ts DESC'. */
  columns: string[];
  /** Only rows for which this SQL condition holds. */
  where?: string;
}

export interface GuardsInput {
  /** A file without rows. Default: 'stop'. */
  empty?: GuardAction;
  /** Rows whose own day is more than `before` days before or `after` days after the delivery's first day. */
  days?: { before: number; after: number; action?: GuardAction };
  /**
   * A row count below `low` or above `high` times the median of the last weeks' deliveries: those of the same weekday
   * when three of them are published, else all. Holidays are days like others: choose `low` so that one passes, or
   * the action 'mark'. Default: not looked at; 'mark'.
   */
  rows?: { low: number; high: number; action?: GuardAction };
  /**
   * A delivery that is loaded again and has, of a day, fewer than the share `keep` of the rows that it published
   * before. Default: 0.5 and 'mark'.
   */
  loss?: { keep?: number; action?: GuardAction };
}

export interface RollupInput {
  /** The name that commands and screens use. */
  name: string;
  description?: string;
  /** A dataset (its raw table) or another rollup. */
  over: string;
  /** Rows that count; an SQL condition over the parent's columns. Default: all. */
  where?: string;
  /**
   * Group columns in order: a type alone groups by the parent's column of that name, an object gives the SQL.
   */
  groups: Record<string, string | { type: string; sql: string }>;
  /** What is counted per group, by column name. Default: nothing, the groups are the answer. */
  measures?: Record<string, Measure>;
  /** The group column (date or timestamptz) that bounds recomputation, and its unit. Default unit: 'day'. */
  bucket: { group: string; unit?: PeriodUnit };
  /**
   * The relation that readers know. Default: `public.<name>` with all group columns and measures; false: none.
   */
  published?: false | PublishedInput;
  /** Age limits of the newest day inside; coarser buckets reach as far as the raw rows below them. */
  freshness?: FreshnessLimits;
  /** Default: the project's. */
  timeZone?: string;
  corrections?: Correction[];
}

export interface PublishedInput {
  /** Default: 'public'. */
  schema?: string;
  /** Default: the rollup's name. */
  name?: string;
  /** The columns in the order that readers know. Default: groups, then measures. */
  columns?: string[];
  /** Only this many whole units back from today are shown. Default: all. */
  window?: { count: number; unit: PeriodUnit };
}

export interface ViewInput {
  /** Default: 'public'. */
  schema?: string;
  name: string;
  description?: string;
  /** Datasets, rollups and views that it reads: it is owed when one of them changes. */
  reads: string[];
  /** The SELECT that defines it. */
  sql: string;
  /** One `unique` index over plain columns lets readers go on during a refresh. */
  indexes?: Array<IndexInput & { unique?: boolean }>;
  /** SQL expression that gives the newest day inside: 'max("month")'. */
  through?: string;
  freshness?: FreshnessLimits;
  /**
   * A table that others make (a nightly restore, say) and that has these columns of the view too: they are added when
   * it lacks them, and filled after each refresh.
   */
  into?: {
    /** Default: 'public'. */
    schema?: string;
    name: string;
    /** The table's column that holds the same as a column of the view. */
    on: { table: string; view: string };
    /** Columns of the view with their types. */
    columns: Record<string, string>;
  };
}

export interface AggregateInput {
  /** The name that commands and screens use. */
  name: string;
  description?: string;
  /** What one computation is for. Default: 'week'. */
  period?: AggregateUnit;
  /** The zone of its periods' days. Default: the project's. */
  timeZone?: string;
  table: {
    /** Default: 'public'. */
    schema?: string;
    /** Default: the aggregate's name. With `{period}` in it each period has a table of its own. */
    name?: string;
    /** The table's columns in order; a type alone ('text') is NOT NULL. */
    columns: Record<string, string | Omit<ColumnInput, 'value'>>;
    /** Indexes beside the key's. */
    indexes?: IndexInput[];
  };
  /** The date column that holds a period's first day. Not for tables of one period each. */
  column?: string;
  /** What no two rows share. Default: nothing is enforced. */
  key?: string[];
  /** What its periods are computed from: changed rows make the periods owed in whose window they lie. */
  over: {
    /** A dataset or another aggregate. */
    name: string;
    /** The column with the rows' day or instant. */
    column: string;
    before?: Span;
    after?: Span;
    /** The first instant after the window belongs to it too, as BETWEEN has it. Default: false. */
    closed?: boolean;
  };
  /** Datasets, rollups, views and aggregates that its SQL reads too; a change there makes nothing owed. */
  alsoReads?: string[];
  /** The SELECT of the rows of `:periods` (date[], their first days), reading from `:from` to before `:to`. */
  sql: string;
  /** How many periods one statement computes at most. Default: 13. */
  atOnce?: number;
  /** The first period that is computed. Default: that of the first data known. */
  since?: Period;
  /** When a period is due: `days` after its last day, at `at` in the time zone. Default: 1 day, '00:00': it has ended. */
  expected?: { days?: number; at?: string };
  /** Only periods that somebody asked for once are kept; no other is ever owed. Default: false. */
  onRequest?: boolean;
  freshness?: FreshnessLimits;
  corrections?: Correction[];
}

export interface CheckInput {
  name: string;
  description?: string;
  /** The datasets, rollups, views or aggregates that it looks at. */
  of: string[];
  /** A SELECT with one row per finding; no rows is a pass. */
  sql: string;
  /** What findings mean. Default: 'error'. */
  severity?: 'warn' | 'error';
  /** Default: 300. */
  timeoutSeconds?: number;
}

export interface ScriptInput {
  name: string;
  description?: string;
  /** The script's path, from the config file's directory. */
  file: string;
}
