import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SchemaCopyInput } from '../../src/project/input.ts';
import type { Project } from '../../src/project/model.ts';
import {
  createTestDatabase,
  systemPostgres,
  type TestDatabase,
  type TestServer,
} from '../support/postgres.ts';
import { openTestWorkspace, requestOf, type TestWorkspace } from '../support/workspace.ts';
import { eventsProject, SOURCE_VARIABLE } from '../support/events.ts';

let cache: string;
let server: (TestServer & { stop(): Promise<void> }) | undefined;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-copy-'));
  server = await systemPostgres();
});
afterAll(async () => {
  await server?.stop();
  await rm(cache, { recursive: true, force: true });
});

const APPLICATION = `
  CREATE TABLE agence (id integer PRIMARY KEY, nom text);
  CREATE TABLE conseiller (id integer PRIMARY KEY, id_agence integer REFERENCES agence);
  CREATE TABLE archive (id integer, donnees jsonb);
  CREATE TABLE suivi_job (id integer);
  INSERT INTO agence VALUES (1, 'Lyon'), (2, 'Brest');
  INSERT INTO conseiller VALUES (10, 1), (11, 2), (12, NULL);
  INSERT INTO archive VALUES (1, '{"name": "private"}');
  INSERT INTO suivi_job VALUES (1)`;

function project(changes: Partial<SchemaCopyInput> = {}): Project {
  return eventsProject({}, [
    {
      name: 'application',
      source: 'app',
      exclude: ['suivi_job', 'events', 'buffer'],
      never: { named: ['pa-back-prod'], having: 'public.buffer' },
      extensions: ['pg_trgm', 'no_such_extension'],
      add: [
        {
          table: 'conseiller',
          column: 'date_premier_ae',
          type: 'date',
          value: { sql: 'SELECT first FROM public.seen WHERE seen.id = conseiller.id', reads: 'seen' },
        },
      ],
      drop: [{ table: 'archive', column: 'donnees' }],
      ...changes,
    },
  ]);
}

interface Place extends AsyncDisposable {
  source: pg.Client;
  target: pg.Client;
  board: TestWorkspace;
  databases: { source: TestDatabase; target: TestDatabase };
}

async function open(
  on: TestServer | undefined,
  changes: Partial<SchemaCopyInput> = {},
  same = false,
): Promise<Place> {
  const options = on === undefined ? {} : { server: on };
  const [from, to] = [await createTestDatabase(options), await createTestDatabase(options)];
  const [source, target] = [await from.connect(), await to.connect()];
  await source.query(APPLICATION);
  const board = await openTestWorkspace({
    project: project(changes),
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: to.url,
      // By another name of the same machine.
      [SOURCE_VARIABLE]: same ? to.url.replace('127.0.0.1', 'localhost') : from.url,
    },
    cacheDirectory: cache,
  });
  return {
    source,
    target,
    board,
    databases: { source: from, target: to },
    [Symbol.asyncDispose]: async () => {
      await board[Symbol.asyncDispose]();
      await Promise.all([from.drop(), to.drop()]);
    },
  };
}

const COPY = requestOf({ command: 'copy', names: ['application'], reprocess: [] });

async function tablesOf(client: pg.Client): Promise<string[]> {
  const found = await client.query(
    `SELECT table_name || '(' || string_agg(column_name, ' ' ORDER BY ordinal_position) || ')' AS name
       FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name ORDER BY 1`,
  );
  return found.rows.map(({ name }) => name);
}

