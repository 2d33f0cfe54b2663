import type { ClientBase } from 'pg';
import { Temporal } from 'temporal-polyfill';
import { relationState } from '../ledger/relations.ts';
import { ident, literal } from '../ledger/sql.ts';
import type { Dataset, Day, PeriodUnit, Project, Rollup } from '../project/model.ts';
import { firstDay, lastDay, periodOf } from '../project/period.ts';
import { atZone, bucketText, isInstant, type RollupShape } from './shape.ts';

const INNER = `"?(?<column>[a-z_]\\w*)"?(?:::(?:date|timestamp)|\\s+AT TIME ZONE '[^']*')?`;
/** A column, its day, or the first day of its week or month: with any of these a bucket bounds the column. */
const DATED = new RegExp(
  `^\\(?(?:${INNER}|date_trunc\\('(?<unit>day|week|month)',\\s*${INNER.replace('column', 'truncated')}(?:,\\s*'[^']*')?\\))\\)?(?:::(?:date|timestamp))?$`,
  'i',
);
const UNITS: readonly PeriodUnit[] = ['day', 'week', 'month'];
/** More than any two time zones are apart: bounds leave out what cannot matter, they never decide. */
const SLACK_DAYS = 2;

/**
 * The parent's rows that can be in these buckets, and more: bounded by the column that the bucket is visibly made of,
 * so that partitions and indexes are used; all rows where that cannot be seen.
 *
 * @param own the raw table was made by dayboard, so that its days were computed by the definition
 * @param near only rows of these days, from the first to the last, and some around them
 */
export function boundedParent(
  project: Project,
  shape: RollupShape,
  buckets: readonly string[],
  own: boolean,
  near?: readonly [Day, Day],
): string {
  const days = buckets.filter((bucket) => bucket !== '').sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined || days.length < buckets.length) return shape.parent;
  const group = shape.rollup.groups.find(({ name }) => name === shape.rollup.bucket.group);
  const found = DATED.exec(group?.sql.trim() ?? '')?.groups;
  const column = found?.['column'] ?? found?.['truncated'];
  if (column === undefined || !shape.parentColumns.includes(column)) return shape.parent;
  const units = [shape.rollup.bucket.unit, (found?.['unit']?.toLowerCase() ?? 'day') as PeriodUnit];
  const unit = UNITS.findLast((each) => units.includes(each)) ?? 'month';
  const [start, end] = near ?? [first, lastDay(periodOf(last, unit))];
  const from = Temporal.PlainDate.from(start).subtract({ days: SLACK_DAYS }).toString();
  const to = Temporal.PlainDate.from(end).add({ days: SLACK_DAYS }).toString();
  const dataset = project.datasets.find(({ name }) => name === shape.rollup.over);
  const columns = [column, ...(dataset !== undefined && own ? partitionColumn(dataset, column) : [])];
  const bounds = columns.map((name) => `${ident(name)} BETWEEN ${literal(from)} AND ${literal(to)}`);
  return `(SELECT * FROM ${shape.parent} AS all_rows WHERE ${bounds.join(' AND ')})`;
}

/** The bucket that all rows of a day lie in. */
export interface BucketOfDay {
  /** Its first day; as bucketText gives it. */
  bucket: Day;
  /** The value of the bucket's group as SQL, a constant; undefined where the rows of the day have several. */
  value?: string;
}

/**
 * The bucket of the rows of a day of the partitions, where it is visibly made of that day in the same time zone;
 * undefined elsewhere. To know it costs less than to ask every row.
 */
