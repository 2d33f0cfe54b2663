import { ident } from '../ledger/sql.ts';
import type { Measure } from '../project/model.ts';
import { SUPPORT, valuesColumn, type RollupShape } from './shape.ts';

function filter(measure: Measure, also?: string): string {
  const conditions = [measure.where === undefined ? undefined : `(${measure.where})`, also].filter(
    (each) => each !== undefined,
  );
  return conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;
}

function groupList({ rollup }: RollupShape): string {
  return rollup.groups.map(({ name, type, sql }) => `(${sql})::${type} AS ${ident(name)}`).join(', ');
}

function groupNumbers({ rollup }: RollupShape): string {
  return rollup.groups.map((_, at) => at + 1).join(', ');
}

function where({ rollup }: RollupShape): string {
  return rollup.where === undefined ? '' : ` WHERE (${rollup.where})`;
}

/** Columns of the counted table in the order in which the SELECTs below give them. */
export function countedColumns(shape: RollupShape): string[] {
  return [
    ...shape.groups.map(({ name }) => name),
    SUPPORT,
    ...shape.measures.flatMap(({ name, measure }) =>
      measure.kind === 'sum' ? [name, valuesColumn(name)] : [name],
    ),
  ];
}

/** GROUP BY over rows of the parent: what the counted table holds for them. */
export function groupedRows(shape: RollupShape, from: string): string {
  const measures = shape.measures.flatMap(({ name, measure, type }) => wholeMeasure(name, measure, type));
  const list = [groupList(shape), `count(*) AS ${ident(SUPPORT)}`, ...measures].join(', ');
  return `SELECT ${list} FROM ${from} AS rows${where(shape)} GROUP BY ${groupNumbers(shape)}`;
}

function wholeMeasure(name: string, measure: Measure, type: string): string[] {
  const as = ` AS ${ident(name)}`;
  if (measure.kind === 'count') return [`(count(*)${filter(measure)})::${type}${as}`];
  const column = ident(measure.column);
  switch (measure.kind) {
    case 'sum':
      return [
        `coalesce(sum(${column})${filter(measure)}, 0)::${type}${as}`,
        `(count(${column})${filter(measure)})::bigint AS ${ident(valuesColumn(name))}`,
      ];
    case 'pick':
      return [
        `((array_agg(${column} ORDER BY ${measure.orderBy.join(', ')})${filter(measure)})[1])::${type}${as}`,
      ];
    default:
      return [`(${measure.kind}(${column})${filter(measure)})::${type}${as}`];
  }
}

/** The change of each touched group: what came minus what went. Extremes are NULL here: they are recomputed. */
export function deltaRows(shape: RollupShape, added: string, removed: string): string {
  const columns = shape.parentColumns.map((name) => ident(name)).join(', ');
  const from = `(SELECT ${columns}, 1 AS _sign FROM ${added} UNION ALL SELECT ${columns}, -1 FROM ${removed})`;
  const measures = shape.measures.flatMap(({ name, measure, type }) => deltaMeasure(name, measure, type));
  const list = [groupList(shape), `sum(_sign)::bigint AS ${ident(SUPPORT)}`, ...measures].join(', ');
  return `SELECT ${list} FROM ${from} AS rows${where(shape)} GROUP BY ${groupNumbers(shape)}`;
}

function deltaMeasure(name: string, measure: Measure, type: string): string[] {
  const as = ` AS ${ident(name)}`;
  if (measure.kind === 'count') return [`coalesce(sum(_sign)${filter(measure)}, 0)::${type}${as}`];
  if (measure.kind !== 'sum') return [`NULL::${type}${as}`];
  const column = ident(measure.column);
  return [
    `coalesce(sum(_sign * ${column})${filter(measure)}, 0)::${type}${as}`,
    `coalesce(sum(_sign)${filter(measure, `${column} IS NOT NULL`)}, 0)::bigint AS ${ident(valuesColumn(name))}`,
  ];
}
