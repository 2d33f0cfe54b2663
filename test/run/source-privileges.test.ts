import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Project } from '../../src/project/model.ts';
import type { DoctorFinding } from '../../src/run/workspace.ts';
import { BUFFER, eventsProject, happen, SOURCE_VARIABLE } from '../support/events.ts';
import { NOW } from '../support/events-place.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-source-privileges-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

const COPY = {
  name: 'application',
  source: 'app',
  schema: 'app',
  exclude: ['jobs'],
  never: { named: ['nowhere'] },
};

/** A source whose user has no right but to connect, and a target that this test owns. */
async function open() {
  const [from, to] = [await createTestDatabase(), await createTestDatabase()];
  const [source, target] = [await from.connect(), await to.connect()];
  await source.query(`${BUFFER}; CREATE SCHEMA app; CREATE TABLE app.users (id serial PRIMARY KEY, name text);
    CREATE TABLE app.jobs (id serial); CREATE TABLE app.secret (id integer)`);
  await target.query('CREATE TABLE people (person text, place text, region text)');
  await happen(source, ['2024-11-17 10:00+00', 'a', 'ann']);
  const user = `reader_${from.name}`;
  await source.query(
    `CREATE ROLE ${user} LOGIN PASSWORD 'x'; REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE TEMPORARY ON DATABASE ${from.name} FROM PUBLIC`,
  );
  const url = new URL(from.url);
  [url.username, url.password] = [user, 'x'];
  const board = (project: Project, readOnly = false) =>
    openTestWorkspace({
      project,
      env: { DATABASE_URL: to.url, [SOURCE_VARIABLE]: url.href },
      cacheDirectory: cache,
      now: () => NOW,
      readOnly,
    });
  const findings = async (project: Project, readOnly = false): Promise<DoctorFinding[]> => {
    await using place = await board(project, readOnly);
    const found: DoctorFinding[] = [];
    for await (const finding of place.workspace.doctor())
      if (finding.subject.includes('at source app')) found.push(finding);
    return found;
  };
  return {
    source,
    user,
    board,
    findings,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([from.drop(), to.drop()]);
    },
  };
}

const subjects = (found: DoctorFinding[]) =>
  found.map(({ subject }) =>
    subject.replace(/test_\w+/, 'test').replace(/^Privilege (.*) at source app$/, '$1'),
  );

describe('what a source’s user lacks', () => {
  it('is named for loading, cleaning up and copying, and the GRANTs that doctor gives are enough', async () => {
    await using place = await open();
    const project = eventsProject({}, [COPY]);
    const missing = await place.findings(project);
    expect(subjects(missing)).toEqual([
      'USAGE on schema app',
      'USAGE on schema public',
      'SELECT on public.buffer',
      'DELETE on public.buffer',
      'TEMPORARY on database test',
      'SELECT on users_id_seq of schema app, to copy',
      'SELECT on secret, users of schema app, to copy',
    ]);
    for (const { next } of missing) await place.source.query(next ?? '');
    expect(await place.findings(project)).toMatchObject([
      { verdict: 'pass', subject: 'Privileges at source app' },
    ]);
    await using board = await place.board(project);
    const synced = await board.run({ cells: [{ dataset: 'events', periods: ['2024-11-17'] }] });
    expect(synced.outcome.state).toBe('done');
    const request = requestOf({ command: 'cleanup', names: ['events'], reprocess: [] });
    const cleaned = await board.workspace.start(await board.workspace.plan(request));
    expect((await cleaned.done).state).toBe('done');
    expect((await place.source.query('SELECT FROM buffer')).rowCount).toBe(0);
  });

  it('is what must be read alone, where a context only reads or nothing is cleaned up', async () => {
    await using place = await open();
    await place.source.query(`GRANT USAGE ON SCHEMA public TO ${place.user}`);
    expect(subjects(await place.findings(eventsProject({}, [COPY]), true))).toEqual([
      'SELECT on public.buffer',
    ]);
    const kept = eventsProject({ select: { from: 'buffer', time: 'at', id: 'id' } });
    expect(subjects(await place.findings(kept))).toEqual(['SELECT on public.buffer']);
  });

  it('is told in the server’s words for a query of the definition', async () => {
    await using place = await open();
    const project = eventsProject({
      select: { from: { sql: 'SELECT * FROM app.secret_events' }, time: 'at', id: 'id' },
    });
    await place.source.query(
      `CREATE TABLE app.secret_events AS TABLE buffer; GRANT USAGE ON SCHEMA app TO ${place.user}`,
    );
    expect(await place.findings(project)).toMatchObject([
      {
        verdict: 'fail',
        subject: 'Query of events at source app',
        message: expect.stringContaining('permission denied for table secret_events') as unknown,
        next: expect.stringContaining('GRANT SELECT') as unknown,
      },
    ]);
    await place.source.query(`GRANT SELECT ON app.secret_events TO ${place.user}`);
    expect(await place.findings(project)).toMatchObject([{ verdict: 'pass' }]);
  });
});
