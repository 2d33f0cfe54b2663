import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { undoDelivery } from '../../../src/load/publish/undo.ts';
import { aRollup } from '../../support/definitions.ts';
import { lines, publishRows, startRun } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { adopt, aTable, projectOf, visits } from './support.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

const ROWS = 'SELECT id, at, agent, hits FROM stats.visits';

describe('the deliveries of the rows of a table that is taken over', () => {
  const deliveries = 'SELECT id, _delivery::text FROM stats.visits';
  const at = (day: string) => `${day} 12:00+01`;

  it('are those that dayboard brought, and else older than every other', async () => {
    const project = projectOf(visits());
    await aTable(client, 1, 2);
    const run = await startRun(client, project.name);
    const publisher = { client, project, dataset: project.datasets[0]!, run };
    await publishRows(publisher, '2024-10-30', [{ id: 'new', at: at('2024-10-30'), day: '2024-10-30' }]);
    await adopt(client, project, 'copy');
    // Published between two runs of the adoption.
    await publishRows(publisher, '2024-10-31', [
      { id: 'new', at: at('2024-10-30'), day: '2024-10-30' },
      { id: 'newer', at: at('2024-10-31'), day: '2024-10-31' },
    ]);
    await adopt(client, project, 'finish');
    expect(await lines(client, deliveries)).toEqual([
      'newer|2024-10-31',
      'new|2024-10-31',
      'v1|-infinity',
      'v2|-infinity',
    ]);
  });

  it('are told by the day where a delivery carries its own period: loading that day replaces its rows', async () => {
    const dataset = visits({ carries: { kind: 'period', column: 'at' } });
    const project = projectOf(dataset);
    await aTable(client, 2, 3);
    await adopt(client, project, 'finish');
    expect(await lines(client, 'SELECT DISTINCT _delivery::text FROM stats.visits')).toEqual([
      '2024-10-27',
      '2024-10-28',
    ]);
    const run = await startRun(client, project.name);
    await publishRows({ client, project, dataset, run }, '2024-10-27', [
      { id: 'only', at: at('2024-10-27'), day: '2024-10-27' },
    ]);
    // The second day's v1 came a minute before Paris' midnight: it is of the first.
    expect(await lines(client, 'SELECT id FROM stats.visits')).toEqual(['only', 'v2', 'v3']);
  });

  it('let publishes, their overlaps and rollups go on as with a table of dayboard’s own', async () => {
    const rollup = aRollup({
      name: 'per_id',
      over: 'visits',
      groups: [
        { name: 'day', type: 'date', sql: `("at" AT TIME ZONE 'Europe/Paris')::date` },
        { name: 'id', type: 'varchar', sql: '"id"' },
      ],
      timeZone: 'Europe/Paris',
      published: { schema: 'stats', name: 'per_id', columns: ['day', 'id', 'visits'] },
    });
    const project = projectOf(visits(), { rollups: [rollup] });
    const dataset = project.datasets[0]!;
    const run = await startRun(client, project.name);
    const publisher = { client, project, dataset, run };
    const row = (id: string, day: string, agent: string) => ({ id, at: at(day), agent, day });
    await client.query(
      'CREATE SCHEMA stats; CREATE TABLE stats.visits (id varchar NOT NULL, at timestamptz NOT NULL, agent text, hits integer)',
    );
    await publishRows(publisher, '2024-11-01', [
      row('a', '2024-11-01', 'first'),
      row('b', '2024-11-01', 'first'),
    ]);
    await adopt(client, project, 'finish');
    await publishRows(publisher, '2024-11-02', [
      row('b', '2024-11-01', 'second'),
      row('c', '2024-11-02', 'second'),
    ]);
    expect(await lines(client, 'SELECT id, agent, _delivery::text FROM stats.visits')).toEqual([
      'a|first|2024-11-01',
      'b|second|2024-11-02',
      'c|second|2024-11-02',
    ]);
    await publishRows(publisher, '2024-11-02', []);
    expect(await lines(client, 'SELECT id, agent FROM stats.visits')).toEqual(['a|first', 'b|first']);
    expect(await lines(client, 'SELECT day::text, id, visits FROM stats.per_id')).toEqual([
      '2024-11-01|a|1',
      '2024-11-01|b|1',
    ]);
  });

  it('lets a version that was published before be undone after', async () => {
    const project = projectOf(visits());
    const dataset = project.datasets[0]!;
    await aTable(client, 1, 3);
    const run = await startRun(client, project.name);
    const publisher = { client, project, dataset, run };
    const row = (id: string, agent: string) => ({ id, at: at('2024-11-01'), agent, day: '2024-11-01' });
    await publishRows(publisher, '2024-11-01', [row('a', 'first'), row('b', 'first')]);
    const before = await lines(client, ROWS);
    await publishRows(publisher, '2024-11-01', [row('b', 'second'), row('c', 'second')]);
    await adopt(client, project, 'finish');
    const signal = new AbortController().signal;
    await undoDelivery({
      client,
      project,
      dataset,
      period: '2024-11-01',
      run,
      derive: true,
      signal,
      by: 'ann',
    });
    expect(await lines(client, ROWS)).toEqual(before);
  });
});
