import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset, Project } from '../../src/project/model.ts';
import { aProject } from '../support/definitions.ts';
import { lines, publishRows, type Publisher, startRun, undoRows } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';

let database: TestDatabase;
let client: pg.Client;
let publisher: Publisher;

function projectOf(dataset: Dataset, changes: Partial<Project> = {}): Project {
  return aProject({ datasets: [dataset], rollups: [hitsPerDay()], ...changes });
}

beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  const dataset = hitsDataset();
  publisher = { client, project: projectOf(dataset), dataset, run: await startRun(client, 'test') };
  return () => database.drop();
});

const row = (id: string, hits: number, day = '2024-11-14') => ({ id, day, hits });
const raw = () => lines(client, 'SELECT id, hits, _delivery::text FROM stats.visits');
const days = () => lines(client, 'SELECT day::text, visits, hits FROM stats.days');
const current = () => lines(client, 'SELECT period, version FROM dayboard.version WHERE current');
const kept = () => lines(client, `SELECT relname FROM pg_class WHERE relname LIKE 'kept%' AND relkind = 'r'`);

describe('an undo', () => {
  it('brings the version before back, then the one before that, until nothing is left', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1), row('b', 2)]);
    await publishRows(publisher, '2024-11-14', [row('a', 10), row('c', 3)]);
    await publishRows(publisher, '2024-11-14', [row('c', 3)]);
    expect(await undoRows(publisher, '2024-11-14')).toEqual({
      version: 3,
      restored: 2,
      added: 1,
      removed: 0,
    });
    expect(await raw()).toEqual(['a|10|2024-11-14', 'c|3|2024-11-14']);
    expect(await undoRows(publisher, '2024-11-14')).toEqual({
      version: 2,
      restored: 1,
      added: 2,
      removed: 2,
    });
    expect(await raw()).toEqual(['a|1|2024-11-14', 'b|2|2024-11-14']);
    expect(await days()).toEqual(['2024-11-14|2|3']);
    expect(await current()).toEqual(['2024-11-14|1']);
    expect(await undoRows(publisher, '2024-11-14')).toMatchObject({ version: 1, restored: undefined });
    expect(await raw()).toEqual([]);
    expect(await days()).toEqual([]);
    expect(await current()).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  it('touches only the rows in which two versions differ', async () => {
    const many = Array.from({ length: 500 }, (_, at) => row(`u${at}`, at));
    await publishRows(publisher, '2024-11-14', many);
    await publishRows(publisher, '2024-11-14', [...many.slice(1), row('new', 7)]);
    const [name] = await lines(client, 'SELECT kept_rows FROM dayboard.version WHERE version = 2');
    expect(await lines(client, `SELECT id FROM dayboard.${name}`)).toEqual(['u0']);
    expect(await undoRows(publisher, '2024-11-14')).toMatchObject({ added: 1, removed: 1 });
  });

  it('leaves to other deliveries what is theirs, also what they brought since', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1), row('b', 1)]);
    await publishRows(publisher, '2024-11-14', [row('a', 2), row('c', 2)]);
    await publishRows(publisher, '2024-11-15', [row('a', 3), row('c', 3)]);
    await undoRows(publisher, '2024-11-14');
    expect(await raw()).toEqual(['a|3|2024-11-15', 'b|1|2024-11-14', 'c|3|2024-11-15']);
    await undoRows(publisher, '2024-11-15');
    expect(await raw()).toEqual(['a|1|2024-11-14', 'b|1|2024-11-14']);
    expect(await days()).toEqual(['2024-11-14|2|2']);
  });

  it('of a version that was published after an undo brings back what was there then', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1)]);
    await publishRows(publisher, '2024-11-14', [row('a', 2)]);
    await undoRows(publisher, '2024-11-14');
    expect(await publishRows(publisher, '2024-11-14', [row('a', 3)])).toMatchObject({ version: 3 });
    expect(await undoRows(publisher, '2024-11-14')).toMatchObject({ version: 3, restored: 1 });
    expect(await raw()).toEqual(['a|1|2024-11-14']);
  });

  it('takes rows of a snapshot that a newer one stands for out of what could come back', async () => {
    const dataset = hitsDataset({ carries: { kind: 'snapshot', mode: 'replace' } });
    const snapshots = { ...publisher, dataset, project: projectOf(dataset) };
    await publishRows(snapshots, '2024-11-14', []);
    await publishRows(snapshots, '2024-11-15', [row('a', 1, '2024-11-15')]);
    await publishRows(snapshots, '2024-11-14', [row('b', 2)]);
    expect(await raw()).toEqual(['a|1|2024-11-15']);
    await undoRows(snapshots, '2024-11-14');
    await undoRows(snapshots, '2024-11-15');
    expect(await raw()).toEqual([]);
  });

  it('of a delivery that replaces its days in somebody else’s table brings their rows back', async () => {
    await client.query(`CREATE SCHEMA stats; CREATE TABLE stats.visits (id text, day date, hits integer);
      INSERT INTO stats.visits VALUES ('theirs', '2024-11-14', 5), ('theirs', '2024-11-15', 6)`);
    const dataset = hitsDataset({ carries: { kind: 'period', column: 'day' } });
    const into = { ...publisher, dataset, project: projectOf(dataset) };
    await publishRows(into, '2024-11-14', [row('ours', 1)]);
    const found = () => lines(client, 'SELECT id, day::text FROM stats.visits');
    expect(await found()).toEqual(['ours|2024-11-14', 'theirs|2024-11-15']);
    await undoRows(into, '2024-11-14');
    expect(await found()).toEqual(['theirs|2024-11-14', 'theirs|2024-11-15']);
  });

  it.each<[string, Partial<Dataset>, string[]]>([
    [
      'replaces its days',
      { carries: { kind: 'period', column: 'day' } },
      ['a|1|1|one', 'a|1|2|two', 'b|2|3|three', 'c|9|4|other day'],
    ],
    ['is merged', {}, ['a|1|1|one', 'a|1|2|two', 'b|2|3|three', 'c|9|4|other day']],
  ])(
    'of a delivery that %s brings rows of somebody else’s table back with what it does not know of them',
    async (_, changes, before) => {
      await client.query(`CREATE SCHEMA stats;
        CREATE TABLE stats.visits (id text, day date, hits integer, serial int GENERATED ALWAYS AS IDENTITY, note text,
                                   twice int GENERATED ALWAYS AS (hits * 2) STORED);
        INSERT INTO stats.visits (id, day, hits, note) VALUES ('a', '2024-11-14', 1, 'one'), ('a', '2024-11-14', 1, 'two'),
          ('b', '2024-11-14', 2, 'three'), ('c', '2024-11-13', 9, 'other day')`);
      const dataset = hitsDataset(changes);
      const into = { ...publisher, dataset, project: projectOf(dataset) };
      const theirs = () => lines(client, 'SELECT id, hits, serial, note FROM stats.visits');
      expect(await theirs()).toEqual(before);
      await publishRows(into, '2024-11-14', [row('a', 5), row('b', 5)]);
      await client.query(`UPDATE stats.visits SET note = 'ours' WHERE id = 'a' AND hits = 5`);
      const published = await theirs();
      await publishRows(into, '2024-11-14', [row('a', 6), row('b', 5)]);
      await undoRows(into, '2024-11-14');
      expect(await theirs()).toEqual(published);
      await undoRows(into, '2024-11-14');
      expect(await theirs()).toEqual(before);
      expect(await kept()).toEqual([]);
    },
  );

  it('knows columns that the definition gained since', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1)]);
    await publishRows(publisher, '2024-11-14', [row('a', 2)]);
    const dataset = hitsDataset({}, [{ name: 'extra', type: 'text', nullable: true }]);
    await undoRows({ ...publisher, dataset, project: projectOf(dataset) }, '2024-11-14');
    expect(await lines(client, 'SELECT id, hits, extra FROM stats.visits')).toEqual(['a|1|null']);
  });
});

