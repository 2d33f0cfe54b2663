import type { Carries, Dataset, Project, Rollup } from '../../src/project/model.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import type { Kind, Row } from './model.ts';

/** How the raw table lies, and who made it. */
export type Layout =
  | 'by day'
  | 'by instant'
  | 'by day, keys move'
  | 'plain'
  | 'foreign'
  | 'foreign, days of its own';

export interface Case {
  kind: Kind;
  layout: Layout;
  zone: string;
}

export const isForeign = ({ layout }: Case): boolean => layout.startsWith('foreign');

export function keyOf({ kind, layout }: Case): Array<keyof Row> | undefined {
  if (kind === 'replace' || kind === 'period') return undefined;
  if (layout === 'by instant' || layout === 'foreign, days of its own') return ['id', 'n', 'at'];
  return layout === 'plain' || layout === 'by day, keys move' ? ['id', 'n'] : ['id', 'n', 'day'];
}

function carries(each: Case): Carries {
  const key = keyOf(each);
  const winner = each.kind.endsWith('first') ? 'first' : 'newest';
  if (each.kind === 'replace') return { kind: 'snapshot', mode: 'replace' };
  if (each.kind.startsWith('period')) {
    const column = each.layout === 'by instant' ? 'at' : 'day';
    return { kind: 'period', column, ...(key === undefined ? {} : { key }) };
  }
  if (key === undefined) throw new RangeError(`${each.kind} has no key`);
  return each.kind.startsWith('merge')
    ? { kind: 'snapshot', mode: 'merge', key, winner }
    : { kind: 'window', key, winner };
}

function partitionBy({ layout }: Case): { partitionBy?: string } {
  if (layout === 'plain') return {};
  return { partitionBy: layout === 'by instant' ? 'at' : 'day' };
}

/** A project of one dataset with every sort of rollup, under names of its own: many share one database. */
export function definition(each: Case, number: number): { project: Project; dataset: Dataset } {
  const schema = `s${number}`;
  const dataset = aDataset({
    name: `visits${number}`,
    timeZone: each.zone,
    carries: carries(each),
    table: {
      schema,
      name: 'visits',
      columns: [
        { name: 'id', type: 'text', nullable: false },
        { name: 'n', type: 'integer', nullable: true },
        { name: 'at', type: 'timestamptz', nullable: false },
        { name: 'day', type: 'date', nullable: false, value: { kind: 'dayOf', column: 'at' } },
        { name: 'kind', type: 'text', nullable: true },
        { name: 'amount', type: 'integer', nullable: true },
        { name: 'price', type: 'numeric', nullable: true },
      ],
      indexes: [],
      ...partitionBy(each),
    },
  });
  const project = aProject({
    name: `p${number}`,
    timeZone: each.zone,
    datasets: [dataset],
    rollups: rollups(dataset, number),
  });
  return { project, dataset };
}

const MONTH = `date_trunc('month', "day"::timestamp)::date`;

