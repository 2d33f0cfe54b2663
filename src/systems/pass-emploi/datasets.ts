import { dayOf, lookup, sqlValue } from '../../project/enrichments.ts';
import type { ColumnInput, DatasetInput } from '../../project/input.ts';
import type { Correction } from '../../project/model.ts';
import { sqlText } from '../sql-text.ts';
import { EVENTS, SOURCE, SYSTEM, TIME_ZONE } from './settings.ts';

const READ = [
  'id',
  'date_evenement',
  'categorie',
  'action',
  'nom',
  'id_utilisateur',
  'type_utilisateur',
  'structure',
  'code',
];

/** What the original has an index on, each for itself. Its dashboards filter by any of them. */
const INDEXED = [...READ.slice(1), 'semaine', 'jour', 'agence', 'departement', 'region'];

/** One row per thing that somebody did in the application, from its table that keeps about a week. */
export function events(): DatasetInput {
  return {
    name: EVENTS,
    description: 'What young people and advisers do in the application, one row per event',
    source: SOURCE,
    period: 'day',
    timeZone: TIME_ZONE,
    // Serial numbers may begin anew, so the id alone is none.
    carries: { kind: 'period', column: 'jour', key: ['id', 'date_evenement'], absent: 'kept' },
    select: {
      from: 'public.evenement_engagement_hebdo',
      time: 'date_evenement',
      id: 'id',
      overlapDays: 3,
      cleanup: true,
    },
    file: READ,
    lookups: {
      agences: { sql: sqlText(SYSTEM, 'agences'), on: ['type_utilisateur', 'id_utilisateur'] },
    },
    // On the way in, and in all that is published: what the original does to its table every night.
    follows: [
      {
        name: 'dispositifs',
        column: 'structure',
        sql: sqlText(SYSTEM, 'dispositifs'),
        on: ['type_utilisateur', 'id_utilisateur'],
      },
    ],
    table: {
      name: EVENTS,
      columns: {
        id: 'integer',
        date_evenement: 'timestamptz',
        categorie: text,
        action: text,
        nom: text,
        id_utilisateur: { ...text, personal: true },
        type_utilisateur: text,
        structure: text,
        code: text,
        semaine: {
          type: 'date',
          value: sqlValue(`date_trunc('week', "date_evenement" AT TIME ZONE '${TIME_ZONE}')`),
        },
        jour: { type: 'date', value: dayOf('date_evenement') },
        agence: found('agence'),
        departement: found('departement'),
        region: found('region'),
      },
      // In one piece: a year of days with an index per column each would need more locks than a server has.
      indexes: INDEXED.map((column) => ({ name: `${EVENTS}_${column}_index`, columns: [column] })),
    },
    guards: { empty: 'stop', rows: { low: 0.3, high: 3, action: 'mark' } },
    expected: { days: 1, at: '02:30' },
    // Loaded in the night after the day; two missed nights are an error.
    freshness: { column: 'date_evenement', warnHours: 30, errorHours: 54 },
    corrections: CORRECTIONS,
  };
}

const text: ColumnInput = { type: 'varchar(255)', nullable: true };

function found(column: string): ColumnInput {
  return { type: 'varchar', nullable: true, value: lookup('agences', column) };
}

const CORRECTIONS: Correction[] = [
  {
    original:
      'What is newer than the newest loaded event, cut to milliseconds, is loaded: an event at that very millisecond comes twice, and one that was committed late never.',
    corrected:
      'Whole days are compared by count, greatest id and newest time in microseconds, the last three days again each time, and merged by id and time.',
  },
  {
    original:
      'Batches of 150,000 rows by LIMIT and OFFSET, each in a snapshot of its own and committed alone, may skip and repeat rows.',
    corrected: 'A day is one COPY in one snapshot, counted on both sides, and published whole.',
  },
  {
    original: 'Days and weeks are those of the session (UTC in practice), while the jobs run on Paris time.',
    corrected: `Days and weeks are those of ${TIME_ZONE}: Monday 00:30 there belongs to the week that begins.`,
  },
  {
    original:
      'MILO and MILO_PACEA follow the programme of today in the whole current table, every night, and the weeks that were computed before keep what they had; tables of years are never changed.',
    corrected:
      'The same, in all events; the weeks of every event that changes are owed, and computed by the same run.',
  },
  {
    original: 'Who has no agency when an event is enriched has none for ever.',
    corrected:
      'An event keeps the agency that was found first; one without is looked up again when its day is loaded again (sync DAY --reprocess all).',
  },
];
