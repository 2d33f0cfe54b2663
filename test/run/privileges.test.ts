import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DoctorFinding } from '../../src/run/workspace.ts';
import type { ScriptRequest } from '../../src/run/ready-script.ts';
import { DERIVED_OF_VISITS, aDataset, anAggregate, aProject } from '../support/definitions.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dayboard-test-privileges-'));
  mkdirSync(join(folder, 'files'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let database: TestDatabase;
let admin: pg.Client;
beforeEach(async () => {
  database = await createTestDatabase();
  admin = await database.connect();
  return () => database.drop();
});

const DAY = '2024-11-14';
const PROJECT = aProject({
  sources: { files: { kind: 'directory', path: '' } },
  datasets: [aDataset()],
  ...DERIVED_OF_VISITS,
});

/** A role with nothing but LOGIN and these rights; it is dropped with its database. */
async function role(name: string, ...rights: string[]): Promise<string> {
  const whole = `${name}_${database.name}`;
  await admin.query(`CREATE ROLE ${whole} LOGIN PASSWORD 'x'`);
  for (const right of rights) await admin.query(right.replaceAll('ROLE', whole));
  return whole;
}

function open(user: string, readOnly = false, project = PROJECT) {
  const url = new URL(database.url);
  [url.username, url.password] = [user, 'x'];
  return openTestWorkspace({
    project: { ...project, sources: { files: { kind: 'directory', path: join(folder, 'files') } } },
    env: { DATABASE_URL: url.href },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-11-15T07:40:00.000Z',
    readOnly,
  });
}

async function findings(user: string, readOnly = false): Promise<DoctorFinding[]> {
  await using board = await open(user, readOnly);
  const found: DoctorFinding[] = [];
  for await (const finding of board.workspace.doctor())
    if (/^(Privileges?|Owner)\b/.test(finding.subject)) found.push(finding);
  return found;
}

async function* nothing(): AsyncIterable<Buffer> {}

const LOADER = [
  'GRANT USAGE, CREATE ON SCHEMA public TO ROLE',
  'CREATE SCHEMA dayboard AUTHORIZATION ROLE',
  'CREATE SCHEMA dayboard_staging AUTHORIZATION ROLE',
];

/** Loads a day, corrects it, takes that back, computes all that is derived. */
async function everything(user: string): Promise<string[]> {
  await using board = await open(user);
  const cells = [{ dataset: 'visits', periods: [DAY] }];
  const states: string[] = [];
  const deliver = (...ids: string[]) =>
    writeFileSync(
      join(folder, 'files', `visits_${DAY}.csv`),
      ['id,day', ...ids.map((id) => `${id},${DAY}`), ''].join('\n'),
    );
  const run = async (request: Parameters<typeof board.run>[0]) => {
    const { outcome, events } = await board.run(request);
    const errors = events.flatMap((event) => (event.type === 'step.failed' ? [event.error.message] : []));
    states.push([outcome.state, ...errors].join(' '));
  };
  deliver('a', 'b');
  await run({ cells });
  deliver('a', 'c', 'd');
  await run({ cells });
  await run({ command: 'undo', cells });
  await run({ command: 'refresh', names: ['days', 'newest'] });
  return states;
}

describe('the least rights', () => {
  it('to load, refresh and undo are the README’s, and doctor finds none missing', async () => {
    const loader = await role('loader', ...LOADER);
    expect(await everything(loader)).toEqual(['done', 'done', 'done', 'done']);
    expect((await admin.query('SELECT visits::int FROM public.per_day')).rows).toEqual([{ visits: 2 }]);
    expect(await findings(loader)).toMatchObject([{ verdict: 'pass' }]);
  });

  it('to prepare, to compute periods and to run a script are the same', async () => {
    const loader = await role('loader', ...LOADER);
    await using board = await open(loader, false, { ...PROJECT, aggregates: [anAggregate()] });
    const prepared = await board.workspace.prepare(false);
    expect(prepared.changes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['visits', 'visits_by_week']),
    );
    writeFileSync(join(folder, 'files', `visits_${DAY}.csv`), `id,day\na,${DAY}\n`);
    const synced = await board.run({ cells: [{ dataset: 'visits', periods: [DAY] }] });
    expect(synced.outcome.state).toBe('done');
    const computed = await board.run({
      command: 'refresh',
      names: ['visits_by_week'],
      aggregates: [{ name: 'visits_by_week', periods: ['2024-W46'] }],
    });
    expect(computed.outcome.state).toBe('done');
    expect((await admin.query('SELECT visits::int FROM public.visits_by_week')).rows).toEqual([
      { visits: 1 },
    ]);
    writeFileSync(join(folder, 'fix.sql'), `DELETE FROM public.visits WHERE id = 'b';\n`);
    const request: ScriptRequest = {
      script: 'fix.sql',
      directory: folder,
      variables: [],
      singleTransaction: true,
      onError: 'stop',
    };
    const plan = await board.workspace.planScript(request);
    const streams = { stdin: nothing, stdout: () => undefined, stderr: () => undefined };
    const run = await board.workspace.startScript(plan, request, streams);
    expect((await run.done).state).toBe('done');
  });

  it('to take a table over are those of its owner, or of a member', async () => {
    const loader = await role('loader', ...LOADER);
    const owner = await role('owner', 'GRANT USAGE, CREATE ON SCHEMA public TO ROLE');
    await admin.query(`CREATE TABLE public.visits (id text NOT NULL, day date NOT NULL);
      INSERT INTO public.visits VALUES ('own', '2024-10-01'); ALTER TABLE public.visits OWNER TO ${owner};
      GRANT SELECT, INSERT, DELETE ON public.visits TO ${loader}`);
    await using board = await open(loader);
    await board.run({ cells: [{ dataset: 'visits', periods: [DAY] }] });
    await expect(board.workspace.adopt({ name: 'visits', act: 'switch' })).rejects.toMatchObject({
      message: expect.stringContaining(owner) as unknown,
    });
    await admin.query(`GRANT ${owner} TO ${loader}`);
    expect(await board.workspace.adopt({ name: 'visits', act: 'switch' })).toMatchObject({
      state: 'switched',
    });
    expect((await admin.query(`SELECT id FROM public.visits WHERE id = 'own'`)).rowCount).toBe(1);
  });

  it('to look are the README’s, and let nothing be written', async () => {
    const loader = await role('loader', ...LOADER);
    await everything(loader);
    const reader = await role(
      'reader',
      'GRANT USAGE ON SCHEMA dayboard TO ROLE',
      'GRANT SELECT ON ALL TABLES IN SCHEMA dayboard TO ROLE',
    );
    await using board = await open(reader, true);
    expect((await board.workspace.board({ columns: 3 })).rows).toHaveLength(1);
    expect(await board.workspace.freshness()).not.toEqual([]);
    expect(await board.workspace.runs(9)).toHaveLength(4);
    expect((await board.workspace.run('1')).steps).not.toEqual([]);
    expect(await findings(reader, true)).toMatchObject([{ verdict: 'pass' }]);
  });
});

describe('doctor', () => {
  it.each(['CREATE ON SCHEMA public', 'CREATE ON SCHEMA dayboard', 'USAGE ON SCHEMA dayboard_staging'])(
    'names %s when it is missing, with the GRANT that gives it back',
    async (right) => {
      const loader = await role('loader', ...LOADER);
      await everything(loader);
      await admin.query(
        'ALTER SCHEMA dayboard OWNER TO CURRENT_USER; ALTER SCHEMA dayboard_staging OWNER TO CURRENT_USER',
      );
      await admin.query(`GRANT ALL ON SCHEMA dayboard, dayboard_staging TO ${loader}`);
      await admin.query(`REVOKE ${right} FROM ${loader}, PUBLIC`);
      const missing = await findings(loader);
      expect(missing).toMatchObject([
        { verdict: 'fail', next: expect.stringContaining(right.replace(/.* SCHEMA /, '')) },
      ]);
      for (const { next } of missing) await admin.query(next ?? '');
      expect(await findings(loader)).toMatchObject([{ verdict: 'pass' }]);
    },
  );

  it('names what another role made, and membership in it is enough', async () => {
    const owner = await role('owner', ...LOADER);
    await everything(owner);
    const other = await role(
      'other',
      'GRANT USAGE, CREATE ON SCHEMA public, dayboard, dayboard_staging TO ROLE',
      'GRANT ALL ON ALL TABLES IN SCHEMA dayboard, public TO ROLE',
    );
    const missing = await findings(other);
    expect(missing).toMatchObject([
      { verdict: 'fail', next: expect.stringMatching(/^GRANT \S*owner\S* TO/) },
    ]);
    await admin.query(missing[0]?.next ?? '');
    expect(await findings(other)).toMatchObject([{ verdict: 'pass' }]);
    expect(await everything(other)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('names what a raw table that was there lacks', async () => {
    const loader = await role('loader', ...LOADER);
    await admin.query('CREATE TABLE public.visits (id text NOT NULL, day date NOT NULL)');
    const missing = await findings(loader);
    expect(missing.map(({ next }) => next)).toEqual(
      ['SELECT', 'INSERT', 'DELETE'].map((right) => expect.stringContaining(`GRANT ${right} ON`)),
    );
    for (const { next } of missing) await admin.query(next ?? '');
    expect(await findings(loader)).toMatchObject([{ verdict: 'pass' }]);
  });

  it('names what looking lacks', async () => {
    const loader = await role('loader', ...LOADER);
    await everything(loader);
    const reader = await role('reader');
    const missing = await findings(reader, true);
    expect(missing.length).toBeGreaterThan(0);
    for (const { next } of missing) await admin.query(next ?? '');
    expect(await findings(reader, true)).toMatchObject([{ verdict: 'pass' }]);
  });
});
