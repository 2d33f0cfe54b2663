import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { Database } from '../../src/ledger/connection.ts';
import { databaseSettings } from '../../src/ledger/database-settings.ts';
import type { ScriptRequest } from '../../src/run/ready-script.ts';
import { sourceDatabase } from '../../src/run/source-database.ts';
import type { DoctorFinding, Workspace } from '../../src/run/workspace.ts';
import { aDataset, aProject } from '../support/definitions.ts';
import { startPgBouncer, wantPgBouncer } from '../support/pgbouncer.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const project = (folder: string) =>
  aProject({ sources: { files: { kind: 'directory', path: folder } }, datasets: [aDataset()] });

async function doctorFinds(workspace: Workspace): Promise<DoctorFinding[]> {
  const found: DoctorFinding[] = [];
  for await (const finding of workspace.doctor()) found.push(finding);
  return found;
}

describe.skipIf(!wantPgBouncer())('PgBouncer in front of the server', () => {
  it.each([
    ['transaction', {}],
    ['transaction', { server_round_robin: 1, min_pool_size: 3 }],
    ['transaction', { default_pool_size: 1 }],
    ['statement', {}],
  ] as const)(
    'is refused in %s mode (%j), with the reason, before anything is made',
    async (mode, settings) => {
      await using behind = await createTestDatabase();
      await using pooler = await startPgBouncer(behind.url, mode, settings);
      const database = new Database(databaseSettings({ DATABASE_URL: pooler.url }), false);
      await expect(database.connect('test')).rejects.toMatchObject({
        code: 'database.pooler',
        message: expect.stringContaining('pool_mode = transaction or statement') as unknown,
        next: expect.stringContaining('pool_mode = session') as unknown,
      });
      const direct = await behind.connect();
      const left = await direct.query(
        `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'dayboard%') + (SELECT count(*) FROM pg_locks
         WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS things`,
      );
      expect(left.rows).toEqual([{ things: '0' }]);
    },
  );

  it.each([
    ['in turn', { server_round_robin: 1 }],
    ['the last one back first', {}],
  ])('is refused when it has several sessions already and hands them out %s', async (_, settings) => {
    await using behind = await createTestDatabase();
    await using pooler = await startPgBouncer(behind.url, 'transaction', settings);
    const others = [0, 1].map(() => new pg.Client({ connectionString: pooler.url }));
    for (const other of others) await other.connect();
    // Both in a transaction at once: from then on there are two.
    for (const other of others) await other.query('BEGIN');
    for (const other of others) await other.query('COMMIT');
    const database = new Database(databaseSettings({ DATABASE_URL: pooler.url }), false);
    // Side by side, as a workspace opens its first ones: the pool's order is another each time.
    const tries = await Promise.allSettled([0, 1, 2].map(() => database.connect('test')));
    for (const each of tries)
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'database.pooler' } });
    for (const other of others) await other.end();
  });

  it('is named when its pool of sessions has none for a second connection', async () => {
    await using behind = await createTestDatabase();
    await using pooler = await startPgBouncer(behind.url, 'session', { default_pool_size: 1 });
    const database = new Database(databaseSettings({ DATABASE_URL: pooler.url }), false);
    await expect(database.connect('test')).rejects.toMatchObject({
      code: 'database.pooler-full',
      next: expect.stringContaining('default_pool_size') as unknown,
    });
  });

  it('is what doctor, a run and a schedule name, and a source of rows that is behind one, too', async () => {
    await using behind = await createTestDatabase();
    await using pooler = await startPgBouncer(behind.url, 'transaction');
    const folder = await mkdtemp(join(tmpdir(), 'dayboard-test-pooler-'));
    await using place = await openTestWorkspace({
      project: project(folder),
      env: { DATABASE_URL: pooler.url },
      cacheDirectory: join(folder, 'cache'),
    });
    const { workspace } = place;
    const [found] = await doctorFinds(workspace);
    expect(found).toMatchObject({
      verdict: 'fail',
      subject: 'PostgreSQL',
      message: expect.stringContaining('connection pooler') as unknown,
      next: expect.stringContaining('pool_mode = session') as unknown,
    });
    const refused = { code: 'database.pooler' };
    await expect(place.run({})).rejects.toMatchObject(refused);
    await expect(workspace.holdSchedule()).rejects.toMatchObject(refused);
    await expect(workspace.prepare(false)).rejects.toMatchObject(refused);
    const direct = await behind.connect();
    const made = await direct.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'dayboard%'`);
    expect(made.rows).toEqual([]);
    const source = sourceDatabase({ SOURCE_URL: pooler.url }, 'SOURCE_URL', false);
    await expect(source.connect('load')).rejects.toMatchObject({
      message: expect.stringContaining('connection pooler') as unknown,
    });
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['refuses startup options', {}],
    ['ignores startup options', { ignore_startup_parameters: 'options' }],
  ])('serves a run in session mode, and a context that only reads, when it %s', async (_, settings) => {
    await using behind = await createTestDatabase();
    await using pooler = await startPgBouncer(behind.url, 'session', settings);
    const folder = await mkdtemp(join(tmpdir(), 'dayboard-test-pooler-'));
    const env = { DATABASE_URL: pooler.url };
    const cacheDirectory = join(folder, 'cache');
    await writeFile(join(folder, 'visits_2024-11-14.csv'), 'id,day\na,2024-11-14\n');
    await using writer = await openTestWorkspace({ project: project(folder), env, cacheDirectory });
    const { outcome } = await writer.run({ cells: [{ dataset: 'visits', periods: ['2024-11-14'] }] });
    expect(outcome.state).toBe('done');
    await using reader = await openTestWorkspace({
      project: project(folder),
      env,
      cacheDirectory,
      readOnly: true,
    });
    expect((await reader.workspace.runs(5)).map(({ state }) => state)).toEqual(['done']);
    const client = await new Database(databaseSettings(env), true).connect('test');
    try {
      await expect(client.query('CREATE TABLE pwned ()')).rejects.toMatchObject({ code: '25006' });
    } finally {
      await client.end();
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('in session mode lets a statement be cancelled: the server is told, not the pooler', async () => {
    await using behind = await createTestDatabase();
    await using pooler = await startPgBouncer(behind.url, 'session');
    const folder = await mkdtemp(join(tmpdir(), 'dayboard-test-pooler-'));
    await writeFile(join(folder, 'slow.sql'), 'SELECT pg_sleep(600);\n');
    await using place = await openTestWorkspace({
      project: project(folder),
      env: { DATABASE_URL: pooler.url },
      cacheDirectory: join(folder, 'cache'),
    });
    const request: ScriptRequest = {
      script: 'slow.sql',
      directory: folder,
      variables: [],
      singleTransaction: false,
      onError: 'stop',
    };
    async function* nothing(): AsyncIterable<Buffer> {}
    const streams = { stdin: nothing, stdout: () => undefined, stderr: () => undefined };
    const atWork = Promise.withResolvers<void>();
    const plan = await place.workspace.planScript(request);
    const run = await place.workspace.startScript(plan, request, streams, ({ type }) => {
      if (type === 'step.progress') atWork.resolve();
    });
    await atWork.promise;
    await run.cancel('now');
    expect((await run.done).state).toBe('cancelled');
    await rm(folder, { recursive: true, force: true });
  });
});
