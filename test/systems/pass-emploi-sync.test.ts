import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readState } from '../../src/demo/demo-files.ts';
import { DemoEvents } from '../../src/demo/engagement/demo-events.ts';
import { eventsOf } from '../../src/demo/engagement/events.ts';
import { periodRange } from '../../src/project/period.ts';
import passEmploi from '../../src/systems/pass-emploi/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';

/** A Tuesday; the weeks before it have the end of summer time in them. */
const NOW = '2026-11-10T09:00:00.000Z';
const DAYS = periodRange('2026-10-20', '2026-11-09');

let directory: string;
let databases: { source: TestDatabase; target: TestDatabase };
let demo: DemoEvents;
let board: TestWorkspace;
let [source, target]: pg.Client[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dayboard-test-pass-emploi-'));
  databases = { source: await createTestDatabase(), target: await createTestDatabase() };
  demo = await DemoEvents.open({
    directory,
    state: readState(directory, '2026-11-10'),
    weeks: 3,
    timeZone: 'Europe/Paris',
    source: databases.source.url,
    target: databases.target.url,
    now: () => NOW,
    log: () => undefined,
  });
  board = await openTestWorkspace({
    project: passEmploi.resolve(demo.variables),
    env: { ...demo.variables },
    cacheDirectory: directory,
    now: () => NOW,
  });
  source = await databases.source.connect();
  target = await databases.target.connect();
});
afterAll(async () => {
  await board[Symbol.asyncDispose]();
  await demo.close();
  await rm(directory, { recursive: true, force: true });
});

const sync = (...days: string[]) =>
  board.run({ cells: [{ dataset: 'evenement_engagement', periods: days }] });

async function one(sql: string): Promise<Record<string, unknown>> {
  return (await target!.query(sql)).rows[0];
}

/** Young people and their events of a week and structure, as the weekly table of the country and the events have them. */
const weekOf = (structure: string) =>
  `SELECT (SELECT sum(nombre_utilisateurs_1_mois) FROM public.analytics_engagement_national WHERE semaine = '2026-10-26' AND structure = '${structure}' AND type_utilisateur = 'JEUNE')::int AS computed,
          (SELECT count(DISTINCT id_utilisateur) FROM public.evenement_engagement WHERE structure = '${structure}' AND type_utilisateur = 'JEUNE'
             AND date_evenement >= '2026-09-26 00:00 Europe/Paris' AND date_evenement < '2026-11-02 00:00 Europe/Paris')::int AS counted`;

