import type pg from 'pg';
import { ADVISERS, adviserAt, agencies, YOUNG_PEOPLE, youngPersonAt } from './people.ts';

/** Tables of people that both databases have: the nightly dump brings them to the target. */
const PEOPLE = `
CREATE TABLE IF NOT EXISTS public.agence (
  id varchar(255) PRIMARY KEY, nom_agence varchar(255) NOT NULL, code_departement varchar(255), nom_region varchar(255));
CREATE TABLE IF NOT EXISTS public.conseiller (
  id varchar(255) PRIMARY KEY, structure varchar(255), id_agence varchar(255) REFERENCES public.agence);
CREATE TABLE IF NOT EXISTS public.jeune (
  id varchar(255) PRIMARY KEY, structure varchar(255), dispositif varchar(255), id_conseiller varchar(255) REFERENCES public.conseiller);
CREATE TABLE IF NOT EXISTS public.feature_flip (
  id serial PRIMARY KEY, id_jeune varchar(255) NOT NULL, feature_tag varchar(255) NOT NULL);
CREATE TABLE IF NOT EXISTS public.archive_jeune (
  id serial PRIMARY KEY, id_jeune varchar(255), date_archivage timestamptz, donnees jsonb);
`;

/** What the source alone has: the buffer of events. The application writes it, and keeps about a week. */
const BUFFER = `
CREATE TABLE IF NOT EXISTS public.evenement_engagement_hebdo (
  id serial PRIMARY KEY, date_evenement timestamptz NOT NULL, categorie varchar(255), action varchar(255), nom varchar(255),
  id_utilisateur varchar(255), type_utilisateur varchar(255), structure varchar(255), code varchar(255));
CREATE INDEX IF NOT EXISTS evenement_engagement_hebdo_date ON public.evenement_engagement_hebdo (date_evenement);
`;

export async function createPeople(client: pg.ClientBase): Promise<void> {
  await client.query(PEOPLE);
  const places = agencies();
  await insert(client, 'agence (id, nom_agence, code_departement, nom_region)', [
    places.map(({ id }) => id),
    places.map(({ name }) => name),
    places.map(({ department }) => department),
    places.map(({ region }) => region),
  ]);
  const advisers = Array.from({ length: ADVISERS }, (_, number) => adviserAt(number));
  await insert(client, 'conseiller (id, structure, id_agence)', [
    advisers.map(({ id }) => id),
    advisers.map(({ structure }) => structure),
    advisers.map(({ agency }) => agency ?? null),
  ]);
  const people = Array.from({ length: YOUNG_PEOPLE }, (_, number) => youngPersonAt(number));
  await insert(client, 'jeune (id, structure, dispositif, id_conseiller)', [
    people.map(({ id }) => id),
    people.map(({ structure }) => structure),
    people.map(({ programme }) => programme),
    people.map(({ adviser }) => adviser ?? null),
  ]);
  const chosen = people.filter(({ number }) => number % 9 === 0);
  await client.query(
    `INSERT INTO public.feature_flip (id, id_jeune, feature_tag)
     SELECT row_number() OVER (), id, 'DEMARCHES_IA' FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
    [chosen.map(({ id }) => id)],
  );
}

export async function createBuffer(client: pg.ClientBase): Promise<void> {
  await client.query(BUFFER);
}

/** Inserts columns of texts into a table that is named with its columns. Rows that are there stay. */
async function insert(
  client: pg.ClientBase,
  table: string,
  columns: ReadonlyArray<ReadonlyArray<string | null>>,
): Promise<void> {
  const lists = columns.map((_, at) => `$${at + 1}::text[]`).join(', ');
  await client.query(
    `INSERT INTO public.${table} SELECT * FROM unnest(${lists}) ON CONFLICT DO NOTHING`,
    columns.map((column) => [...column]),
  );
}
