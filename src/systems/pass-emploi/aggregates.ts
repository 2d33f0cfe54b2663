import type { AggregateInput, ColumnInput } from '../../project/input.ts';
import type { Correction } from '../../project/model.ts';
import { sqlText } from '../sql-text.ts';
import { EVENTS, type Settings, SYSTEM } from './settings.ts';

/** Who was active on each day: what the tables per user are counted from, so that two months are not read event by event. */
export const USERS_BY_DAY = 'utilisateurs_par_jour';
export const FEATURES = 'analytics_fonctionnalites';
export const AI_FEATURES = 'analytics_fonctionnalites_demarches_ia';
export const ENGAGEMENT = 'analytics_engagement';
export const NATIONAL = 'analytics_engagement_national';

const text: Omit<ColumnInput, 'value'> = { type: 'varchar', nullable: true };

/** A day is computed in the night after it, as it is loaded; two missed nights are an error. */
const DAILY = { warnHours: 30, errorHours: 54 };
/** The same of a week, which stays the newest until the next has ended. */
const WEEKLY = { warnHours: 7 * 24 + 30, errorHours: 7 * 24 + 54 };

/** Half a year of weeks at once. */
const WEEKS_AT_ONCE = 26;

/** The days of active users and the four weekly tables. */
export function aggregates(settings: Settings): AggregateInput[] {
  const weekly = [
    features(FEATURES, 'Events and users of each feature, week by week'),
    features(
      AI_FEATURES,
      'Events and users of each feature, of those who have the DEMARCHES_IA feature today',
      `id_utilisateur IN (SELECT id_jeune FROM public.feature_flip WHERE feature_tag = 'DEMARCHES_IA')`,
    ),
    engagement(ENGAGEMENT, ['region', 'departement'], settings),
    engagement(NATIONAL, [], settings),
  ];
  const { since } = settings;
  return [usersByDay(), ...weekly.map((each) => (since === undefined ? each : { ...each, since }))];
}

function usersByDay(): AggregateInput {
  return {
    name: USERS_BY_DAY,
    description: 'Who was active on each day, as what and where',
    period: 'day',
    table: {
      columns: {
        jour: 'date',
        structure: text,
        type_utilisateur: text,
        region: 'varchar',
        departement: 'varchar',
        id_utilisateur: text,
        nb_evenements: 'integer',
        nb_action_cree: 'integer',
        nb_message_envoye: 'integer',
        nb_consultation_rdv: 'integer',
        nb_consultation_offre: 'integer',
        nb_postuler_offre: 'integer',
        nb_consultation_evenement: 'integer',
        premier: 'timestamptz',
        dernier: 'timestamptz',
      },
    },
    column: 'jour',
    key: ['jour', 'structure', 'type_utilisateur', 'region', 'departement', 'id_utilisateur'],
    over: { name: EVENTS, column: 'date_evenement' },
    sql: sqlText(SYSTEM, USERS_BY_DAY),
    atOnce: 31,
    freshness: DAILY,
  };
}

const FEATURE_GRAIN = ['structure', 'type_utilisateur', 'categorie', 'action', 'nom'] as const;

function features(name: string, description: string, who?: string): AggregateInput {
  const sql = sqlText(SYSTEM, FEATURES);
  return {
    name,
    description,
    period: 'week',
    table: {
      columns: {
        semaine: 'date',
        structure: 'varchar',
        type_utilisateur: 'varchar',
        categorie: 'varchar',
        action: 'varchar',
        nom: text,
        ...integers('nb_ae_nom', 'nb_users_nom', 'nb_ae_action', 'nb_users_action'),
        ...integers('nb_ae_categorie', 'nb_users_categorie', 'nb_ae_total', 'nb_users_total'),
      },
      indexes: indexes(name, FEATURE_GRAIN),
    },
    column: 'semaine',
    key: ['semaine', ...FEATURE_GRAIN],
    over: { name: EVENTS, column: 'date_evenement' },
    sql: who === undefined ? sql : sql.replace('AND true -- who', `AND ${who}`),
    // As many users, features and weeks as memory can group at once; each event is of one week, and is read once.
    atOnce: 2,
    freshness: WEEKLY,
    corrections: [...(who === undefined ? [] : [TODAYS_FLIPS]), REPLACED_WHOLE, ZONE],
  };
}

