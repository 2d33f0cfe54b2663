import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type pg from 'pg';
import type { Project } from '../../src/project/model.ts';
import { DERIVED_OF_VISITS, aDataset, aProject } from '../support/definitions.ts';
import { lines } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-adopt-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  // The superuser has the name of dayboard's schema.
  await client.query(`SET search_path = public;
    CREATE TABLE visits (id text NOT NULL, day date NOT NULL);
    INSERT INTO visits SELECT 'v' || n, date '2024-11-01' + n % 10 FROM generate_series(1, 100) n;
    CREATE MATERIALIZED VIEW per_day AS SELECT day, count(*) AS visits FROM visits GROUP BY day;
    CREATE MATERIALIZED VIEW newest AS SELECT max(day) AS day FROM visits`);
  return () => database.drop();
});

const PROJECT: Project = aProject({
  datasets: [aDataset({ carries: { kind: 'window', key: ['id', 'day'], winner: 'newest' } })],
  ...DERIVED_OF_VISITS,
  existing: { 'public.newest': 'replace' },
});

const open = (user = 'ann', readOnly = false) =>
  openTestWorkspace({
    project: PROJECT,
    env: { DATABASE_URL: database.url },
    cacheDirectory: join(folder, 'cache'),
    user,
    readOnly,
  });

describe('a workspace', () => {
  it('adopts rollup, views and table in the order that it tells', async () => {
    await using place = await open();
    const { workspace } = place;
    const plan = await workspace.adoption('visits');
    expect(plan.obstacles.map(({ next }) => next)).toEqual([
      expect.stringContaining('dayboard refresh newest'),
      expect.stringContaining('dayboard adopt days'),
    ]);
    const told: string[] = [];
    const compared = await workspace.adopt({
      name: 'days',
      act: 'compare',
      onProgress: ({ message }) => told.push(message),
    });
    expect(told[0]).toMatch(/^run 1 computes days/);
    expect(compared).toMatchObject({
      comparison: { rowsThere: 10, rowsRollup: 10, changed: 0 },
      replaced: false,
    });
    expect(await workspace.adopt({ name: 'days', act: 'replace' })).toMatchObject({ replaced: true });
    await place.run({ command: 'refresh', names: ['newest'] });
    // dayboard's own materialized view is no obstacle: it is owed, and built over the new table.
    expect(await workspace.adopt({ name: 'visits', act: 'switch' })).toMatchObject({
      state: 'switched',
      obstacles: [],
    });
    await client.query(`DELETE FROM visits WHERE day > '2024-11-05'`);
    expect(await lines(client, 'SELECT day::text FROM newest')).toEqual(['2024-11-10']);
    await expect(workspace.adopt({ name: 'visits', act: 'finish' })).rejects.toMatchObject({
      code: 'adopt.depended-on',
      message: expect.stringContaining('newest'),
      next: expect.stringContaining('refresh --owed'),
    });
    await place.run({ command: 'refresh', owed: true });
    expect(await lines(client, 'SELECT day::text FROM newest')).toEqual(['2024-11-05']);
    expect(await workspace.adopt({ name: 'visits', act: 'finish' })).toMatchObject({ state: 'finished' });
  });

  it.each(['now', 'step'] as const)(
    'adopts in a run, which another console sees and can cancel: %s',
    async (mode) => {
      await client.query('DROP MATERIALIZED VIEW per_day, newest');
      await using ann = await open('ann');
      await using bob = await open('bob');
      const holder = await database.connect();
      await holder.query('BEGIN; SELECT 1 FROM public.visits');
      const waiting = Promise.withResolvers<void>();
      const adopting = ann.workspace.adopt({
        name: 'visits',
        act: 'finish',
        onProgress: ({ message }) => message.startsWith('waiting') && waiting.resolve(),
      });
      await waiting.promise;
      const [seen] = await bob.workspace.runs(1);
      expect(seen).toMatchObject({ command: 'adopt', state: 'running', by: 'ann' });
      await Promise.all([
        expect(adopting).rejects.toMatchObject({ code: 'adopt.interrupted', kind: 'interrupted' }),
        bob.workspace.cancel(seen!.id, mode),
      ]);
      expect((await bob.workspace.run(seen!.id)).run).toMatchObject({ state: 'cancelled' });
      await holder.query('COMMIT');
      expect(await bob.workspace.adopt({ name: 'visits', act: 'finish' })).toMatchObject({
        state: 'finished',
      });
      const [last] = await ann.workspace.runs(1);
      const detail = await ann.workspace.run(last!.id);
      expect(detail).toMatchObject({
        run: { command: 'adopt', state: 'done', cli: 'dayboard adopt visits' },
        steps: [{ kind: 'adopt', target: 'visits', state: 'done' }],
      });
      const notes = await lines(
        client,
        `SELECT body->>'message' FROM dayboard.event WHERE run = ${seen!.id} AND body->>'type' = 'step.note'`,
      );
      expect(notes).toContainEqual(expect.stringMatching(/^copy: /));
    },
  );

  it('adopts one table at a time: the second is told who is at it', async () => {
    await client.query('DROP MATERIALIZED VIEW per_day, newest');
    await using ann = await open('ann');
    await using bob = await open('bob');
    const holder = await database.connect();
    await holder.query('BEGIN; SELECT 1 FROM public.visits');
    const waiting = Promise.withResolvers<void>();
    const adopting = ann.workspace.adopt({
      name: 'visits',
      act: 'finish',
      onProgress: ({ message }) => message.startsWith('waiting') && waiting.resolve(),
    });
    await waiting.promise;
    await expect(bob.workspace.adopt({ name: 'visits', act: 'finish' })).rejects.toMatchObject({
      code: 'lock.held',
      kind: 'refused',
      facts: { holder: 'ann', host: 'bastion' },
    });
    await holder.query('COMMIT');
    expect(await adopting).toMatchObject({ state: 'finished' });
  });

  it('is interrupted at once, and the adoption is gone on with', async () => {
    await client.query('DROP MATERIALIZED VIEW per_day, newest');
    await using place = await open();
    const holder = await database.connect();
    await holder.query('BEGIN; LOCK TABLE public.visits IN ROW EXCLUSIVE MODE');
    const abort = new AbortController();
    const adopting = place.workspace.adopt({ name: 'visits', act: 'finish', signal: abort.signal });
    adopting.catch(() => undefined);
    const waits = async () =>
      (
        await lines(
          client,
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
      ).length > 0;
    await until(waits, { what: 'the adoption waits for the writer' });
    abort.abort();
    await expect(adopting).rejects.toMatchObject({ code: 'adopt.interrupted', kind: 'interrupted' });
    await holder.query('COMMIT');
    expect(await place.workspace.adopt({ name: 'visits', act: 'finish' })).toMatchObject({
      state: 'finished',
    });
    expect(await lines(client, 'SELECT count(*) FROM visits')).toEqual(['100']);
  });

  it('of a read-only context plans, and adopts nothing', async () => {
    await using place = await open('ann', true);
    expect(await place.workspace.adoption('visits')).toMatchObject({ state: 'none', rows: 100 });
    expect(await place.workspace.adoption('days')).toMatchObject({
      kind: 'rollup',
      what: 'materialized view',
    });
    await expect(place.workspace.adopt({ name: 'visits', act: 'finish' })).rejects.toMatchObject({
      code: 'context.read-only',
    });
  });

  it('knows its names', async () => {
    await using place = await open();
    await expect(place.workspace.adoption('visit')).rejects.toMatchObject({
      code: 'usage.name',
      message: expect.stringContaining('Did you mean "visits"?'),
    });
  });
});