describe('a copy of a schema, with the programs of this machine', () => {
  it('replaces all tables but those left out, keeps what the target alone has, and counts', async ({
    skip,
  }) => {
    if (server === undefined) return skip('this machine has no PostgreSQL of its own');
    await using place = await open(server);
    await place.target.query(`
      CREATE TABLE conseiller (id integer, old text); INSERT INTO conseiller VALUES (1, 'gone');
      CREATE TABLE analytics (week date); INSERT INTO analytics VALUES ('2024-11-18')`);
    const plan = await place.board.workspace.plan(COPY);
    expect(plan.copies).toMatchObject([
      { name: 'application', tables: ['agence', 'archive', 'conseiller'], excluded: ['suivi_job'] },
    ]);
    const run = await place.board.workspace.start(plan);
    expect(await run.done).toMatchObject({ state: 'done', exitCode: 0 });
    expect(await tablesOf(place.target)).toEqual([
      'agence(id nom)',
      'analytics(week)',
      'archive(id)',
      'conseiller(id id_agence date_premier_ae)',
    ]);
    const counted = await place.target.query(
      `SELECT (SELECT count(*) FROM conseiller)::int AS advisers, (SELECT count(*) FROM analytics)::int AS weeks`,
    );
    expect(counted.rows).toEqual([{ advisers: 3, weeks: 1 }]);
    expect(await left()).toEqual([]);
    // The second night is like the first, and what the target knows by now comes back.
    await place.target.query(`CREATE TABLE public.seen AS SELECT 11 AS id, '2024-11-18'::date AS first`);
    const again = await place.board.workspace.start(await place.board.workspace.plan(COPY));
    expect(await again.done).toMatchObject({ state: 'done' });
    const seen = await place.target.query(
      'SELECT id, date_premier_ae::text AS first FROM public.conseiller ORDER BY id',
    );
    expect(seen.rows.map(({ first }) => first)).toEqual([null, '2024-11-18', null]);
  });

  it('fails when a table cannot be replaced, and says which and why', async ({ skip }) => {
    if (server === undefined) return skip('this machine has no PostgreSQL of its own');
    await using place = await open(server);
    await place.target.query('CREATE TABLE agence (id integer); CREATE VIEW report AS SELECT * FROM agence');
    const events: unknown[] = [];
    const run = await place.board.workspace.start(await place.board.workspace.plan(COPY), (event) =>
      events.push(event),
    );
    expect(await run.done).toMatchObject({ state: 'failed', exitCode: 1 });
    const told = JSON.stringify(events);
    expect(told).toContain('copy.restore');
    expect(told).toContain('agence');
    expect(told).not.toContain(new URL(place.databases.source.url).password);
    expect(await left()).toEqual([]);
  });
});

describe('a copy of a schema', () => {
  it('is refused with both versions when the installed programs are older than a server', async ({
    skip,
  }) => {
    await using place = await open(undefined);
    const refused = await place.board.workspace.plan(COPY).catch((thrown: unknown) => thrown);
    if (!(refused instanceof Error)) return skip('this machine has programs that are new enough');
    expect(refused).toMatchObject({ code: 'copy.tools', kind: 'refused', facts: { source: 18, target: 18 } });
    expect(await tablesOf(place.target)).toEqual([]);
  });

  it('is refused when source and target are one database, by whatever name', async () => {
    await using place = await open(undefined, {}, true);
    await expect(place.board.workspace.plan(COPY)).rejects.toMatchObject({ code: 'copy.same-database' });
  });

  it('is refused into a database that its address or a table of its own tells to be production', async () => {
    await using place = await open(undefined);
    await place.target.query('CREATE TABLE buffer (id integer)');
    await expect(place.board.workspace.plan(COPY)).rejects.toMatchObject({ code: 'copy.production' });
    await using named = await open(undefined, { never: { named: ['127.0.0.1'] } });
    await expect(named.board.workspace.plan(COPY)).rejects.toMatchObject({ code: 'copy.production' });
  });

  it('is not made when it is switched off, nor when its name is unknown', async () => {
    await using place = await open(undefined, { off: 'not here' });
    await expect(place.board.workspace.plan(COPY)).rejects.toMatchObject({ code: 'copy.off' });
    expect((await place.board.workspace.plan({ ...COPY, names: [] })).steps).toEqual([]);
    await expect(place.board.workspace.plan({ ...COPY, names: ['aplication'] })).rejects.toThrow(
      'Did you mean',
    );
  });

  it('must leave out every table that something of the project fills', () => {
    expect(() => project({ exclude: [] })).toThrow('lacks "events", which events fills');
  });
});

/** Dumps that a copy has left in the temporary directory. */
async function left(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('dayboard-copy-'));
}