function engagement(name: string, places: readonly string[], { parity }: Settings): AggregateInput {
  const grain = ['structure', 'type_utilisateur', ...places];
  const closed = parity.has('inclusive-end');
  const sql = sqlText(SYSTEM, ENGAGEMENT, {
    inclusive_end: closed ? 'yes' : 'no',
    null_zeros: parity.has('null-zeros') ? 'yes' : 'no',
  });
  return {
    name,
    description:
      places.length > 0
        ? 'Active users of each structure, type and place, week by week'
        : 'Active users of each structure and type in the whole country, week by week',
    period: 'week',
    table: {
      columns: {
        semaine: 'date',
        structure: text,
        type_utilisateur: text,
        ...Object.fromEntries(places.map((place) => [place, 'varchar'])),
        ...integers('nombre_utilisateurs_2_mois', 'nombre_utilisateurs_1_mois'),
        ...integers('nombre_utilisateurs_engages_2_jours_dans_la_semaine'),
        ...integers('nb_actifs_3_semaines_sur_6', 'nb_actifs_4_semaines_sur_6'),
      },
      indexes: indexes(name, grain),
    },
    column: 'semaine',
    key: ['semaine', ...grain],
    over: { name: USERS_BY_DAY, column: 'jour', before: { count: 2, unit: 'month' }, closed },
    sql: places.length > 0 ? sql : sql.replaceAll(', region, departement', ''),
    atOnce: WEEKS_AT_ONCE,
    freshness: WEEKLY,
    corrections: [...ENGAGEMENT_CORRECTIONS, ...(places.length > 0 ? [PLACE] : []), REPLACED_WHOLE, ZONE],
  };
}

function integers(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, 'integer']));
}

/** As the original has them: one for each column that dashboards filter by. The key's begins with the week. */
function indexes(table: string, columns: readonly string[]) {
  return columns.map((column) => ({ name: `${table}_${column}_index`, columns: [column] }));
}

const REPLACED_WHOLE: Correction = {
  original:
    'A week is deleted, inserted and updated by statements that commit one by one: dashboards read half-filled weeks. Nothing keeps a week from being there twice.',
  corrected: 'Each week is replaced in one transaction, and a unique key holds the grain.',
};

const TODAYS_FLIPS: Correction = {
  original: 'Who has the feature today is asked for past weeks too.',
  corrected: 'The same; whoever gains it makes no past week owed: `refresh` with its name and weeks does.',
};

const ZONE: Correction = {
  original: 'Weeks and days are those of the session that enriched an event (UTC in practice).',
  corrected: 'They are those of Europe/Paris, from the time of the event.',
};

const PLACE: Correction = {
  original:
    'Groups are those of the raw place, and what has none is shown as NON RENSEIGNE: a place of that very name gives two rows with one key.',
  corrected: 'Both are one group, and one row.',
};

const ENGAGEMENT_CORRECTIONS: Correction[] = [
  {
    original:
      'By its description users with two events in the week are active; by its code, and the name of the column, those with events on two days of it.',
    corrected: 'Two different days, as the code has it: dashboards show what the code counts.',
  },
  {
    original: 'Users of one month are in its code and not in its description.',
    corrected: 'They are counted, as the code does: dashboards know the column.',
  },
  {
    original:
      'BETWEEN takes in both ends: an event at 00:00 sharp of the next Monday counts for the week before, in the two months and the one.',
    corrected: 'A week ends where the next begins.',
    parity: 'inclusive-end',
  },
  {
    original:
      'The row without structure (or type of user) is found by no UPDATE, because NULL equals nothing: four of its five numbers stay 0.',
    corrected: 'It is counted like the others.',
    parity: 'null-zeros',
  },
];
