import type pg from 'pg';
import { adoptTable, takeBack } from '../../../src/load/adopt/table.ts';
import type { AdoptOptions } from '../../../src/load/adopt/context.ts';
import type { AdoptStep } from '../../../src/plan/adoption.ts';
import type { Column, Dataset, Project } from '../../../src/project/model.ts';
import { aDataset, aProject } from '../../support/definitions.ts';

const COLUMNS: Column[] = [
  { name: 'id', type: 'varchar', nullable: false },
  { name: 'at', type: 'timestamptz', nullable: false },
  { name: 'agent', type: 'text', nullable: true },
  { name: 'hits', type: 'integer', nullable: true },
];

/** Visits merged by key, partitioned by the instant, in Paris' days. */
export function visits(changes: Partial<Dataset> = {}): Dataset {
  return aDataset({
    timeZone: 'Europe/Paris',
    carries: { kind: 'window', key: ['id', 'at'], winner: 'newest' },
    file: [{ header: 'id', column: 'id' }],
    table: {
      schema: 'stats',
      name: 'visits',
      columns: COLUMNS,
      indexes: [{ name: 'Visits "at" idx', columns: ['at DESC'] }],
      partitionBy: 'at',
      keyIndex: 'unique_visits',
    },
    ...changes,
  });
}

export function projectOf(dataset: Dataset, changes: Partial<Project> = {}): Project {
  return aProject({ timeZone: 'Europe/Paris', datasets: [dataset], ...changes });
}

/** Somebody's own table of visits, with rows of some days, among them the hours around Paris' midnights. */
export async function aTable(client: pg.Client, days = 4, perDay = 50): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS stats;
    CREATE TABLE stats.visits (id varchar NOT NULL, at timestamptz NOT NULL, agent text, hits integer DEFAULT 7);
    CREATE UNIQUE INDEX unique_visits ON stats.visits (id, at);
    CREATE INDEX visits_at ON stats.visits (at);
    CREATE INDEX "Visits ""at"" idx" ON stats.visits (hits);
    COMMENT ON TABLE stats.visits IS 'who''s there';
    COMMENT ON COLUMN stats.visits.agent IS 'a \\ b';
    INSERT INTO stats.visits
    SELECT 'v' || n, timestamptz '2024-10-26 22:30+00' + d * interval '1 day' + n * interval '29 minutes',
           CASE WHEN n % 5 <> 0 THEN 'agent ' || n % 7 END, nullif(n % 3, 0)
      FROM generate_series(0, ${days - 1}) d, generate_series(1, ${perDay}) n`);
}

/** Adopts, or goes on with it, and gives what was told on the way. */
export async function adopt(
  client: pg.Client,
  project: Project,
  through: AdoptStep,
  changes: Partial<AdoptOptions> = {},
): Promise<string[]> {
  const told: string[] = [];
  await adoptTable(
    optionsOf(client, project, { progress: ({ message }) => told.push(message), ...changes }),
    through,
  );
  return told;
}

export function optionsOf(
  client: pg.Client,
  project: Project,
  changes: Partial<AdoptOptions> = {},
): AdoptOptions {
  return {
    client,
    project,
    dataset: project.datasets[0]!,
    actor: { user: 'ann', host: 'bastion', pid: 1 },
    signal: new AbortController().signal,
    progress: () => undefined,
    partRows: 90,
    ...changes,
  };
}

export function back(
  client: pg.Client,
  project: Project,
  changes: Partial<AdoptOptions> = {},
): Promise<void> {
  return takeBack(optionsOf(client, project, changes));
}

/** What adoptions make beside the table, and must leave nothing of. */
export const LEFTOVERS = `
  SELECT relname FROM pg_class WHERE relname ~ '(^adopt_|_dayboard_new|_before_dayboard)'
  UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'dayboard_staging'::regnamespace
  UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^adopt_'
  UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ '^dayboard'`;
