import { dayOf, type ProjectInput } from '../../src/index.ts';

/** A small sound definition, made anew so that a test may break it. */
export function soundInput(): ProjectInput {
  return {
    name: 'shop',
    datasets: [
      {
        name: 'orders',
        key: 'orders_{period}.csv',
        carries: { kind: 'window', key: ['id', 'placed_at'] },
        file: ['id', { header: 'when', column: 'placed_at' }, 'total'],
        table: {
          columns: {
            id: 'text',
            placed_at: 'timestamptz',
            total: { type: 'numeric(12, 2)', nullable: true },
            placed_on: { type: 'date', value: dayOf('placed_at') },
          },
          partitionBy: 'placed_at',
          keyIndex: 'orders_key',
          indexes: [{ name: 'orders_placed_on', columns: ['placed_on DESC'] }],
        },
      },
    ],
    rollups: [
      {
        name: 'orders_by_day',
        over: 'orders',
        groups: { placed_on: 'date' },
        measures: { orders: { kind: 'count' }, total: { kind: 'sum', column: 'total' } },
        bucket: { group: 'placed_on' },
      },
    ],
    views: [{ name: 'best_days', reads: ['orders_by_day'], sql: 'SELECT 1' }],
    checks: [{ name: 'no_negative_totals', of: ['orders'], sql: 'SELECT 1 WHERE false' }],
    scripts: [{ name: 'vacuum', file: 'vacuum.sql' }],
  };
}
