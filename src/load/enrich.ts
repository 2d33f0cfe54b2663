import { ident, literal, qualified } from '../ledger/sql.ts';
import type { Column, Dataset, Enrichment, Period, RelationName } from '../project/model.ts';
import { firstDay } from '../project/period.ts';
import { typeFamily } from './column-types.ts';
import { columnOf, dayOfColumn } from './days.ts';

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
 */
export function selectEnriched(dataset: Dataset, period: Period, staged: RelationName): string {
  const all = matchedByValue(dataset);
  const tableOf = new Map(
    all.flatMap(({ table, columns }) => columns.map(({ name }) => [name, table] as const)),
  );
  const names = dataset.table.columns.map(({ name }) => name);
  const byRow = selectColumns(
    dataset,
    period,
    staged,
    names.filter((name) => !tableOf.has(name)),
  );
  if (all.length === 0) return byRow;
  return [
    `WITH ${all.map((matches) => withMatches(matches, staged)).join(',\n')}`,
    `SELECT ${names.map((name) => `${tableOf.get(name) ?? 'each_row'}.${ident(name)}`).join(', ')}`,
    `FROM (${byRow}) AS each_row`,
    ...all.map(({ table, source }) => `JOIN ${table} ON ${table}.value = each_row.${ident(source)}`),
  ].join('\n');
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
  }
}

function firstMatch(value: FirstMatch, operand: string): string {
  if (value.rules.length === 0) return literal(value.otherwise);
  const rules = value.rules.map(
    ([pattern, result]) => `WHEN ${operand} LIKE ${literal(pattern)} THEN ${literal(result)}`,
  );
  return `CASE ${rules.join(' ')} ELSE ${literal(value.otherwise)} END`;
}
