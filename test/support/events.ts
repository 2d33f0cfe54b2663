import type pg from 'pg';
import { defineProject } from '../../src/project/define.ts';
import type { DatasetInput, SchemaCopyInput } from '../../src/project/input.ts';
import type { Project } from '../../src/project/model.ts';

/** What a source that keeps a week of events looks like, of which another database keeps all. */
export const BUFFER = `CREATE TABLE buffer (
  id serial, at timestamptz NOT NULL, kind varchar(20), who varchar(20), extra text DEFAULT 'not read'
)`;

export const SOURCE_VARIABLE = 'EVENTS_SOURCE_URL';

/** A project with that one dataset, in Paris, whose rows get the place of whoever they are of. */
export function eventsProject(changes: Partial<DatasetInput> = {}, copies?: SchemaCopyInput[]): Project {
  return defineProject({
    name: 'events-test',
    timeZone: 'Europe/Paris',
    ...(copies && { copies }),
    sources: { app: { kind: 'postgres', urlVariable: SOURCE_VARIABLE } },
    datasets: [
      {
        name: 'events',
        carries: { kind: 'period', column: 'day', key: ['id', 'at'], absent: 'kept' },
        select: { from: 'buffer', time: 'at', id: 'id', overlapDays: 2, cleanup: true },
        file: ['id', 'at', 'kind', { header: 'who', column: 'person' }],
        lookups: { places: { sql: 'SELECT person, place, region FROM people', on: ['person'] } },
        table: {
          columns: {
            id: 'integer',
            at: 'timestamptz',
            kind: { type: 'varchar', nullable: true },
            person: { type: 'varchar', nullable: true },
            day: { type: 'date', value: { kind: 'dayOf', column: 'at' } },
            place: {
              type: 'text',
              nullable: true,
              value: { kind: 'lookup', lookup: 'places', column: 'place' },
            },
            region: {
              type: 'text',
              nullable: true,
              value: { kind: 'lookup', lookup: 'places', column: 'region' },
            },
          },
          indexes: [{ name: 'events_day', columns: ['day'] }],
        },
        ...changes,
      },
    ],
  }).resolve({});
}

/** Inserts events, [time, kind, who] each; ids follow. */
export async function happen(
  source: pg.Client,
  ...events: Array<[at: string, kind: string | null, who: string | null]>
): Promise<void> {
  for (const event of events)
    await source.query('INSERT INTO buffer (at, kind, who) VALUES ($1, $2, $3)', event);
}
