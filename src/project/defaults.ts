import type { Environment } from './environment.ts';
import type {
  AggregateInput,
  CarriesInput,
  CheckInput,
  DatasetInput,
  GuardsInput,
  ProjectInput,
  RollupInput,
  ScheduleInput,
  SchemaCopyInput,
  SelectInput,
  TableInput,
  ViewInput,
} from './input.ts';
import type {
  Aggregate,
  Carries,
  Check,
  Column,
  Dataset,
  Guards,
  Project,
  RawTable,
  RelationName,
  Rollup,
  Schedule,
  SchemaCopy,
  Select,
  SourceDefinition,
  View,
} from './model.ts';

const SCHEMA = 'public';
const SOURCES: Record<string, SourceDefinition> = { s3: { kind: 's3' } };

/** The definition with every default filled in; what has none stays away. */
export function withDefaults(input: ProjectInput, environment: Environment): Project {
  const timeZone = input.timeZone ?? 'UTC';
  const sources = input.sources ?? SOURCES;
  return {
    name: input.name,
    title: input.title ?? input.name,
    timeZone,
    ...(input.urlVariable && { urlVariable: input.urlVariable }),
    schedule: scheduleOf(input.schedule ?? {}, environment),
    sources,
    ...(input.copies && { copies: input.copies.map(copyOf) }),
    datasets: input.datasets.map((dataset) => datasetOf(dataset, timeZone, Object.keys(sources))),
    rollups: (input.rollups ?? []).map((rollup) => rollupOf(rollup, timeZone)),
    views: (input.views ?? []).map(viewOf),
    aggregates: (input.aggregates ?? []).map((aggregate) => aggregateOf(aggregate, timeZone)),
    checks: (input.checks ?? []).map(checkOf),
    scripts: (input.scripts ?? []).map((script) => ({ ...script, description: script.description ?? '' })),
    existing: input.existing ?? {},
    parity: input.parity ?? [],
    keepVersionsDays: input.keepVersionsDays ?? 30,
  };
}

function copyOf(input: SchemaCopyInput): SchemaCopy {
  return {
    ...input,
    description: input.description ?? '',
    schema: input.schema ?? SCHEMA,
    exclude: input.exclude ?? [],
    extensions: (input.extensions ?? []).map((each) => (typeof each === 'string' ? { name: each } : each)),
    never: { ...input.never, named: input.never.named ?? [] },
    add: (input.add ?? []).map(({ value, ...column }) => ({
      ...column,
      ...(value && { value: { sql: value.sql, reads: relationOf(value.reads) } }),
    })),
    drop: input.drop ?? [],
  };
}

function scheduleOf(input: ScheduleInput, environment: Environment): Schedule {
  const at = input.at ?? (environment.CRON_SCHEDULE?.trim() || '01:00');
  return {
    // '1:05' has always been written in CRON_SCHEDULE too.
    at: /^\d:\d\d$/.test(at) ? `0${at}` : at,
    timeZone: input.timeZone ?? 'UTC',
    atStart: input.atStart ?? environment.FORCE_SYNC_AT_START?.trim().toLowerCase() === 'true',
    catchUpDays: input.catchUpDays ?? 7,
  };
}

function datasetOf(input: DatasetInput, projectZone: string, sources: string[]): Dataset {
  const { select, lookups, ...rest } = input;
  return {
    ...rest,
    key: input.key ?? defaultKey(select, input.name),
    ...(select && { select: selectOf(select) }),
    ...(lookups && { lookups: Object.entries(lookups).map(([name, lookup]) => ({ name, ...lookup })) }),
    description: input.description ?? '',
    source: input.source ?? (sources.length === 1 ? (sources[0] ?? '') : ''),
    period: input.period ?? 'day',
    timeZone: input.timeZone ?? projectZone,
    carries: carriesOf(input.carries),
    file: input.file.map((column) =>
      typeof column === 'string' ? { header: column, column } : { ...column },
    ),
    table: tableOf(input.table, input.name),
    duplicates: input.duplicates ?? [],
    guards: guardsOf(input.guards ?? {}),
    expected: { days: input.expected?.days ?? 1, at: input.expected?.at ?? '01:00' },
    corrections: input.corrections ?? [],
  };
}

