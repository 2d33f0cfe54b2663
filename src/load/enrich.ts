import { type MatchColumn, match } from '../ledger/matching.ts';
import { columns as columnList, ident, literal, qualified } from '../ledger/sql.ts';
import type { Column, Dataset, Enrichment, Period, RelationName } from '../project/model.ts';
import { firstDay } from '../project/period.ts';
import { typeFamily } from './column-types.ts';
import { columnOf, dayOfColumn } from './days.ts';
import { followed, follows } from './follow-sql.ts';
import { keyOf } from './unique-rows.ts';

type LookedUp = Extract<Enrichment, { kind: 'lookup' }>;
type FirstMatch = Extract<Enrichment, { kind: 'firstMatch' }>;

/** Computed columns that look at the same column of the file, under a name for the join. */
interface Matches {
  table: string;
  source: string;
  columns: Array<{ name: string; type: string; value: FirstMatch }>;
}

/**
 * A SELECT of the raw table's columns over the staging table, in the table's order: columns of the file as they are,
 * the others computed and cast to their type.
 *
 * @param published a SELECT of the delivery's published rows, whose looked-up values stay; rows match by `carries.key`
 */
export function selectEnriched(
  dataset: Dataset,
  period: Period,
  staged: RelationName,
  published?: string,
): string {
  const all = matchedByValue(dataset);
  const lookups = lookupsOf(dataset, published !== undefined);
  const beside = new Map([
    ...all.flatMap(({ table, columns }) =>
      columns.map(({ name }) => [name, `${table}.${ident(name)}`] as const),
    ),
    ...lookups.flatMap(({ columns }) => [...columns]),
  ]);
  const answers = followsOf(dataset);
  for (const { column, sql } of answers) beside.set(column, sql);
  const names = dataset.table.columns.map(({ name }) => name);
  const byRow = selectColumns(
    dataset,
    period,
    staged,
    names.filter((name) => !beside.has(name) || answers.some(({ column }) => column === name)),
  );
  if (beside.size === 0) return byRow;
  return [
    ...(all.length === 0 ? [] : [`WITH ${all.map((matches) => withMatches(matches, staged)).join(',\n')}`]),
    `SELECT ${names.map((name) => `${beside.get(name) ?? `each_row.${ident(name)}`} AS ${ident(name)}`).join(', ')}`,
    `FROM (${byRow}) AS each_row`,
    ...all.map(({ table, source }) => `JOIN ${table} ON ${table}.value = each_row.${ident(source)}`),
    ...lookups.map(({ join }) => join),
    ...answers.map(({ join }) => join),
    ...(published === undefined || lookups.length === 0
      ? []
      : [`LEFT JOIN (${published}) AS published ON ${match('published', 'each_row', keyColumns(dataset))}`]),
  ].join('\n');
}

interface Joined {
  join: string;
  /** The SQL of each column that it fills. */
  columns: Map<string, string>;
}

/** The lookups that columns use, each as a join that finds one row at most. */
function lookupsOf(dataset: Dataset, keep: boolean): Joined[] {
  return (dataset.lookups ?? []).flatMap((lookup, at) => {
    const filled = dataset.table.columns.filter(
      (column): column is Column & { value: LookedUp } =>
        column.value?.kind === 'lookup' && column.value.lookup === lookup.name,
    );
    if (filled.length === 0) return [];
    const alias = `lookup_${at}`;
    const on = lookup.on.map((name) => `${alias}.${ident(name)} = each_row.${ident(name)}`).join(' AND ');
    const wanted = [...new Set([...lookup.on, ...filled.map(({ value }) => value.column)])];
    const first = `SELECT DISTINCT ON (${columnList(lookup.on)}) ${columnList(wanted)} FROM (${lookup.sql}) AS found ORDER BY ${columnList(wanted)}`;
    const known = filled.map(({ name }) => `published.${ident(name)}`).join(', ');
    const sqlOf = (name: string, value: LookedUp, type: string): string => {
      const found = `(${alias}.${ident(value.column)})::${type}`;
      return keep
        ? `CASE WHEN num_nonnulls(${known}) > 0 THEN published.${ident(name)} ELSE ${found} END`
        : found;
    };
    return [
      {
        join: `LEFT JOIN (${first}) AS ${alias} ON ${on}`,
        columns: new Map(filled.map(({ name, type, value }) => [name, sqlOf(name, value, type)])),
      },
    ];
  });
}

