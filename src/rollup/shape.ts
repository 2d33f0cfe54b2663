import { createHash } from 'node:crypto';
import type { MatchColumn } from '../ledger/matching.ts';
import { ownTable } from '../ledger/short-name.ts';
import { ident, literal, qualified } from '../ledger/sql.ts';
import type { Measure, Project, RelationName, Rollup } from '../project/model.ts';

/** How many source rows support a group: it lives as long as this is above zero. */
export const SUPPORT = '_rows';

/** Whether groups carry how many rows support them; a list of groups without measures has witnesses instead. */
export function countsRows({ measures }: RollupShape): boolean {
  return measures.length > 0;
}

export interface MeasureShape {
  name: string;
  measure: Measure;
  /** Column type in the counted table. */
  type: string;
  /** Kept by adding up changes; the others are taken anew from the parent's rows for each group that loses rows. */
  additive: boolean;
  /** How rows that only come decide it, from what the group has: undefined when the parent's rows must be asked. */
  merged: Merged | undefined;
}

/** The smaller or greater value stands; or that of the side that comes first by these columns of the group. */
export type Merged = 'least' | 'greatest' | { before: readonly string[] };

/** How a rollup is laid out, as the SQL that keeps it needs it. */
export interface RollupShape {
  rollup: Rollup;
  /** The counted table: groups, their support, measures. */
  table: RelationName;
  /** What it reads: the raw table, or the parent's rows as readers would see them. */
  parent: string;
  /** Names of the parent's columns that its rows have in change tables. */
  parentColumns: string[];
  groups: MatchColumn[];
  measures: MeasureShape[];
}

export function countedTable(project: string, name: string): RelationName {
  return ownTable('rollup', project, name);
}

/** The shape of a rollup, from the definitions alone. */
export function rollupShape(project: Project, rollup: Rollup): RollupShape {
  const parent = parentOf(project, rollup);
  return {
    rollup,
    table: countedTable(project.name, rollup.name),
    parent: parent.select,
    parentColumns: parent.columns.map((column) => column.name),
    groups: rollup.groups.map(({ name, type, sql }) => ({
      name,
      type,
      nullable: !parent.columns.some((column) => !column.nullable && isColumn(sql, column.name)),
    })),
    measures: Object.entries(rollup.measures).map(([name, measure]) => {
      const type = measure.type ?? defaultType(measure, parent.columns);
      return {
        name,
        measure,
        type,
        additive: isAdditive(measure, type, parent.columns),
        merged: mergedBy(rollup, measure, parent.columns),
      };
    }),
  };
}

const INTEGER = /^(smallint|int2|integer|int|int4|bigint|int8)$/i;
const NUMERIC = /^(numeric|decimal)$/i;

/**
 * Whether adding changes up gives exactly what adding all rows up gives. It does not where values are rounded on the
 * way, as sums of floats are, and sums that are kept in a type with fewer digits than their rows have.
 */
function isAdditive(measure: Measure, type: string, columns: readonly ParentColumn[]): boolean {
  const kept = type.trim();
  if (measure.kind === 'count') return INTEGER.test(kept) || NUMERIC.test(kept);
  if (measure.kind !== 'sum') return false;
  const summed =
    columns
      .find(({ name }) => name === measure.column)
      ?.type.replace(/\(.*\)/, '')
      .trim() ?? '';
  return INTEGER.test(summed)
    ? INTEGER.test(kept) || NUMERIC.test(kept)
    : NUMERIC.test(summed) && NUMERIC.test(kept);
}

/**
 * Picks are merged where all that their order asks for is picked by the same order: the group then holds the whole of
 * the row that stands. Types must be the parent's, or the values would sort otherwise.
 */
function mergedBy(rollup: Rollup, measure: Measure, columns: readonly ParentColumn[]): Merged | undefined {
  const isWhole = (column: string, type: string | undefined) =>
    type === undefined || columns.find(({ name }) => name === column)?.type === type;
  if (measure.kind === 'min' || measure.kind === 'max') {
    if (!isWhole(measure.column, measure.type)) return undefined;
    return measure.kind === 'min' ? 'least' : 'greatest';
  }
  if (measure.kind !== 'pick' || measure.where !== undefined) return undefined;
  const order = measure.orderBy.join(', ');
  const before = measure.orderBy.map((column) =>
    Object.entries(rollup.measures).find(
      ([, other]) =>
        other.kind === 'pick' &&
        other.where === undefined &&
        isColumn(column, other.column) &&
        other.orderBy.join(', ') === order &&
        isWhole(other.column, other.type),
    ),
  );
  const found = before.filter((each) => each !== undefined);
  const isOrdered = measure.orderBy.some((column) => isColumn(column, measure.column));
  if (!isOrdered || found.length < before.length || !isWhole(measure.column, measure.type)) return undefined;
  return { before: found.map(([name]) => name) };
}

