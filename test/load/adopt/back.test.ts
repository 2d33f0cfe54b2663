import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { relationState } from '../../../src/ledger/relations.ts';
import type { AdoptStep } from '../../../src/plan/adoption.ts';
import { lines, publishRows, startRun } from '../../support/deliveries.ts';
import { createLedgerDatabase } from '../../support/ledger.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { adopt, aTable, back, LEFTOVERS, projectOf, visits } from './support.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createLedgerDatabase();
  client = await database.connect();
  return () => database.drop();
});

const ROWS = 'SELECT id, at, agent, hits FROM stats.visits';
const project = projectOf(visits());

describe('taken back', () => {
  it.each(['prepare', 'copy', 'switch'] as AdoptStep[])(
    'after %s, the original is what it was',
    async (step) => {
      await aTable(client);
      await client.query(`
      DO $$ BEGIN CREATE ROLE adopt_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
      GRANT SELECT, UPDATE (agent) ON stats.visits TO adopt_reader;
      CREATE VIEW stats.few WITH (security_barrier = true) AS SELECT id, agent FROM stats.visits WHERE hits = 1`);
      const facts = `
      SELECT oid::text, relname::text, relkind::text, relowner::text, relacl::text, reloptions::text, relfilenode FROM pg_class WHERE relnamespace = 'stats'::regnamespace
      UNION ALL SELECT indexrelid::text, pg_get_indexdef(indexrelid), '', '', '', '', 0 FROM pg_index WHERE indrelid = 'stats.visits'::regclass
      UNION ALL SELECT attname::text, format_type(atttypid, atttypmod), attnotnull::text, attacl::text, col_description(attrelid, attnum), '', attnum FROM pg_attribute WHERE attrelid = 'stats.visits'::regclass`;
      const seen = async () => [
        await lines(client, facts),
        await lines(client, ROWS),
        await lines(client, 'SELECT * FROM stats.few'),
      ];
      const before = await seen();
      await adopt(client, project, step);
      await back(client, project);
      expect(await seen()).toEqual(before);
      expect(await lines(client, LEFTOVERS)).toEqual([]);
      expect(await lines(client, 'SELECT * FROM dayboard.adoption')).toEqual([]);
      expect(await relationState(client, project.name, project.datasets[0]!.table)).toMatchObject({
        owner: 'foreign',
      });
      // And it can be begun anew.
      await adopt(client, project, 'finish');
      expect(await lines(client, ROWS)).toEqual(before[1]);
    },
  );

  it('after the switch, has what was written and published since, and knows which delivery brought it', async () => {
    await aTable(client, 2, 10);
    const dataset = project.datasets[0]!;
    const run = await startRun(client, project.name);
    await adopt(client, project, 'switch');
    await client.query(
      `UPDATE stats.visits SET agent = NULL WHERE id = 'v4'; DELETE FROM stats.visits WHERE id = 'v5'`,
    );
    const publisher = { client, project, dataset, run };
    await publishRows(publisher, '2024-11-14', [
      { id: 'p', at: '2024-11-14 10:00+01', agent: 'published', day: '2024-11-14' },
    ]);
    const before = await lines(client, ROWS);
    await back(client, project);
    expect(await lines(client, ROWS)).toEqual(before);
    // The delivery is known: loaded again without the row, it takes it away and leaves the others alone.
    await publishRows(publisher, '2024-11-14', []);
    expect(await lines(client, ROWS)).toEqual(before.filter((line) => !line.startsWith('p|')));
  });

  it('is not possible once the original is gone, and says so', async () => {
    await aTable(client);
    await expect(back(client, project)).rejects.toMatchObject({
      code: 'adopt.nothing-to-take-back',
      kind: 'refused',
    });
    await adopt(client, project, 'finish');
    await expect(back(client, project)).rejects.toMatchObject({
      code: 'adopt.nothing-to-take-back',
      next: expect.stringContaining('After the last step'),
    });
  });

  it('also when somebody dropped the original while it was copied', async () => {
    await aTable(client);
    await adopt(client, project, 'copy');
    await client.query('DROP VIEW IF EXISTS stats.few; DROP TABLE stats.visits CASCADE');
    await expect(adopt(client, project, 'finish')).rejects.toMatchObject({ code: 'adopt.replaced' });
    await back(client, project);
    expect(await lines(client, LEFTOVERS)).toEqual([]);
  });
});

describe('an adoption that was begun', () => {
  it('is not gone on with when the table or the definition became another one', async () => {
    await aTable(client);
    await adopt(client, project, 'copy');
    const zone = projectOf(visits({ timeZone: 'UTC' }));
    await expect(adopt(client, zone, 'switch')).rejects.toMatchObject({
      code: 'adopt.changed',
      message: expect.stringContaining('the definition'),
      next: expect.stringContaining('--back'),
    });
    await client.query('ALTER TABLE stats.visits ADD extra int');
    await expect(adopt(client, project, 'switch')).rejects.toMatchObject({
      code: 'adopt.changed',
      message: expect.stringContaining('stats.visits'),
    });
    await back(client, project);
    expect(await lines(client, LEFTOVERS)).toEqual([]);
  });
});