describe('pass-emploi, from one database to the other', () => {
  it('fails freshness when the weeks did not start after the events were there', async () => {
    await board.run({
      command: 'import',
      cells: [{ dataset: 'evenement_engagement', periods: ['2026-10-20'] }],
    });
    const found = await board.workspace.freshness(['analytics_engagement', 'application']);
    expect(found).toMatchObject([
      { name: 'application', kind: 'copy', verdict: 'unknown' },
      {
        name: 'analytics_engagement',
        verdict: 'error',
        why: expect.stringContaining('at the scheduled start of 2026-11-10T01:30Z it was owed'),
      },
    ]);
  });

  it('loads every event once, with its week and day in Paris', async () => {
    const { outcome } = await sync(...DAYS);
    expect(outcome).toMatchObject({ state: 'done', deliveries: { published: DAYS.length - 1, failed: 0 } });
    const events = DAYS.flatMap((day) => eventsOf(day)).length;
    expect(
      await one(`SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids,
          count(*) FILTER (WHERE semaine IS NULL OR jour IS NULL)::int AS without,
          bool_and(extract(isodow FROM semaine) = 1 AND jour >= semaine AND jour < semaine + 7) AS mondays,
          bool_and(jour = (date_evenement AT TIME ZONE 'Europe/Paris')::date) AS days
          FROM public.evenement_engagement`),
    ).toEqual({ rows: events, ids: events, without: 0, mondays: true, days: true });
  });

  it('passes freshness once they are computed', async () => {
    const [found] = await board.workspace.freshness(['analytics_engagement']);
    expect(found?.verdict).not.toBe('error');
    expect(found?.why).not.toContain('did not start');
  });

  it('has young people of MILO with the programme PACEA under MILO_PACEA, and computes their weeks', async () => {
    expect(
      await one(`SELECT count(*)::int AS wrong FROM public.evenement_engagement e JOIN public.jeune j ON j.id = e.id_utilisateur
          WHERE e.type_utilisateur = 'JEUNE' AND e.structure LIKE 'MILO%' AND e.structure <> CASE WHEN j.dispositif = 'PACEA' THEN 'MILO_PACEA' ELSE 'MILO' END`),
    ).toEqual({ wrong: 0 });
    const { computed, counted } = await one(weekOf('MILO_PACEA'));
    expect(computed).toBe(counted);
  });

  it('owes the weeks of whoever changes the programme, and computes them in the same run', async () => {
    const before = await one(weekOf('MILO_PACEA'));
    await target!.query(`UPDATE public.jeune SET dispositif = 'PACEA' WHERE dispositif = 'CEJ'`);
    await source!.query(
      `INSERT INTO public.evenement_engagement_hebdo (date_evenement, categorie, id_utilisateur, type_utilisateur, structure)
       VALUES ('2026-11-09 20:00 Europe/Paris', 'Message', 'jeune-1', 'JEUNE', 'CONSEIL_DEPT')`,
    );
    const { outcome } = await sync('2026-11-09');
    expect(outcome.state).toBe('done');
    const after = await one(weekOf('MILO_PACEA'));
    expect(after['computed']).toBe(after['counted']);
    expect(after['computed']).toBeGreaterThan(before['computed'] as number);
    expect(await one(weekOf('MILO'))).toEqual({ computed: null, counted: 0 });
  });

  it.each([
    ['days_are_complete', `DELETE FROM public.evenement_engagement WHERE id = 1`],
    [
      'no_event_is_twice',
      `INSERT INTO public.evenement_engagement SELECT (jsonb_populate_record(e, '{"_delivery": "2000-01-01"}')).* FROM public.evenement_engagement e WHERE id = 9`,
    ],
    ['archive_has_no_personal_data', 'ALTER TABLE public.archive_jeune ADD COLUMN donnees jsonb'],
  ])('fails the check %s when it should', async (name, damage) => {
    const check = board.workspace.project.checks.find((each) => each.name === name);
    // The check asks about the last two months, whenever this test runs.
    const sql = (check?.sql ?? '').replaceAll('now()', `'${NOW}'::timestamptz`);
    expect((await target!.query(sql)).rows).toEqual([]);
    await target!.query('BEGIN');
    try {
      await target!.query(damage);
      expect((await target!.query(sql)).rowCount).toBe(1);
    } finally {
      await target!.query('ROLLBACK');
    }
  });

  it('loses nothing when the buffer is cleaned up after a load, with an event that came between', async () => {
    const { rows } = await one('SELECT count(*)::int AS rows FROM public.evenement_engagement');
    await source!.query(
      `INSERT INTO public.evenement_engagement_hebdo (date_evenement, categorie, id_utilisateur, type_utilisateur, structure)
       VALUES ('2026-11-09 07:00 Europe/Paris', 'Message', 'jeune-2', 'JEUNE', 'CONSEIL_DEPT')`,
    );
    const plan = await board.workspace.plan({
      command: 'cleanup',
      cells: [],
      reprocess: [],
      names: ['evenement_engagement'],
      concurrency: 1,
      force: [],
    });
    expect(plan.cleanups?.[0]).toMatchObject({ proven: rows, rows: (rows as number) + 1 });
    expect(await (await board.workspace.start(plan)).done).toMatchObject({ state: 'done' });
    await sync('2026-11-09');
    expect(await one('SELECT count(*)::int AS rows FROM public.evenement_engagement')).toEqual({
      rows: (rows as number) + 1,
    });
  });
});