/** A sum of numeric values, which alone may be NaN and then cannot be subtracted from. */
export function mayBeNaN({ measure, type, additive }: MeasureShape): boolean {
  return additive && measure.kind === 'sum' && NUMERIC.test(type.trim());
}

/** The dataset at the bottom of a rollup. */
export function rootDataset(project: Project, rollup: Rollup): string {
  const over = project.rollups.find((each) => each.name === rollup.over);
  return over === undefined ? rollup.over : rootDataset(project, over);
}

/** Whether a rollup is over another one. */
export function isOverRollup(project: Project, { over }: Rollup): boolean {
  return project.rollups.some(({ name }) => name === over);
}

/** Rollups directly over a dataset or rollup. */
export function rollupsOver(project: Project, name: string): Rollup[] {
  return project.rollups.filter((rollup) => rollup.over === name);
}

interface ParentColumn {
  name: string;
  type: string;
  nullable: boolean;
}

function parentOf(project: Project, rollup: Rollup): { select: string; columns: ParentColumn[] } {
  const dataset = project.datasets.find((each) => each.name === rollup.over);
  if (dataset !== undefined) return { select: qualified(dataset.table), columns: dataset.table.columns };
  const over = project.rollups.find((each) => each.name === rollup.over);
  if (over === undefined) throw new RangeError(`${rollup.name} is over an unknown "${rollup.over}"`);
  const shape = rollupShape(project, over);
  return {
    select: `(${logicalRows(shape)})`,
    columns: [
      ...over.groups.map(({ name, type }, at) => ({
        name,
        type,
        nullable: shape.groups[at]?.nullable ?? true,
      })),
      ...shape.measures.map(({ name, type }) => ({ name, type, nullable: true })),
    ],
  };
}

/** Whether an expression is nothing but a column. */
export function isColumn(sql: string, name: string): boolean {
  const bare = sql.trim();
  return bare === name || bare === ident(name);
}

function defaultType(measure: Measure, columns: readonly ParentColumn[]): string {
  if (measure.kind === 'count') return 'bigint';
  if (measure.kind === 'sum') return 'numeric';
  return columns.find((column) => column.name === measure.column)?.type ?? 'text';
}

/** Sums that are added up have a hidden column beside them that counts their values. */
export function isCountedSum({ measure, additive }: MeasureShape): boolean {
  return additive && measure.kind === 'sum';
}

/** The hidden column that counts a sum's values: a sum of none is NULL, as SUM has it. */
export function valuesColumn(name: string): string {
  return `_n_${name}`;
}

/** The rollup's rows as readers see them: groups and measures. */
export function logicalRows(shape: RollupShape, where?: string): string {
  const list = [
    ...shape.groups.map(({ name }) => ident(name)),
    ...shape.measures.map((measure) => {
      const { name } = measure;
      return isCountedSum(measure)
        ? `CASE WHEN ${ident(valuesColumn(name))} > 0 THEN ${ident(name)} END AS ${ident(name)}`
        : ident(name);
    }),
  ];
  return `SELECT ${list.join(', ')} FROM ${qualified(shape.table)}${where === undefined ? '' : ` WHERE ${where}`}`;
}

/** The bucket of a row as text, the bucket's first day: 'YYYY-MM-DD'; '' for rows that have none. */
export function bucketText({ rollup }: RollupShape, alias?: string): string {
  const { group } = rollup.bucket;
  const type = rollup.groups.find((each) => each.name === group)?.type ?? 'date';
  const column = `${alias === undefined ? '' : `${alias}.`}${ident(group)}`;
  return `coalesce(to_char(${atZone(column, type, rollup.timeZone)}, 'YYYY-MM-DD'), '')`;
}

/** A timestamptz value as local time of the zone; any other type as it is. */
export function atZone(value: string, type: string, timeZone: string): string {
  return isInstant(type) ? `(${value}) AT TIME ZONE ${literal(timeZone)}` : `(${value})`;
}

/** Whether values of a type are points in time, whose day depends on the time zone. */
export function isInstant(type: string): boolean {
  return /^timestamp( with |tz)/i.test(type.trim());
}

/** A work table of a rollup in a run; it ends in the run's number so that the tables of dead runs can be found. */
export function workTable(
  rollup: Rollup,
  run: string,
  purpose:
    | 'delta'
    | 'before'
    | 'after'
    | 'gone'
    | 'come'
    | 'appeared'
    | 'doubtful'
    | 'vanished'
    | 'alive'
    | 'new',
): RelationName {
  const hash = createHash('sha256').update(rollup.name).digest('hex').slice(0, 8);
  return { schema: 'dayboard_staging', name: `${rollup.name.slice(0, 30)}_${hash}_r${run}_${purpose}` };
}
