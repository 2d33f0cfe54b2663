import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { createTestDatabase, systemPostgres, templateDatabase } from './postgres.ts';

const build = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table built as select gen_random_uuid() as id, pg_backend_pid() as by');
  await client.end();
};

async function builtId(name: string): Promise<unknown> {
  await using database = await createTestDatabase({ template: name });
  const client = await database.connect();
  return (await client.query('select id from built')).rows[0].id;
}

describe('a test database', () => {
  it('is empty, of its own, and gone after drop', async () => {
    const first = await createTestDatabase();
    const second = await createTestDatabase();
    const client = await first.connect();
    await client.query('create table only_here (x int)');
    const other = await second.connect();
    expect((await other.query("select to_regclass('only_here') as found")).rows).toEqual([{ found: null }]);
    await first.drop();
    const found = await other.query('select from pg_database where datname = $1', [first.name]);
    expect(found.rowCount).toBe(0);
    await second.drop();
  });

  it('tells of a connection that was left open, and is dropped all the same', async () => {
    const database = await createTestDatabase();
    const leak = new pg.Client({ connectionString: database.url, application_name: 'forgetful' });
    leak.on('error', () => undefined);
    await leak.connect();
    await leak.query('select 42');
    await expect(database.drop()).rejects.toThrow(/left open:\nforgetful \(idle\): select 42/);
    const connecting = new pg.Client({ connectionString: database.url }).connect();
    await expect(connecting).rejects.toMatchObject({ code: '3D000' });
  });

  it('is a copy of a template that is built once, however many ask for it at once', async () => {
    const names = await Promise.all([1, 2, 3].map(() => templateDatabase('once', build)));
    expect(new Set(names).size).toBe(1);
    const ids = await Promise.all(names.map(builtId));
    expect(new Set(ids).size).toBe(1);
  });

  it('gets no template that could not be built, and the next who asks builds it', async () => {
    const failing = templateDatabase('second_try', () => Promise.reject(new Error('no luck')));
    await expect(failing).rejects.toThrow('no luck');
    expect(await builtId(await templateDatabase('second_try', build))).toBeTypeOf('string');
  });
});

const system = await systemPostgres();

describe.runIf(system)("the machine's own PostgreSQL", () => {
  afterAll(() => system?.stop());
  let version = '';
  beforeAll(async () => {
    await using database = await createTestDatabase({ server: system! });
    const client = await database.connect();
    version = (await client.query('show server_version_num')).rows[0].server_version_num;
  });

  it('takes test databases and templates too', async () => {
    expect(Math.floor(Number(version) / 10_000)).toBe(system!.major);
    const name = await templateDatabase('on_system', build, system);
    await using database = await createTestDatabase({ template: name, server: system! });
    const client = await database.connect();
    expect((await client.query('select from built')).rowCount).toBe(1);
  });
});