/** Of an object that is no file: what its rows are selected from, and the period. */
function defaultKey(select: SelectInput | undefined, name: string): string {
  return `${typeof select?.from === 'string' ? select.from : name}/{period}`;
}

function selectOf(input: SelectInput): Select {
  const { from } = input;
  return {
    ...input,
    from: typeof from === 'string' ? relationOf(from) : from,
    overlapDays: input.overlapDays ?? 3,
    cleanup: input.cleanup ?? false,
  };
}

function relationOf(text: string): RelationName {
  const [first = '', second] = text.split('.');
  return second === undefined ? { schema: SCHEMA, name: first } : { schema: first, name: second };
}

function carriesOf(input: CarriesInput): Carries {
  if (input.kind === 'period' || (input.kind === 'snapshot' && input.mode === 'replace')) return input;
  return { ...input, winner: input.winner ?? 'newest' };
}

function tableOf(input: TableInput, datasetName: string): RawTable {
  return {
    ...input,
    schema: input.schema ?? SCHEMA,
    name: input.name ?? datasetName,
    columns: columnsOf(input.columns),
    indexes: input.indexes ?? [],
  };
}

function columnsOf(columns: TableInput['columns']): Column[] {
  return Object.entries(columns).map(([name, column]) =>
    typeof column === 'string'
      ? { name, type: column, nullable: false }
      : { name, ...column, nullable: column.nullable ?? false },
  );
}

function guardsOf(input: GuardsInput): Guards {
  return {
    empty: input.empty ?? 'stop',
    ...(input.days && { days: { ...input.days, action: input.days.action ?? 'stop' } }),
    ...(input.rows && { rows: { ...input.rows, action: input.rows.action ?? 'mark' } }),
    loss: { keep: input.loss?.keep ?? 0.5, action: input.loss?.action ?? 'mark' },
  };
}

function rollupOf(input: RollupInput, projectZone: string): Rollup {
  const { published, ...rest } = input;
  const measures = input.measures ?? {};
  const groups = Object.entries(input.groups).map(([name, group]) =>
    typeof group === 'string' ? { name, type: group, sql: quoted(name) } : { name, ...group },
  );
  const relation = published !== false && {
    ...published,
    schema: published?.schema ?? SCHEMA,
    name: published?.name ?? input.name,
    columns: published?.columns ?? [...groups.map((group) => group.name), ...Object.keys(measures)],
  };
  return {
    ...rest,
    description: input.description ?? '',
    groups,
    measures,
    bucket: { group: input.bucket.group, unit: input.bucket.unit ?? 'day' },
    ...(relation && { published: relation }),
    timeZone: input.timeZone ?? projectZone,
    corrections: input.corrections ?? [],
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function viewOf({ into, ...input }: ViewInput): View {
  return {
    ...input,
    schema: input.schema ?? SCHEMA,
    description: input.description ?? '',
    indexes: input.indexes ?? [],
    ...(into && { into: { ...into, schema: into.schema ?? SCHEMA } }),
  };
}

/** A quarter of a year: few enough for memory, enough that windows that overlap are read once. */
const AT_ONCE = 13;

function aggregateOf(input: AggregateInput, projectZone: string): Aggregate {
  const { table } = input;
  return {
    ...input,
    description: input.description ?? '',
    period: input.period ?? 'week',
    timeZone: input.timeZone ?? projectZone,
    table: {
      schema: table.schema ?? SCHEMA,
      name: table.name ?? input.name,
      columns: columnsOf(table.columns),
      indexes: table.indexes ?? [],
    },
    key: input.key ?? [],
    over: { ...input.over, closed: input.over.closed ?? false },
    alsoReads: input.alsoReads ?? [],
    atOnce: input.atOnce ?? AT_ONCE,
    expected: { days: input.expected?.days ?? 1, at: input.expected?.at ?? '00:00' },
    onRequest: input.onRequest ?? false,
    corrections: input.corrections ?? [],
  };
}

function checkOf(input: CheckInput): Check {
  return {
    ...input,
    description: input.description ?? '',
    severity: input.severity ?? 'error',
    timeoutSeconds: input.timeoutSeconds ?? 300,
  };
}
