import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetInput } from '../../src/project/input.ts';
import { eventsProject, happen, SOURCE_VARIABLE } from '../support/events.ts';
import { NOW, openPlace, type Place } from '../support/events-place.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'dayboard-test-cleanup-'));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

const REQUEST = requestOf({ command: 'cleanup', names: ['events'], reprocess: [] });

/** A source of which two days are loaded, and an event came since. */
async function loaded(changes: Partial<DatasetInput> = {}): Promise<Place> {
  const place = await openPlace(cache, changes);
  await happen(
    place.source,
    ['2024-11-17 10:00+00', 'a', 'ann'],
    ['2024-11-18 08:00:00.000001+00', 'b', 'ann'],
    ['2024-11-18 08:00:00.000001+00', null, null],
  );
  await place.sync('2024-11-17', '2024-11-18');
  await happen(place.source, ['2024-11-18 07:00+00', 'late', 'ben'], ['2024-11-19 09:00+00', 'new', 'ben']);
  return place;
}

async function atSource({ source }: Place): Promise<string[]> {
  const found = await source.query(`SELECT coalesce(kind, 'NULL') AS kind FROM buffer ORDER BY id`);
  return found.rows.map(({ kind }) => kind);
}

describe('a cleanup of a source', () => {
  it('shows what is proven loaded, by day, and deletes nothing', async () => {
    await using place = await loaded();
    const plan = await place.board.workspace.plan(REQUEST);
    expect(plan.cleanups).toMatchObject([
      {
        relation: 'public.buffer',
        rows: 5,
        proven: 3,
        periods: [
          { period: '2024-11-17', rows: 1, proven: 1 },
          { period: '2024-11-18', rows: 3, proven: 2 },
          { period: '2024-11-19', rows: 1, proven: 0 },
        ],
      },
    ]);
    expect(plan.steps).toMatchObject([{ kind: 'cleanup', target: 'events' }]);
    expect(await atSource(place)).toEqual(['a', 'b', 'NULL', 'late', 'new']);
  });

  it('deletes that and nothing else: what came after the load is loaded later, and no event is lost', async () => {
    await using place = await loaded();
    const plan = await place.board.workspace.plan(REQUEST);
    await happen(place.source, ['2024-11-17 10:00+00', 'after the plan', 'cleo']);
    const run = await place.board.workspace.start(await place.board.workspace.plan(REQUEST));
    expect(await run.done).toMatchObject({ state: 'done' });
    expect(plan.cleanups?.[0]?.proven).toBe(3);
    expect(await atSource(place)).toEqual(['late', 'new', 'after the plan']);
    await place.sync('2024-11-17', '2024-11-18', '2024-11-19');
    expect(await place.rows()).toHaveLength(6);
    expect(await place.states('2024-11-17', '2024-11-19')).toEqual([
      '2024-11-17 loaded',
      '2024-11-18 loaded',
      '2024-11-19 loaded',
    ]);
    // And again, until nothing is left there.
    await (await place.board.workspace.start(await place.board.workspace.plan(REQUEST))).done;
    expect(await atSource(place)).toEqual([]);
    expect((await place.board.workspace.plan(REQUEST)).steps).toEqual([]);
    await place.board.workspace.list();
    expect(await place.states('2024-11-18', '2024-11-18')).toEqual(['2024-11-18 loaded']);
  });

  it('is refused when more or less is proven than was agreed to', async () => {
    await using place = await loaded();
    const { workspace } = place.board;
    const plan = await workspace.plan({ ...REQUEST, agreed: { events: 3 } });
    await place.sync('2024-11-19');
    await expect(workspace.plan({ ...REQUEST, agreed: { events: 3 } })).rejects.toMatchObject({
      code: 'cleanup.changed',
      kind: 'refused',
    });
    await expect(workspace.start(plan)).rejects.toMatchObject({ code: 'cleanup.changed' });
    expect(await atSource(place)).toHaveLength(5);
  });

  it('makes what is published the only copy, which is not taken back', async () => {
    await using place = await loaded();
    await (await place.board.workspace.start(await place.board.workspace.plan(REQUEST))).done;
    const { outcome, events } = await place.board.run({
      command: 'undo',
      cells: [{ dataset: 'events', periods: ['2024-11-18'] }],
    });
    expect(outcome).toMatchObject({ state: 'failed', exitCode: 5 });
    expect(events.find((event) => event.type === 'step.failed')?.error).toMatchObject({
      code: 'undo.only-copy',
    });
    expect(await place.rows()).toHaveLength(3);
    const ledger = await place.target.query('SELECT period, rows::int FROM dayboard.cleanup ORDER BY period');
    expect(ledger.rows).toEqual([
      { period: '2024-11-17', rows: 1 },
      { period: '2024-11-18', rows: 2 },
    ]);
  });

  it('is rolled back when the source deletes another number of rows than were counted', async () => {
    await using place = await loaded();
    await place.source.query(`
      CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN OLD.kind = 'a' THEN NULL ELSE OLD END; END $$;
      CREATE TRIGGER keep BEFORE DELETE ON buffer FOR EACH ROW EXECUTE FUNCTION keep()`);
    const run = await place.board.workspace.start(await place.board.workspace.plan(REQUEST));
    expect(await run.done).toMatchObject({ state: 'failed' });
    expect(await atSource(place)).toHaveLength(5);
    expect((await place.target.query('SELECT FROM dayboard.cleanup')).rowCount).toBe(0);
  });

  it('fails and does not hang when the source takes no more keys while many are on their way', async () => {
    await using place = await loaded();
    await place.target.query(
      `INSERT INTO events (id, at, day, _delivery)
       SELECT n, '2024-11-18 09:00+00', '2024-11-18', '2024-11-18' FROM generate_series(100, 400000) n`,
    );
    await place.source.query(
      `CREATE FUNCTION few() RETURNS event_trigger LANGUAGE plpgsql AS
         $$ BEGIN ALTER TABLE _dayboard_proven ADD CONSTRAINT few CHECK (id < 100); END $$;
       CREATE EVENT TRIGGER few ON ddl_command_end WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION few()`,
    );
    await expect(place.board.workspace.plan(REQUEST)).rejects.toThrow('few');
    await place.source.query('DROP EVENT TRIGGER few');
    expect((await place.board.workspace.plan(REQUEST)).cleanups).toMatchObject([{ proven: 3 }]);
  });

  it('is for those alone whose definition allows it, and not for a context that is read-only', async () => {
    await using place = await loaded({
      select: { from: 'buffer', time: 'at', id: 'id', cleanup: false },
    });
    await expect(place.board.workspace.plan(REQUEST)).rejects.toMatchObject({ code: 'cleanup.not-declared' });
    await using other = await openTestWorkspace({
      project: eventsProject(),
      env: { DATABASE_URL: place.targetUrl, [SOURCE_VARIABLE]: place.sourceUrl },
      cacheDirectory: cache,
      now: () => NOW,
      readOnly: true,
    });
    await expect(other.workspace.plan(REQUEST)).rejects.toMatchObject({ code: 'context.read-only' });
    expect(await atSource(place)).toHaveLength(5);
  });
});