/** What columns follow, each as a join that finds one answer at most: a row is loaded with what is said of it now. */
function followsOf(dataset: Dataset): Array<{ column: string; join: string; sql: string }> {
  return (dataset.follows ?? []).map((follow, at) => {
    const alias = `follow_${at}`;
    const { type } = columnOf(dataset, follow.column);
    return {
      column: follow.column,
      join: `LEFT JOIN (${followed(follow)}) AS ${alias} ON ${follows(follow, 'each_row', alias)}`,
      sql: `coalesce(${alias}.becomes::${type}, each_row.${ident(follow.column)})`,
    };
  });
}

function keyColumns(dataset: Dataset): MatchColumn[] {
  return (keyOf(dataset) ?? []).map((name) => columnOf(dataset, name));
}

/** A SELECT of some of those columns only. */
export function selectColumns(
  dataset: Dataset,
  period: Period,
  staged: RelationName,
  names: readonly string[],
): string {
  const columns = names.map(
    (name) => `${expression(dataset, period, columnOf(dataset, name))} AS ${ident(name)}`,
  );
  return `SELECT ${columns.join(', ')} FROM ${qualified(staged)} AS file`;
}

/**
 * Columns whose patterns are matched once for each different value of a text instead of once for each row: a file has
 * few user agents and many visits. Texts that may be NULL, and types whose equality is not that of their letters, are
 * matched row by row.
 */
function matchedByValue(dataset: Dataset): Matches[] {
  const found = new Map<string, Matches>();
  for (const { name, type, value } of dataset.table.columns) {
    if (value?.kind !== 'firstMatch') continue;
    const source = columnOf(dataset, value.column);
    if (source.nullable || source.value !== undefined || typeFamily(source.type) !== 'text') continue;
    const matches = found.get(source.name) ?? {
      table: `matches_${found.size}`,
      source: source.name,
      columns: [],
    };
    matches.columns.push({ name, type, value });
    found.set(source.name, matches);
  }
  return [...found.values()];
}

/** MATERIALIZED, or the planner would move the patterns back behind the join. */
function withMatches({ table, source, columns }: Matches, staged: RelationName): string {
  const computedColumns = columns.map(
    ({ name, type, value }) => `(${firstMatch(value, 'value')})::${type} AS ${ident(name)}`,
  );
  return `${table} AS MATERIALIZED (
  SELECT value, ${computedColumns.join(', ')}
  FROM (SELECT DISTINCT ${ident(source)} AS value FROM ${qualified(staged)}) AS each_value
)`;
}

function expression(dataset: Dataset, period: Period, column: Column): string {
  if (column.value !== undefined) return `(${computed(dataset, period, column.value)})::${column.type}`;
  if (dataset.file.some((each) => each.column === column.name)) return `file.${ident(column.name)}`;
  throw new RangeError(`${dataset.name}: column "${column.name}" is neither in the file nor computed`);
}

function computed(dataset: Dataset, period: Period, value: Enrichment): string {
  switch (value.kind) {
    case 'firstMatch':
      return firstMatch(value, `file.${ident(value.column)}`);
    case 'dayOf':
      return dayOfColumn(columnOf(dataset, value.column), dataset.timeZone);
    case 'deliveryDay':
      return `${literal(firstDay(period).add({ days: value.addDays }).toString())}::date`;
    case 'sql':
      return value.expression;
    case 'lookup':
      throw new RangeError(`the lookup ${value.lookup} is joined, not computed`);
  }
}

function firstMatch(value: FirstMatch, operand: string): string {
  if (value.rules.length === 0) return literal(value.otherwise);
  const rules = value.rules.map(
    ([pattern, result]) => `WHEN ${operand} LIKE ${literal(pattern)} THEN ${literal(result)}`,
  );
  return `CASE ${rules.join(' ')} ELSE ${literal(value.otherwise)} END`;
}
