import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { aProject } from '../support/definitions.ts';
import { lines, publishRows, type Publisher, startRun, undoRows } from '../support/deliveries.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';

let database: TestDatabase;
let client: pg.Client;
let publisher: Publisher;

beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  const dataset = hitsDataset();
  const project = aProject({ datasets: [dataset], rollups: [hitsPerDay()] });
  publisher = { client, project, dataset, run: await startRun(client, 'test') };
  return () => database.drop();
});

const row = (id: string, hits: number, day = '2024-11-14') => ({ id, day, hits });
const raw = () => lines(client, 'SELECT id, hits, _delivery::text FROM stats.visits');
const shadow = () => lines(client, 'SELECT id, hits, _delivery::text FROM dayboard.shadow_test_visits');
const owed = () => lines(client, 'SELECT period FROM dayboard.version WHERE current AND lacks');
const publish = (period: string, ...rows: Array<ReturnType<typeof row>>) =>
  publishRows(publisher, period, rows);
const grewOld = (period: string) =>
  client.query(
    `UPDATE dayboard.version SET published_at = published_at - interval '40 days' WHERE period = $1`,
    [period],
  );

describe('rows that another delivery’s stand for', () => {
  it('are given up once that version is too old to be taken back, which is refused from then on', async () => {
    await publish('2024-11-14', row('a', 1), row('b', 1), row('c', 1));
    await publish('2024-11-15', row('a', 2), row('b', 2));
    await publish('2024-11-16', row('c', 3));
    await grewOld('2024-11-15');
    await publish('2024-11-20', row('z', 1, '2024-11-20'));
    // Those of the version of the 16th, which is young, stay.
    expect(await shadow()).toEqual(['c|1|2024-11-14']);
    await expect(undoRows(publisher, '2024-11-15')).rejects.toMatchObject({
      code: 'undo.expired',
      kind: 'refused',
      message: expect.stringContaining('kept for 35 days'),
    });
    await undoRows(publisher, '2024-11-16');
    expect(await raw()).toEqual(['a|2|2024-11-15', 'b|2|2024-11-15', 'c|1|2024-11-14', 'z|1|2024-11-20']);
  });

  it('are given up too when they come later than what stands for them', async () => {
    await publish('2024-11-15', row('a', 2));
    await grewOld('2024-11-15');
    await publish('2024-11-19', row('y', 1, '2024-11-19'));
    await publish('2024-11-14', row('a', 1));
    expect(await shadow()).toEqual(['a|1|2024-11-14']);
    await grewOld('2024-11-14');
    await publish('2024-11-20', row('z', 1, '2024-11-20'));
    expect(await shadow()).toEqual([]);
  });

  it('are owed when that delivery is loaded again without them, and there again when theirs is', async () => {
    await publish('2024-11-14', row('a', 1), row('b', 1));
    await publish('2024-11-15', row('a', 2), row('b', 2));
    await grewOld('2024-11-15');
    await publish('2024-11-18', row('x', 2, '2024-11-18'));
    expect(await shadow()).toEqual([]);
    await publish('2024-11-15', row('a', 2), row('b', 3));
    expect(await owed()).toEqual([]);
    await publish('2024-11-15', row('a', 2));
    expect(await raw()).toEqual(['a|2|2024-11-15', 'x|2|2024-11-18']);
    expect(await owed()).toEqual(['2024-11-14']);
    await publish('2024-11-14', row('a', 1), row('b', 1));
    expect(await raw()).toEqual(['a|2|2024-11-15', 'b|1|2024-11-14', 'x|2|2024-11-18']);
    expect(await owed()).toEqual([]);
    // What stands for nothing that was given up can be taken back as ever.
    await undoRows(publisher, '2024-11-15');
    expect(await raw()).toEqual(['a|2|2024-11-15', 'b|3|2024-11-15', 'x|2|2024-11-18']);
  });

  it('stay when they were there before dayboard: nobody could load them again', async () => {
    await client.query(`CREATE SCHEMA stats; CREATE TABLE stats.visits (id text, day date, hits integer);
      INSERT INTO stats.visits VALUES ('a', '2024-11-14', 5)`);
    await publish('2024-11-14', row('a', 1));
    await grewOld('2024-11-14');
    await publish('2024-11-20', row('z', 1, '2024-11-20'));
    expect(await shadow()).toEqual(['a|5|-infinity']);
  });
});

describe('what is kept of a version', () => {
  const kept = () =>
    lines(client, `SELECT relname FROM pg_class WHERE relname LIKE 'kept%' AND relkind = 'r'`);

  it('and read by somebody keeps nobody waiting: it is dropped after they ended', async () => {
    await publish('2024-11-14', row('a', 1));
    await publish('2024-11-14', row('a', 2));
    const backup = await database.connect();
    await backup.query('BEGIN');
    for (const name of await kept()) await backup.query(`LOCK TABLE dayboard.${name} IN ACCESS SHARE MODE`);
    await undoRows(publisher, '2024-11-14');
    expect(await raw()).toEqual(['a|1|2024-11-14']);
    expect(await kept()).toHaveLength(2);
    // The same version is kept again meanwhile.
    await publishRows({ ...publisher, run: await startRun(client, 'test') }, '2024-11-14', [row('a', 3)]);
    expect(await kept()).toHaveLength(4);
    await backup.query('COMMIT');
    await publish('2024-11-15', row('z', 1, '2024-11-15'));
    expect(await kept()).toHaveLength(2);
    await undoRows(publisher, '2024-11-14');
    expect(await raw()).toEqual(['a|1|2024-11-14', 'z|1|2024-11-15']);
    expect(await kept()).toEqual([]);
  });
});
