import fc from 'fast-check';
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ORIGINAL,
  originalTables,
  originalWeek,
  type OriginalOptions,
} from '../../scripts/benchmark/weekly-original.ts';
import { runCheck } from '../../src/rollup/check.ts';
import { chunksOf } from '../../src/plan/aggregate-periods.ts';
import type { Project } from '../../src/project/model.ts';
import { addPeriods, firstDay, periodOf, periodRange } from '../../src/project/period.ts';
import { computePeriods } from '../../src/rollup/periods/compute.ts';
import passEmploi from '../../src/systems/pass-emploi/index.ts';
import { lines, startRun } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';

const ZONE = 'Europe/Paris';
const TABLES = [
  'analytics_fonctionnalites',
  'analytics_fonctionnalites_demarches_ia',
  'analytics_engagement',
  'analytics_engagement_national',
];

let database: TestDatabase;
let client: pg.Client;
let run: string;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  await client.query(`SET TimeZone = '${ZONE}'; SET search_path = public`);
  run = await startRun(client, 'pass-emploi');
  await client.query(`CREATE TABLE evenement_engagement (id serial, date_evenement timestamptz, categorie varchar,
    action varchar, nom varchar, id_utilisateur varchar, type_utilisateur varchar, structure varchar, code varchar,
    semaine date, jour date, agence varchar, departement varchar, region varchar)`);
  await client.query(`CREATE TABLE feature_flip (id serial, id_jeune varchar, feature_tag varchar);
    INSERT INTO feature_flip (id_jeune, feature_tag) VALUES ('ana', 'DEMARCHES_IA'), ('ana', 'DEMARCHES_IA'), ('bob', 'MIGRATION')`);
  await client.query('CREATE SCHEMA original');
  for (const statement of originalTables('original')) await client.query(statement);
  return () => database.drop();
});

interface Event {
  /** Wall time in Paris. */
  at: string;
  user: string | null;
  type: string | null;
  structure: string | null;
  place: readonly [region: string | null, departement: string | null];
  categorie: string | null;
  action: string | null;
  nom: string | null;
}

async function write(events: readonly Event[]): Promise<void> {
  await client.query('TRUNCATE evenement_engagement');
  await client.query(
    `INSERT INTO evenement_engagement (date_evenement, id_utilisateur, type_utilisateur, structure, region, departement, categorie, action, nom, semaine, jour)
     SELECT at, "user", type, structure, place->>0, place->>1, categorie, action, nom, date_trunc('week', at), at::date
       FROM jsonb_to_recordset($1) AS e(at timestamptz, "user" text, type text, structure text, place jsonb, categorie text, action text, nom text)`,
    [JSON.stringify(events)],
  );
}

const rowsOf = (relation: string) => lines(client, `SELECT * FROM ${relation}`);

async function original(
  weeks: readonly string[],
  options: OriginalOptions,
): Promise<Record<string, string[]>> {
  for (const week of weeks)
    for (const { statements } of originalWeek(
      'original',
      'evenement_engagement',
      firstDay(week).toString(),
      options,
    ))
      for (const statement of statements) await client.query(statement);
  return read('original');
}

async function read(schema: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const table of TABLES) found[table] = await rowsOf(`${schema}.${table}`);
  return found;
}

async function clear(): Promise<void> {
  for (const table of [...TABLES.map((each) => `original.${each}`), ...TABLES, 'utilisateurs_par_jour'])
    await client.query(`DO $$ BEGIN TRUNCATE ${table}; EXCEPTION WHEN undefined_table THEN NULL; END $$`);
  await client.query('DELETE FROM dayboard.computed; DELETE FROM dayboard.owed');
}

