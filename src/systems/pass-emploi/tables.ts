import type { AggregateInput, DatasetInput, ViewInput } from '../../project/input.ts';
import { sqlText } from '../sql-text.ts';
import { USERS_BY_DAY } from './aggregates.ts';
import { EVENTS, SYSTEM } from './settings.ts';

/** Counts, first and last event of each young person: the original's table of that name. */
export const YOUNG_PEOPLE = 'evenement_engagement_jeune';
/** First and last event of each adviser. */
export const ADVISERS = 'conseiller_ae';

/** What is counted per user, over all days. */
export function views(): ViewInput[] {
  return [
    {
      name: YOUNG_PEOPLE,
      description: 'What each young person did, with the first and the last event',
      reads: [USERS_BY_DAY],
      sql: sqlText(SYSTEM, YOUNG_PEOPLE),
      indexes: [{ name: `${YOUNG_PEOPLE}_key`, columns: ['id_utilisateur', 'structure'], unique: true }],
      through: 'max("date_dernier_ae")::date',
    },
    {
      name: ADVISERS,
      description: 'First and last event of each adviser',
      reads: [USERS_BY_DAY],
      sql: sqlText(SYSTEM, ADVISERS),
      indexes: [{ name: `${ADVISERS}_key`, columns: ['id_utilisateur'], unique: true }],
      through: 'max("date_dernier_ae")::date',
      // The nightly restore brings this table without them.
      into: {
        name: 'conseiller',
        on: { table: 'id', view: 'id_utilisateur' },
        columns: { date_premier_ae: 'timestamp', date_dernier_ae: 'timestamp' },
      },
    },
  ];
}

/**
 * Tables of the events of a year or month, for whoever explores them: made with `refresh NAME 2024`. Each is filled
 * anew, so that a second time changes nothing. A year begins two months before its January, as the original's do.
 */
export function extracts({ table }: DatasetInput): AggregateInput[] {
  const columns = Object.entries(table.columns).map(([name, column]) => [
    name,
    { type: typeof column === 'string' ? column : column.type, nullable: true },
  ]);
  const tableNamed = (name: string) => ({
    name,
    columns: Object.fromEntries(columns),
    indexes: (table.indexes ?? []).map((index) => ({ ...index, name: index.name.replace(EVENTS, name) })),
  });
  return [
    {
      name: `${EVENTS}_par_annee`,
      description: 'The events of a year and of the two months before it',
      period: 'year',
      table: tableNamed(`${EVENTS}_{period}`),
      over: {
        name: EVENTS,
        column: 'date_evenement',
        before: { count: 2, unit: 'month' },
        // The week of 31 December ends in January.
        after: { count: 6, unit: 'day' },
      },
      sql: sqlText(SYSTEM, 'evenements_annee'),
      onRequest: true,
      corrections: [
        {
          original: 'The year is a constant in the code, and a second run adds its rows again.',
          corrected: 'It is an argument, and the table is filled anew.',
        },
      ],
    },
    {
      name: `${EVENTS}_par_mois`,
      description: 'The events of a month',
      period: 'month',
      table: tableNamed(`${EVENTS}_mois_{period}`),
      over: { name: EVENTS, column: 'date_evenement' },
      sql: sqlText(SYSTEM, 'evenements_mois'),
      onRequest: true,
    },
  ];
}
