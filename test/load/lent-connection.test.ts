import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Lend } from '../../src/load/publish/spread.ts';
import { aProject, aRollup } from '../support/definitions.ts';
import { lines, type Publisher, publishRows, startRun, undoRows } from '../support/deliveries.ts';
import { hooked } from '../support/hooked.ts';
import { createLedgerDatabase } from '../support/ledger.ts';
import { losing } from '../support/losing.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { hitsDataset, hitsPerDay } from '../support/visits.ts';

let database: TestDatabase;
let client: pg.Client;
let publisher: Publisher;

beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  const people = aRollup({
    name: 'people',
    over: 'visits',
    groups: [
      { name: 'day', type: 'date', sql: '"day"' },
      { name: 'id', type: 'text', sql: '"id"' },
    ],
    measures: {},
    published: { schema: 'stats', name: 'people', columns: ['day', 'id'] },
  });
  const dataset = hitsDataset();
  const project = aProject({ datasets: [dataset], rollups: [hitsPerDay(), people] });
  publisher = { client, project, dataset, run: await startRun(client, project.name) };
  return () => database.drop();
});

const row = (id: string, hits: number, day = '2024-11-14') => ({ id, day, hits });

const days = () => lines(client, 'SELECT day::text, visits, hits FROM stats.days');
const people = () => lines(client, 'SELECT day::text, id FROM stats.people');

describe('a connection that was lent and is lost', () => {
  it('does not fail the publish of a new day, whose partition and lists are made on another', async () => {
    const { lend, lost } = await losing(database, /CREATE (UNLOGGED )?TABLE|CREATE .*INDEX/);
    const published = await publishRows({ ...publisher, lend }, '2024-11-14', [row('a', 1), row('b', 2)]);
    expect(lost.count).toBeGreaterThan(0);
    expect(published).toMatchObject({ version: 1, added: 2 });
    expect(await days()).toEqual(['2024-11-14|2|3']);
    expect(await people()).toEqual(['2024-11-14|a', '2024-11-14|b']);
  });

  it('does not fail what replaces a day, nor its undo', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1), row('b', 2)]);
    const { lend, lost } = await losing(database, /CREATE (UNLOGGED )?TABLE/);
    const replaced = [row('b', 5), row('c', 1), row('c', 1, '2024-11-13')];
    await publishRows({ ...publisher, lend }, '2024-11-14', replaced);
    expect(await days()).toEqual(['2024-11-13|1|1', '2024-11-14|2|6']);
    expect(lost.count).toBeGreaterThan(0);
    const undo = await losing(database, /CREATE (UNLOGGED )?TABLE/);
    await undoRows({ ...publisher, lend: undo.lend }, '2024-11-14');
    expect(undo.lost.count).toBeGreaterThan(0);
    expect(await days()).toEqual(['2024-11-14|2|3']);
    expect(await people()).toEqual(['2024-11-14|a', '2024-11-14|b']);
  });

  it('while another failure of it is told, and leaves what was published as it was', async () => {
    await publishRows(publisher, '2024-11-14', [row('a', 1)]);
    const other = await database.connect();
    // Whatever it is given first fails at the server.
    const failing = hooked(other, async () => {
      await other.query('SELECT 1 / 0');
    });
    let isLent = false;
    const lend: Lend = async (work) => {
      if (isLent) return;
      isLent = true;
      await work(failing);
    };
    const publish = publishRows({ ...publisher, lend }, '2024-11-14', [row('a', 2), row('b', 2)]);
    await expect(publish).rejects.toThrow('division by zero');
    expect(await lines(client, 'SELECT id, hits FROM stats.visits')).toEqual(['a|1']);
    expect(await days()).toEqual(['2024-11-14|1|1']);
  });
});