/** The weeks with dayboard, from the days of active users on. */
async function compute(
  project: Project,
  weeks: readonly string[],
  atOnce: number,
): Promise<Record<string, string[]>> {
  const [first, last] = [weeks[0] ?? '', weeks.at(-1) ?? ''];
  const days = periodRange(
    firstDay(first).subtract({ months: 2 }).toString(),
    firstDay(last).add({ days: 7 }).toString(),
  );
  for (const aggregate of project.aggregates.filter((each) => !each.onRequest)) {
    const periods = aggregate.period === 'day' ? days : weeks;
    const most = aggregate.period === 'day' ? aggregate.atOnce : atOnce;
    for (const chunk of chunksOf(periods, most))
      await computePeriods({ client, project, aggregate, run }, chunk);
  }
  return read('public');
}

const CORRECTED: OriginalOptions = { inclusiveEnd: false, nullZeros: false };
const parity = passEmploi.resolve({ PASS_EMPLOI_PARITY: 'inclusive-end,null-zeros' });
const corrected = passEmploi.resolve({});

/** Around the end of a year with 53 weeks, and around both changes of the clocks. */
const STARTS = ['2020-W52', '2021-W11', '2024-W42', '2024-W51'];
const TIMES = ['00:00:00', '00:30:00', '12:00:00', '23:30:00', '23:59:59.999999'];