function rollups(dataset: Dataset, number: number): Rollup[] {
  const of = (name: string) => `${name}${number}`;
  const rollup = (
    name: string,
    over: string,
    groups: Record<string, [type: string, sql: string]>,
    measures: Rollup['measures'],
    also: Partial<Rollup> = {},
  ) => {
    const columns = [...Object.keys(groups), ...Object.keys(measures)];
    const [bucket] = Object.keys(groups) as [string];
    return aRollup({
      name: of(name),
      over,
      groups: Object.entries(groups).map(([group, [type, sql]]) => ({ name: group, type, sql })),
      measures,
      bucket: { group: bucket, unit: bucket === 'month' ? 'month' : 'day' },
      published: { schema: dataset.table.schema, name, columns },
      timeZone: dataset.timeZone,
      ...also,
    });
  };
  const count = { kind: 'count' } as const;
  return [
    rollup(
      'days',
      dataset.name,
      { day: ['date', '"day"'], kind: ['text', '"kind"'] },
      {
        rows: count,
        web: { kind: 'count', where: `kind = 'web'` },
        total: { kind: 'sum', column: 'amount' },
        web_total: { kind: 'sum', column: 'amount', where: `kind = 'web'` },
        least: { kind: 'min', column: 'amount' },
        most: { kind: 'max', column: 'amount' },
        picked: { kind: 'pick', column: 'id', orderBy: ['amount', 'id'] },
        price: { kind: 'sum', column: 'price' },
        // Rounded: cannot be added up.
        web_price: { kind: 'sum', column: 'price', where: `kind = 'web'`, type: 'double precision' },
      },
    ),
    rollup(
      'instants',
      dataset.name,
      {
        day: ['timestamptz', `date_trunc('day', at, '${dataset.timeZone}')`],
        n: ['integer', '"n"'],
        // Depends on the session's time zone, which therefore must be the rollup's.
        local: ['date', 'at::date'],
      },
      { rows: count, total: { kind: 'sum', column: 'amount', type: 'bigint' } },
    ),
    rollup(
      'months',
      dataset.name,
      { month: ['date', MONTH], id: ['text', '"id"'], kind: ['text', '"kind"'] },
      {},
      { where: `kind <> 'app' OR amount > 0` },
    ),
    rollup(
      'people',
      of('months'),
      { month: ['date', '"month"'], kind: ['text', '"kind"'] },
      { people: count, picked: { kind: 'pick', column: 'id', orderBy: ['id'] } },
    ),
    rollup(
      'month_totals',
      of('days'),
      { month: ['date', MONTH] },
      {
        groups: count,
        rows: { kind: 'sum', column: 'rows' },
        total: { kind: 'sum', column: 'total' },
        price: { kind: 'sum', column: 'price' },
        least: { kind: 'min', column: 'least' },
        most: { kind: 'max', column: 'most' },
      },
    ),
    rollup(
      'dated_amounts',
      dataset.name,
      { day: ['date', 'CASE WHEN amount IS NULL THEN NULL ELSE "day" END'], n: ['integer', '"n"'] },
      {
        rows: count,
        most: { kind: 'max', column: 'amount' },
        first_kind: { kind: 'pick', column: 'kind', orderBy: ['kind', 'amount'] },
        first_amount: { kind: 'pick', column: 'amount', orderBy: ['kind', 'amount'] },
      },
    ),
  ];
}

/** What each published relation must hold, as plain SQL over the raw table. */
export function plainSql({ table, timeZone }: Dataset): Record<string, string> {
  const raw = `"${table.schema}"."visits"`;
  const days = `SELECT day, kind, count(*) AS rows, count(*) FILTER (WHERE kind = 'web') AS web, sum(amount)::numeric AS total,
      (sum(amount) FILTER (WHERE kind = 'web'))::numeric AS web_total, min(amount) AS least, max(amount) AS most,
      (array_agg(id ORDER BY amount, id))[1] AS picked,
      sum(price) AS price, (sum(price) FILTER (WHERE kind = 'web'))::double precision AS web_price FROM ${raw} GROUP BY day, kind`;
  const months = `SELECT DISTINCT ${MONTH} AS month, id, kind FROM ${raw} WHERE kind <> 'app' OR amount > 0`;
  return {
    days,
    months,
    instants: `SELECT date_trunc('day', at, '${timeZone}'), n, (at AT TIME ZONE '${timeZone}')::date, count(*), sum(amount)
      FROM ${raw} GROUP BY 1, 2, 3`,
    people: `SELECT month, kind, count(*), min(id) FROM (${months}) m GROUP BY month, kind`,
    month_totals: `SELECT ${MONTH}, count(*), sum(rows), sum(total), sum(price), min(least), max(most) FROM (${days}) d GROUP BY 1`,
    dated_amounts: `SELECT CASE WHEN amount IS NOT NULL THEN day END, n, count(*), max(amount),
      (array_agg(kind ORDER BY kind, amount))[1], (array_agg(amount ORDER BY kind, amount))[1] FROM ${raw} GROUP BY 1, 2`,
  };
}
