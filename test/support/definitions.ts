import type { Dataset, Project, Rollup } from '../../src/project/model.ts';

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
