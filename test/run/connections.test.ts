import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines } from '../support/deliveries.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-connections-'));
  await writeFile(join(folder, 'visits_2024-11-14.csv'), 'id,day\na,2024-11-14\nb,2024-11-14\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a publish on a server that has no connection left', () => {
  it('does all on the one it has', async () => {
    await using database = await createTestDatabase();
    const admin = await database.connect();
    const role = `poor_${database.name}`;
    await admin.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT CREATE ON DATABASE ${database.name} TO ${role}; GRANT CREATE ON SCHEMA public TO ${role}`,
    );
    const rollup = (name: string) =>
      aRollup({ name, over: 'visits', published: { schema: 'public', name, columns: ['day', 'visits'] } });
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'x'];
    const ended: string[] = [];
    {
      await using board = await openTestWorkspace({
        project: aProject({
          sources: { files: { kind: 'directory', path: folder } },
          datasets: [aDataset()],
          rollups: [rollup('one'), rollup('two'), rollup('three')],
        }),
        env: { DATABASE_URL: url.href },
        cacheDirectory: join(folder, 'cache'),
        now: () => '2024-11-15T07:40:00.000Z',
      });
      await board.workspace.list();
      const plan = await board.workspace.plan(
        requestOf({ cells: [{ dataset: 'visits', periods: ['2024-11-14'] }], concurrency: 1 }),
      );
      let refused: Promise<unknown> | undefined;
      const handle = await board.workspace.start(plan, (event) => {
        // From now on nobody of this role gets another.
        if (event.type === 'step.done' && event.step.kind === 'load')
          refused = admin.query(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
        if (event.type === 'step.done' || event.type === 'step.failed')
          ended.push(`${event.type} ${event.step.kind}`);
      });
      expect(await handle.done).toMatchObject({ state: 'done' });
      await refused;
    }
    expect(ended).toContain('step.done publish');
    expect(
      await lines(
        admin,
        'SELECT visits FROM one UNION ALL SELECT visits FROM two UNION ALL SELECT visits FROM three',
      ),
    ).toEqual(['2', '2', '2']);
    await admin.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  });
});
