import type { Aggregate, Dataset, Project, Rollup } from '../../src/project/model.ts';

/** A small dataset of a day's visits, for tests of what is decided from definitions. */
export function aDataset(changes: Partial<Dataset> = {}): Dataset {
  const name = changes.name ?? 'visits';
  return {
    name,
    description: 'visits',
    source: 'files',
    key: `${name}_{period}.csv`,
    period: 'day',
    timeZone: 'UTC',
    carries: { kind: 'window', key: ['id'], winner: 'newest' },
    file: [
      { header: 'id', column: 'id' },
      { header: 'day', column: 'day' },
    ],
    table: {
      schema: 'public',
      name,
      columns: [
        { name: 'id', type: 'text', nullable: false },
        { name: 'day', type: 'date', nullable: false },
      ],
      indexes: [],
      partitionBy: 'day',
    },
    duplicates: [],
    guards: { empty: 'stop' },
    expected: { days: 1, at: '01:00' },
    corrections: [],
    ...changes,
  };
}

export function aRollup(changes: Partial<Rollup> & Pick<Rollup, 'name' | 'over'>): Rollup {
  return {
    description: 'per day',
    groups: [{ name: 'day', type: 'date', sql: '"day"' }],
    measures: { visits: { kind: 'count' } },
    bucket: { group: 'day', unit: 'day' },
    timeZone: 'UTC',
    corrections: [],
    ...changes,
  };
}

/** Visits of each week, and the visitors since eight days before it. */
export function anAggregate(changes: Partial<Aggregate> = {}): Aggregate {
  return {
    name: 'visits_by_week',
    description: 'per week',
    period: 'week',
    timeZone: 'UTC',
    table: {
      schema: 'public',
      name: 'visits_by_week',
      columns: [
        { name: 'week', type: 'date', nullable: false },
        { name: 'visits', type: 'bigint', nullable: false },
        { name: 'visitors', type: 'bigint', nullable: false },
      ],
      indexes: [],
    },
    column: 'week',
    key: ['week'],
    over: { name: 'visits', column: 'day', before: { count: 8, unit: 'day' }, closed: false },
    alsoReads: [],
    sql: `WITH periods AS (SELECT week FROM unnest(:periods) AS week)
      SELECT p.week, count(*) FILTER (WHERE v.day >= p.week) AS visits, count(DISTINCT v.id) AS visitors
        FROM periods p JOIN visits v ON v.day >= p.week - 8 AND v.day < p.week + 7
       WHERE v.day >= :from AND v.day < :to
       GROUP BY p.week`,
    atOnce: 4,
    expected: { days: 1, at: '00:00' },
    onRequest: false,
    corrections: [],
    ...changes,
  };
}

export function aProject(changes: Partial<Project> = {}): Project {
  return {
    name: 'test',
    title: 'Test',
    timeZone: 'UTC',
    schedule: { at: '01:00', timeZone: 'UTC', atStart: false, catchUpDays: 7 },
    sources: { files: { kind: 'directory', path: '.' } },
    datasets: [aDataset()],
    rollups: [],
    views: [],
    aggregates: [],
    checks: [],
    scripts: [],
    existing: {},
    parity: [],
    keepVersionsDays: 35,
    ...changes,
  };
}

/** What is derived of `visits`: a rollup that is published as public.per_day, and a view over the raw table. */
export const DERIVED_OF_VISITS: Pick<Project, 'rollups' | 'views'> = {
  rollups: [
    aRollup({
      name: 'days',
      over: 'visits',
      published: { schema: 'public', name: 'per_day', columns: ['day', 'visits'] },
    }),
  ],
  views: [
    {
      schema: 'public',
      name: 'newest',
      description: '',
      reads: ['visits'],
      sql: 'SELECT max(day) AS day FROM public.visits',
      indexes: [],
    },
  ],
};