export function bucketOfDay(project: Project, { rollup }: RollupShape, day: Day): BucketOfDay | undefined {
  const dataset = project.datasets.find(({ name }) => name === rollup.over);
  const group = rollup.groups.find(({ name }) => name === rollup.bucket.group);
  const sql = group?.sql.trim() ?? '';
  const found = DATED.exec(sql)?.groups;
  const column = dataset?.table.columns.find(
    ({ name }) => name === (found?.['column'] ?? found?.['truncated']),
  );
  if (dataset === undefined || group === undefined || column === undefined) return undefined;
  const { partitionBy } = dataset.table;
  const isDays = column.name === partitionBy || partitionColumn(dataset, column.name).length > 0;
  const unit = found?.['unit'];
  const zones = [...sql.matchAll(/'([^']*)'/g)].map(([, text]) => text).filter((text) => text !== unit);
  // AT TIME ZONE turns what has no time zone the other way round.
  const isTurned = zones.length > 0 && !isInstant(column.type);
  const sameZone = [rollup.timeZone, ...zones].every((zone) => zone === dataset.timeZone);
  if (!isDays || isTurned || !sameZone) return undefined;
  const truncatedTo = (unit?.toLowerCase() ?? 'day') as PeriodUnit;
  const bucket = firstDay(periodOf(Temporal.PlainDate.from(day), truncatedTo)).toString();
  const isOneValue = unit !== undefined || [column.type, group.type].some(isDate);
  if (!isOneValue) return { bucket };
  return { bucket, value: `(${startOf(bucket, group.type, rollup.timeZone)})::${group.type}` };
}

function isDate(type: string): boolean {
  return type.trim().toLowerCase() === 'date';
}

/** The start of a day in a time zone, as a constant of a type of times. */
function startOf(day: Day, type: string, timeZone: string): string {
  return atZone(`${literal(day)}::timestamp`, type, timeZone);
}

/** The column that decides the partition, when it is another that holds the same day. */
function partitionColumn(dataset: Dataset, column: string): string[] {
  const { partitionBy, columns } = dataset.table;
  if (partitionBy === undefined || partitionBy === column) return [];
  const dayOf = (name: string, source: string) => {
    const value = columns.find((each) => each.name === name)?.value;
    return value?.kind === 'dayOf' && value.column === source;
  };
  return dayOf(column, partitionBy) || dayOf(partitionBy, column) ? [partitionBy] : [];
}

/** The rollup's rows in these buckets, as a condition that its index over the bucket can answer. */
export function inBuckets(shape: RollupShape, alias: string, buckets: readonly string[]): string {
  const { bucket, groups, timeZone } = shape.rollup;
  const column = `${alias}.${ident(bucket.group)}`;
  const type = groups.find(({ name }) => name === bucket.group)?.type ?? 'date';
  const days = buckets.filter((each) => each !== '').sort();
  const conditions: string[] = [];
  if (days.length < buckets.length) conditions.push(`${column} IS NULL`, `NOT isfinite(${column})`);
  if (days.length > 0 && isDate(type))
    conditions.push(`${column} IN (${days.map((day) => `${literal(day)}::date`).join(', ')})`);
  else if (days.length === 1 && timeZone === 'UTC')
    conditions.push(`(${range(column, days, type, timeZone)})`);
  else if (days.length > 0)
    conditions.push(
      `(${range(column, days, type, timeZone)} AND ${bucketText(shape, alias)} = ANY (${textArray(days)}))`,
    );
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}

function range(column: string, days: readonly Day[], type: string, timeZone: string): string {
  const after = Temporal.PlainDate.from(days.at(-1) ?? '')
    .add({ days: 1 })
    .toString();
  const start = (day: Day) => startOf(day, type, timeZone);
  return `${column} >= ${start(days[0] ?? '')} AND ${column} < ${start(after)}`;
}

function textArray(values: readonly string[]): string {
  return `ARRAY[${values.map(literal).join(', ')}]::text[]`;
}

/** Whether a rollup's rows come from a table that dayboard made. */
export async function hasOwnParent(client: ClientBase, project: Project, rollup: Rollup): Promise<boolean> {
  const dataset = project.datasets.find(({ name }) => name === rollup.over);
  return (
    dataset === undefined || (await relationState(client, project.name, dataset.table)).owner !== 'foreign'
  );
}
