/** Statements of one of the original's weekly tables, in their order; each commits alone. */
export interface OriginalTable {
  table: string;
  statements: string[];
}

/** What the original's numbers are changed by, to compare them with corrected ones. */
export interface OriginalOptions {
  /** BETWEEN takes in the first instant of the next week. */
  inclusiveEnd: boolean;
  /** UPDATEs match by equality, which NULL never meets. */
  nullZeros: boolean;
}

export const ORIGINAL: OriginalOptions = { inclusiveEnd: true, nullZeros: true };

const FEATURE_COLUMNS = [
  'nb_ae_nom',
  'nb_users_nom',
  'nb_ae_action',
  'nb_users_action',
  'nb_ae_categorie',
  'nb_users_categorie',
  'nb_ae_total',
  'nb_users_total',
];
const ENGAGEMENT_COLUMNS = [
  'nombre_utilisateurs_2_mois',
  'nombre_utilisateurs_1_mois',
  'nombre_utilisateurs_engages_2_jours_dans_la_semaine',
  'nb_actifs_3_semaines_sur_6',
  'nb_actifs_4_semaines_sur_6',
];
const FEATURE_GRAIN = ['structure', 'type_utilisateur', 'categorie', 'action', 'nom'];
const PLACES = ['region', 'departement'];

/** Creates the four weekly tables as the original does, with an index for each column that is filtered by. */
export function originalTables(schema: string): string[] {
  const create = (table: string, grain: readonly string[], numbers: readonly string[]) => [
    `CREATE TABLE ${schema}.${table} (semaine date, ${grain.map((name) => `${name} varchar`).join(', ')}, ${numbers.map((name) => `${name} integer`).join(', ')})`,
    ...['semaine', ...grain].map((name) => `CREATE INDEX ON ${schema}.${table} (${name})`),
  ];
  return [
    ...create('analytics_fonctionnalites', FEATURE_GRAIN, FEATURE_COLUMNS),
    ...create('analytics_fonctionnalites_demarches_ia', FEATURE_GRAIN, FEATURE_COLUMNS),
    ...create('analytics_engagement', ['structure', 'type_utilisateur', ...PLACES], ENGAGEMENT_COLUMNS),
    ...create('analytics_engagement_national', ['structure', 'type_utilisateur'], ENGAGEMENT_COLUMNS),
  ];
}

/**
 * What the original does to the four tables for one week (its Monday), in the session's time zone. Written anew from a
 * description of it: DELETE, INSERT, and one UPDATE for each further indicator.
 */
export function originalWeek(
  schema: string,
  events: string,
  week: string,
  options: OriginalOptions = ORIGINAL,
): OriginalTable[] {
  const who = `id_utilisateur IN (SELECT DISTINCT id_jeune FROM feature_flip WHERE feature_tag = 'DEMARCHES_IA')`;
  return [
    features(`${schema}.analytics_fonctionnalites`, events, week, 'true'),
    features(`${schema}.analytics_fonctionnalites_demarches_ia`, events, week, who),
    engagement(`${schema}.analytics_engagement`, PLACES, events, week, options),
    engagement(`${schema}.analytics_engagement_national`, [], events, week, options),
  ];
}

function features(table: string, events: string, week: string, who: string): OriginalTable {
  const level = (alias: string, size: number) => {
    const grain = FEATURE_GRAIN.slice(0, size).join(', ');
    return `(SELECT ${grain}, count(*) AS nb_ae, count(DISTINCT id_utilisateur) AS nb_users FROM ${events}
      WHERE semaine = '${week}' AND structure IS NOT NULL AND structure != 'PASS_EMPLOI' AND ${who} GROUP BY ${grain}) ${alias}`;
  };
  const same = (alias: string, size: number) =>
    FEATURE_GRAIN.slice(0, size)
      .map((name) => `n.${name} = ${alias}.${name}`)
      .join(' AND ');
  const grain = FEATURE_GRAIN.map((name) => `n.${name}`).join(', ');
  const numbers = ['n', 'a', 'c', 't']
    .map((alias) => `min(${alias}.nb_ae), min(${alias}.nb_users)`)
    .join(', ');
  return {
    table,
    statements: [
      `DELETE FROM ${table} WHERE semaine = '${week}'`,
      `INSERT INTO ${table} (semaine, ${FEATURE_GRAIN.join(', ')}, ${FEATURE_COLUMNS.join(', ')})
       SELECT '${week}', ${grain}, ${numbers}
         FROM ${level('n', 5)} JOIN ${level('a', 4)} ON ${same('a', 4)}
         JOIN ${level('c', 3)} ON ${same('c', 3)} JOIN ${level('t', 2)} ON ${same('t', 2)}
        GROUP BY ${grain}`,
    ],
  };
}

function engagement(
  table: string,
  places: readonly string[],
  events: string,
  week: string,
  { inclusiveEnd, nullZeros }: OriginalOptions,
): OriginalTable {
  const raw = ['structure', 'type_utilisateur', ...places].join(', ');
  const shown = [
    'structure',
    'type_utilisateur',
    ...places.map((each) => `coalesce(${each}, 'NON RENSEIGNE') AS ${each}`),
  ].join(', ');
  const end = `'${week}'::date + interval '1 week'`;
  const since = (span: string) =>
    inclusiveEnd
      ? `date_evenement BETWEEN '${week}'::date - interval '${span}' AND ${end}`
      : `date_evenement >= '${week}'::date - interval '${span}' AND date_evenement < ${end}`;
  const users = (rows: string) =>
    `SELECT ${shown}, count(DISTINCT id_utilisateur) AS nb FROM ${rows} GROUP BY ${raw}`;
  const equals = nullZeros ? '=' : 'IS NOT DISTINCT FROM';
  const update = (column: string, query: string) =>
    `UPDATE ${table} t SET ${column} = q.nb FROM (${query}) q WHERE t.semaine = '${week}' AND ${[
      't.structure ' + `${equals} q.structure`,
      `t.type_utilisateur ${equals} q.type_utilisateur`,
      ...places.map((each) => `t.${each} = q.${each}`),
    ].join(' AND ')}`;
  const activeWeeks = `(SELECT ${raw}, id_utilisateur, semaine FROM ${events} WHERE ${since('5 weeks')}
    GROUP BY ${raw}, id_utilisateur, semaine HAVING count(DISTINCT jour) >= 2) s`;
  const active = (least: number) =>
    users(`(SELECT ${raw}, id_utilisateur FROM ${activeWeeks} GROUP BY ${raw}, id_utilisateur
      HAVING count(DISTINCT semaine) >= ${least}) u`);
  const [two, one, engaged, three, four] = ENGAGEMENT_COLUMNS;
  return {
    table,
    statements: [
      `DELETE FROM ${table} WHERE semaine = '${week}'`,
      `INSERT INTO ${table} (semaine, ${raw}, ${two}) SELECT '${week}', q.* FROM (${users(`${events} WHERE ${since('2 months')}`)}) q`,
      update(one ?? '', users(`${events} WHERE ${since('1 month')}`)),
      update(
        engaged ?? '',
        users(`(SELECT ${raw}, id_utilisateur FROM ${events} WHERE semaine = '${week}'
          GROUP BY ${raw}, id_utilisateur HAVING count(DISTINCT jour) >= 2) u`),
      ),
      update(three ?? '', active(3)),
      update(four ?? '', active(4)),
      ...ENGAGEMENT_COLUMNS.slice(1).map((name) => `UPDATE ${table} SET ${name} = 0 WHERE ${name} IS NULL`),
    ],
  };
}
