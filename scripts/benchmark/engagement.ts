import type pg from 'pg';
import type { Period } from '../../src/project/model.ts';
import { firstDay, nextPeriod, periodRange } from '../../src/project/period.ts';
import { say } from './bench.ts';

export const ZONE = 'Europe/Paris';
export const EVENTS = 'public.evenement_engagement';

export interface EngagementSize {
  weeks: Period[];
  /** Events a year. */
  events: number;
}

/** The first week is that of New Year's Day, so that its look-back lies before the events, as in a new system. */
export function engagementSize(weeks: number, events: number): EngagementSize {
  return { weeks: periodRange('2025-W01', '2025-W52').slice(0, weeks), events };
}

/** Those of the original: one for each column. */
const INDEXED = [
  'date_evenement',
  'categorie',
  'action',
  'nom',
  'id_utilisateur',
  'type_utilisateur',
  'structure',
  'code',
  'semaine',
  'jour',
  'agence',
  'departement',
  'region',
];

const STRUCTURES = [
  'MILO',
  'MILO',
  'MILO',
  'POLE_EMPLOI',
  'POLE_EMPLOI',
  'POLE_EMPLOI_BRSA',
  'CONSEIL_DEPT',
  'AVENIR_PRO',
  'PASS_EMPLOI',
];

/**
 * Fills the table of events that both sides read. Visits of four events each; 200,000 people, some of whom come every
 * other day and most seldom; places, structures and features with NULLs; one in fifty has moved by the middle. Unlogged,
 * because nothing writes to it while it is measured.
 */
export async function makeEvents(client: pg.Client, { weeks, events }: EngagementSize): Promise<void> {
  const first = firstDay(weeks[0] ?? '').toString();
  const end = firstDay(nextPeriod(weeks.at(-1) ?? '')).toString();
  const count = Math.round((events * weeks.length) / 52);
  await client.query(`SET TimeZone = '${ZONE}'`);
  await client.query(`CREATE UNLOGGED TABLE ${EVENTS} (id integer, date_evenement timestamptz, categorie varchar(255), action varchar(255),
    nom varchar(255), id_utilisateur varchar(255), type_utilisateur varchar(255), structure varchar(255), code varchar(255),
    semaine date, jour date, agence varchar, departement varchar, region varchar)`);
  await client.query('SELECT setseed(0.42)');
  await client.query(`
    WITH visits AS MATERIALIZED (
      SELECT visit, '${first}'::timestamptz + visit * ((('${end}'::timestamptz - '${first}'::timestamptz) - interval '5 minutes') / ${Math.ceil(count / 4)}) AS at,
             (200000 * power(random(), 3))::int AS person
        FROM generate_series(0, ${Math.ceil(count / 4) - 1}) AS visit),
    people AS (
      SELECT *, hashint4(person) & 1023 AS hash,
             (hashint4(person + (person % 50 = 0 AND at > '${first}'::timestamptz + interval '${Math.floor(weeks.length / 2)} weeks')::int * 13 + 7) & 1048575) % 101 AS place
        FROM visits),
    events AS (
      SELECT visit * 4 + n AS id, at + n * interval '47 seconds' AS at, person, hash, place, (random() * 119)::int AS feature
        FROM people, generate_series(0, 3) AS n)
    INSERT INTO ${EVENTS}
    SELECT id, at, CASE WHEN feature = 0 THEN NULL ELSE 'Categorie ' || feature % 10 END, CASE WHEN feature = 1 THEN NULL ELSE 'Action ' || feature % 30 END,
           CASE WHEN feature % 3 = 0 THEN NULL ELSE 'Nom ' || feature END, 'user-' || person,
           CASE WHEN hash = 0 THEN NULL WHEN hash % 12 = 0 THEN 'CONSEILLER' ELSE 'JEUNE' END,
           CASE WHEN hash = 1 THEN NULL ELSE (ARRAY['${STRUCTURES.join("','")}'])[1 + hash % ${STRUCTURES.length}] END,
           'CODE_' || feature, date_trunc('week', at), at, 'Agence ' || place * 5 + hash % 5,
           CASE WHEN place = 0 THEN NULL ELSE lpad(place::text, 2, '0') END, CASE WHEN place = 0 THEN NULL ELSE 'Region ' || place % 13 END
      FROM events`);
  say(`  its ${INDEXED.length} indexes`);
  for (const column of INDEXED) await client.query(`CREATE INDEX ON ${EVENTS} (${column})`);
  await client.query(`CREATE TABLE public.feature_flip (id serial, id_jeune varchar, feature_tag varchar)`);
  await client.query(
    `INSERT INTO public.feature_flip (id_jeune, feature_tag) SELECT 'user-' || n, 'DEMARCHES_IA' FROM generate_series(0, 200000, 9) AS n`,
  );
  await client.query(`VACUUM ANALYZE ${EVENTS}`);
  await client.query('ANALYZE public.feature_flip');
}