/** Mostly the first, so that there are users with days enough in one group. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const someEvents = (start: string) =>
  fc.array(
    fc.record({
      // From more than two months before the first week to after the last.
      at: fc
        .tuple(fc.integer({ min: -70, max: 30 }), fc.constantFrom(...TIMES))
        .map(([days, time]) => `${firstDay(start).add({ days }).toString()} ${time}`),
      user: mostly<Event['user']>('ana', 'bob', 'cid', null),
      type: mostly<Event['type']>('JEUNE', 'CONSEILLER', null),
      structure: mostly<Event['structure']>('MILO', 'POLE_EMPLOI', 'PASS_EMPLOI', null),
      place: mostly<Event['place']>(['Bretagne', '35'], ['Bretagne', '22'], ['Bretagne', null], [null, null]),
      categorie: fc.constantFrom('Action', 'Message', null),
      action: fc.constantFrom('Création', 'Envoi', null),
      nom: fc.constantFrom('x', null),
    }),
    { minLength: 40, maxLength: 200 },
  );

const cases = fc.constantFrom(...STARTS).chain((start) =>
  fc.record({
    weeks: fc.constant(periodRange(start, addPeriods(start, 3))),
    events: someEvents(start),
  }),
);

describe('the weekly tables', () => {
  it('hold what the original computes week by week, in one pass too, as it is and corrected', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ weeks, events }) => {
        await clear();
        await write(events);
        const asItIs = await original(weeks, ORIGINAL);
        expect(await compute(parity, weeks, 1)).toEqual(asItIs);
        expect(await compute(parity, weeks, 26)).toEqual(asItIs);
        await clear();
        const better = await original(weeks, CORRECTED);
        expect(await compute(corrected, weeks, 1)).toEqual(better);
        expect(await compute(corrected, weeks, 26)).toEqual(better);
        const verdicts: Record<string, string> = {};
        for (const check of corrected.checks)
          verdicts[check.name] = (await runCheck(client, check, { timeZone: ZONE })).verdict;
        expect(verdicts).toEqual(Object.fromEntries(corrected.checks.map(({ name }) => [name, 'pass'])));
      }),
      { numRuns: 20 },
    );
  }, 240_000);
});

const EVENT: Event = {
  at: '2024-11-05 12:00:00',
  user: 'ana',
  type: 'JEUNE',
  structure: 'MILO',
  place: ['Bretagne', '35'],
  categorie: 'Action',
  action: 'Création',
  nom: 'x',
};
const WEEK = ['2024-W45'];

describe('a weekly table', () => {
  it('has one row for places without a name and for one that is called NON RENSEIGNE', async () => {
    await write([
      { ...EVENT, place: [null, null] },
      { ...EVENT, user: 'bob', place: ['NON RENSEIGNE', 'NON RENSEIGNE'] },
    ]);
    const found = await compute(corrected, WEEK, 1);
    expect(found['analytics_engagement']).toEqual([
      expect.stringMatching(/\|MILO\|JEUNE\|NON RENSEIGNE\|NON RENSEIGNE\|2\|2\|0\|0\|0$/),
    ]);
    expect(found['analytics_engagement_national']).toEqual([
      expect.stringMatching(/\|MILO\|JEUNE\|2\|2\|0\|0\|0$/),
    ]);
  });

  it('splits who moved by place and not in the country', async () => {
    await write([EVENT, { ...EVENT, at: '2024-11-06 12:00:00', place: ['Bretagne', '22'] }]);
    const found = await compute(corrected, WEEK, 1);
    expect(found['analytics_engagement']?.map((row) => row.split('|').slice(4).join(' '))).toEqual([
      '22 1 1 0 0 0',
      '35 1 1 0 0 0',
    ]);
    expect(found['analytics_engagement_national']).toEqual([expect.stringMatching(/\|1\|1\|1\|0\|0$/)]);
  });

  it('comes out the same when a closed week is computed again', async () => {
    await write([EVENT, { ...EVENT, user: 'bob', nom: null }]);
    await compute(corrected, WEEK, 1);
    for (const aggregate of corrected.aggregates.filter(({ period }) => period === 'week'))
      expect((await computePeriods({ client, project: corrected, aggregate, run }, WEEK)).changed).toEqual(
        [],
      );
  });
});

describe('a check of the weekly tables', () => {
  const verdictOf = async (name: string) => {
    const check = corrected.checks.find((each) => each.name === name);
    if (check === undefined) throw new RangeError(name);
    return (await runCheck(client, check, { timeZone: ZONE })).verdict;
  };

  it.each([
    ['weeks_are_monday_to_sunday', `UPDATE evenement_engagement SET semaine = semaine + 1`],
    ['weeks_are_monday_to_sunday', `UPDATE evenement_engagement SET jour = NULL`],
    ['archive_has_no_personal_data', 'CREATE TABLE archive_jeune (id int, donnees jsonb)'],
    [
      'one_row_per_grain',
      'DROP INDEX analytics_engagement_key; INSERT INTO analytics_engagement TABLE analytics_engagement',
    ],
    ['features_add_up', 'UPDATE analytics_fonctionnalites SET nb_ae_nom = nb_ae_nom + 1'],
    ['features_add_up', 'UPDATE analytics_fonctionnalites SET nb_users_total = 0'],
    ['features_match_events', 'UPDATE analytics_fonctionnalites SET nb_ae_total = nb_ae_total + 1'],
    ['engagement_is_ordered', 'UPDATE analytics_engagement SET nombre_utilisateurs_1_mois = 99'],
    ['regions_match_nation', 'UPDATE analytics_engagement_national SET nombre_utilisateurs_2_mois = 0'],
    [
      'no_week_is_missing',
      'DELETE FROM analytics_engagement WHERE semaine = (SELECT max(semaine) - 7 FROM analytics_engagement)',
    ],
  ])('fails: %s, after %s', async (name, breakIt) => {
    const monday =
      (
        await lines(client, `SELECT to_char(date_trunc('week', now()) - interval '14 days', 'YYYY-MM-DD')`)
      )[0] ?? '';
    const days = [-7, 0, 7].map(
      (more) =>
        `${firstDay(monday)
          .add({ days: more + 1 })
          .toString()} 12:00:00`,
    );
    await write(
      days.flatMap((at) => [
        { ...EVENT, at },
        { ...EVENT, at, user: 'bob', nom: 'y' },
      ]),
    );
    await compute(
      corrected,
      days.map((at) => periodOf(at.slice(0, 10), 'week')),
      3,
    );
    expect(await verdictOf(name)).toBe('pass');
    await client.query(breakIt);
    expect(await verdictOf(name)).toBe('fail');
  });
});