describe('an undo that cannot be', () => {
  it('is refused when another version is published than the one that was agreed to', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1)]);
    await publishRows(publisher, '2024-11-14', [row('a', 2)]);
    await expect(undoRows(publisher, '2024-11-14', true, 1)).rejects.toMatchObject({ code: 'undo.changed' });
    expect(await raw()).toEqual(['a|2|2024-11-14']);
    await undoRows(publisher, '2024-11-14', true, 2);
    expect(await raw()).toEqual(['a|1|2024-11-14']);
  });

  it('is refused when its rows were kept by key and the table is somebody else’s now', async () => {
    const dataset = hitsDataset({ carries: { kind: 'period', column: 'day', key: ['id'] } });
    const into = { ...publisher, dataset, project: projectOf(dataset) };
    await publishRows(into, '2024-11-14', [row('a', 1), row('b', 2)]);
    await publishRows(into, '2024-11-14', [row('a', 1), row('b', 20)]);
    await client.query(`CREATE TABLE stats.theirs AS SELECT id, day, hits FROM stats.visits;
      ALTER TABLE stats.visits RENAME TO ours; ALTER TABLE stats.theirs RENAME TO visits`);
    await expect(undoRows(into, '2024-11-14')).rejects.toMatchObject({ code: 'undo.other-table' });
    expect(await lines(client, 'SELECT id, hits FROM stats.visits')).toEqual(['a|1', 'b|20']);
  });

  it('of nothing is refused', async () => {
    await expect(undoRows(publisher, '2024-11-14')).rejects.toMatchObject({
      code: 'undo.nothing',
      kind: 'refused',
    });
  });

  it('is refused after the days that versions are kept, and changes nothing', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1)]);
    await publishRows(publisher, '2024-11-14', [row('a', 2)]);
    await client.query(`UPDATE dayboard.version SET published_at = now() - interval '40 days'`);
    expect(await kept()).toHaveLength(2);
    await publishRows(publisher, '2024-11-15', [row('z', 1, '2024-11-15')]);
    expect(await kept()).toEqual([]);
    await expect(undoRows(publisher, '2024-11-14')).rejects.toMatchObject({
      code: 'undo.expired',
      kind: 'refused',
      message: expect.stringContaining('kept for 35 days'),
    });
    expect(await raw()).toEqual(['a|2|2024-11-14', 'z|1|2024-11-15']);
  });

  it('is refused for the first delivery of days that somebody else’s rows were replaced of, once they are gone', async () => {
    await client.query(`CREATE SCHEMA stats; CREATE TABLE stats.visits (id text, day date, hits integer);
      INSERT INTO stats.visits VALUES ('theirs', '2024-11-14', 5)`);
    const dataset = hitsDataset({ carries: { kind: 'period', column: 'day' } });
    const into = { ...publisher, dataset, project: projectOf(dataset, { keepVersionsDays: 0 }) };
    await publishRows(into, '2024-11-14', [row('ours', 1)]);
    await expect(undoRows(into, '2024-11-14')).rejects.toMatchObject({ code: 'undo.expired' });
    expect(await lines(client, 'SELECT id FROM stats.visits')).toEqual(['ours']);
  });

  it('is refused where the project keeps nothing', async () => {
    const project = projectOf(publisher.dataset, { keepVersionsDays: 0 });
    await publishRows({ ...publisher, project }, '2024-11-14', [row('a', 1)]);
    await publishRows({ ...publisher, project }, '2024-11-14', [row('a', 2)]);
    expect(await kept()).toEqual([]);
    await expect(undoRows({ ...publisher, project }, '2024-11-14')).rejects.toMatchObject({
      code: 'undo.expired',
    });
  });
});
