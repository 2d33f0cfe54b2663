import { ident } from '../ledger/sql.ts';
import type { Measure } from '../project/model.ts';
import {
  countsRows,
  isCountedSum,
  SUPPORT,
  valuesColumn,
  type MeasureShape,
  type RollupShape,
} from './shape.ts';

function filter(measure: Measure, also?: string): string {
  const conditions = [measure.where === undefined ? undefined : `(${measure.where})`, also].filter(
    (each) => each !== undefined,
  );
  return conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;
}

/** The group columns, computed from rows of the parent. */
export function groupList({ rollup }: RollupShape): string {
  return rollup.groups.map(({ name, type, sql }) => `(${sql})::${type} AS ${ident(name)}`).join(', ');
}

function groupNumbers({ rollup }: RollupShape): string {
  return rollup.groups.map((_, at) => at + 1).join(', ');
}

/** The rows that a rollup is about, as a WHERE clause; empty for all. */
export function where({ rollup }: RollupShape): string {
  return rollup.where === undefined ? '' : ` WHERE (${rollup.where})`;
}

/** Columns of the counted table that changes are added to. */
export function additiveColumns(shape: RollupShape): string[] {
  return [...support(shape), ...shape.measures.filter(({ additive }) => additive).flatMap(columnsOf)];
}

/** Columns of the counted table in the order in which the SELECTs below give them. */
export function countedColumns(shape: RollupShape): string[] {
  return [...shape.groups.map(({ name }) => name), ...support(shape), ...shape.measures.flatMap(columnsOf)];
}

function support(shape: RollupShape): string[] {
  return countsRows(shape) ? [SUPPORT] : [];
}

function columnsOf(measure: MeasureShape): string[] {
  return isCountedSum(measure) ? [measure.name, valuesColumn(measure.name)] : [measure.name];
}

/** GROUP BY over rows of the parent: groups, how many rows support each, measures. */
export function groupedRows(shape: RollupShape, from: string): string {
  const measures = shape.measures.flatMap(wholeMeasure);
  const list = [groupList(shape), `count(*) AS ${ident(SUPPORT)}`, ...measures].join(', ');
  return `SELECT ${list} FROM ${from} AS rows${where(shape)} GROUP BY ${groupNumbers(shape)}`;
}

function wholeMeasure({ name, measure, type, additive }: MeasureShape): string[] {
  const as = ` AS ${ident(name)}`;
  if (measure.kind === 'count') return [`(count(*)${filter(measure)})::${type}${as}`];
  if (measure.kind !== 'sum') return [`${chosenValue(measure, type)}${as}`];
  const column = ident(measure.column);
  if (!additive) return [`(sum(${column})${filter(measure)})::${type}${as}`];
  return [
    `coalesce(sum(${column})${filter(measure)}, 0)::${type}${as}`,
    `(count(${column})${filter(measure)})::bigint AS ${ident(valuesColumn(name))}`,
  ];
}

/** The value that a measure chooses of those of its rows; of the rows for which `also` holds, when it is given. */
function chosenValue(measure: Extract<Measure, { column: string }>, type: string, also?: string): string {
  const column = ident(measure.column);
  if (measure.kind === 'pick')
    return `((array_agg(${column} ORDER BY ${measure.orderBy.join(', ')})${filter(measure, also)})[1])::${type}`;
  return `(${measure.kind}(${column})${filter(measure, also)})::${type}`;
}

/** Whether rows of a group came and went, in a delta of both. */
export const [CAME, WENT] = ['_came', '_went'];

/** The column of a delta that has the value that a measure chooses of the rows that went. */
export function lostColumn(name: string): string {
  return `_l_${name}`;
}

/**
 * The change of each touched group: what came minus what went. What is chosen and not added up is that of the rows that
 * came, as a group that is new has it, and beside it that of the rows that went.
 *
 * @param removed undefined where rows came alone
 */
export function deltaRows(shape: RollupShape, added: string, removed: string | undefined): string {
  const columns = shape.parentColumns.map((name) => ident(name)).join(', ');
  const went = removed === undefined ? '' : ` UNION ALL SELECT ${columns}, -1 FROM ${removed}`;
  const from = `(SELECT ${columns}, 1 AS _sign FROM ${added}${went})`;
  const measures = shape.measures.flatMap((measure) =>
    removed === undefined && !measure.additive ? wholeMeasure(measure) : deltaMeasure(measure),
  );
  const sides = [`bool_or(_sign > 0) AS ${ident(CAME)}`, `bool_or(_sign < 0) AS ${ident(WENT)}`];
  const list = [
    groupList(shape),
    `sum(_sign)::bigint AS ${ident(SUPPORT)}`,
    ...measures,
    ...(removed === undefined ? [] : sides),
  ].join(', ');
  return `SELECT ${list} FROM ${from} AS rows${where(shape)} GROUP BY ${groupNumbers(shape)}`;
}

/** The types are those of the sums: a change can be greater than what it changes. */
function deltaMeasure({ name, measure, type, additive, merged }: MeasureShape): string[] {
  const as = ` AS ${ident(name)}`;
  if (merged !== undefined && measure.kind !== 'count')
    return [
      `${chosenValue(measure, type, '_sign > 0')}${as}`,
      `${chosenValue(measure, type, '_sign < 0')} AS ${ident(lostColumn(name))}`,
    ];
  if (!additive || measure.kind === 'pick') return [`NULL::${type}${as}`];
  if (measure.kind === 'count') return [`coalesce(sum(_sign)${filter(measure)}, 0)${as}`];
  const column = ident(measure.column);
  const came = `coalesce(sum(${column})${filter(measure, '_sign > 0')}, 0)`;
  const went = `coalesce(sum(${column})${filter(measure, '_sign < 0')}, 0)`;
  return [
    `${came}::numeric - ${went}${as}`,
    `coalesce(sum(_sign)${filter(measure, `${column} IS NOT NULL`)}, 0) AS ${ident(valuesColumn(name))}`,
  ];
}
