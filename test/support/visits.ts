import type { Column, Dataset } from '../../src/project/model.ts';
import { aDataset, aRollup } from './definitions.ts';

const COLUMNS: Column[] = [
  { name: 'id', type: 'text', nullable: false },
  { name: 'day', type: 'date', nullable: false },
  { name: 'hits', type: 'integer', nullable: true },
];

/** Hits of somebody on a day, partitioned by day; deliveries overlap, and the newest stands. */
export function hitsDataset(changes: Partial<Dataset> = {}, more: readonly Column[] = []): Dataset {
  return aDataset({
    carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' },
    table: {
      schema: 'stats',
      name: 'visits',
      columns: [...COLUMNS, ...more],
      indexes: [],
      partitionBy: 'day',
    },
    ...changes,
  });
}

/** Visits and hits of each day. */
export function hitsPerDay() {
  return aRollup({
    name: 'days',
    over: 'visits',
    measures: { visits: { kind: 'count' }, hits: { kind: 'sum', column: 'hits' } },
    published: { schema: 'stats', name: 'days', columns: ['day', 'visits', 'hits'] },
  });
}
