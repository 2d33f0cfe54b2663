import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readState } from '../../src/demo/demo-files.ts';
import { DemoEvents } from '../../src/demo/engagement/demo-events.ts';
import { eventsOf } from '../../src/demo/engagement/events.ts';
import { storyOf } from '../../src/demo/stories.ts';
import passEmploi from '../../src/systems/pass-emploi/index.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTestWorkspace } from '../support/workspace.ts';

/** A Thursday after the end of summer time. */
const NOW = '2026-11-05T09:00:00.000Z';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dayboard-test-demo-events-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the demo of events', () => {
  it('has the same events of a day whenever it is asked, in the order of their time', () => {
    const events = eventsOf('2026-10-25');
    expect(eventsOf('2026-10-25')).toEqual(events);
    expect(events.map(([at]) => at)).toEqual(events.map(([at]) => at).sort());
    expect(eventsOf('2026-10-26').length).toBeGreaterThan(2 * events.length);
  });

  it('keeps events inside their day, on days of 23 and of 25 hours too', () => {
    for (const [day, from, to] of [
      ['2026-03-29', '2026-03-28T23:00:00.000000Z', '2026-03-29T22:00:00.000000Z'],
      ['2026-10-25', '2026-10-24T22:00:00.000000Z', '2026-10-25T23:00:00.000000Z'],
    ] as const) {
      const times = eventsOf(day).map(([at]) => at);
      expect([times.at(0)! >= from, times.at(-1)! < to]).toEqual([true, true]);
    }
  });

  it('has what real events have: NULLs in every column that may have one', () => {
    const events = ['2026-11-02', '2026-11-03', '2026-11-04'].flatMap((day) => eventsOf(day));
    const empty = (at: number) => events.filter((event) => event[at] === null).length;
    expect([1, 3, 5, 6].map((at) => empty(at) > 0)).toEqual([true, true, true, true]);
    expect(new Set(events.map(([, , , , , kind]) => kind))).toEqual(new Set(['JEUNE', 'CONSEILLER', null]));
  });

  it('loads whole, and leaves a week owed and an event that came late', async () => {
    await using source = await createTestDatabase();
    await using target = await createTestDatabase();
    const demo = await DemoEvents.open({
      directory,
      state: readState(directory, '2026-11-05'),
      weeks: 2,
      timeZone: 'Europe/Paris',
      source: source.url,
      target: target.url,
      now: () => NOW,
      log: () => undefined,
    });
    await using board = await openTestWorkspace({
      project: passEmploi.resolve(demo.variables),
      env: { ...demo.variables },
      cacheDirectory: directory,
      now: () => NOW,
    });
    const days = Array.from(
      { length: 14 },
      (_, back) => new Date(Date.parse(NOW) - (14 - back) * 86_400_000),
    );
    const { outcome } = await board.run({
      cells: [
        { dataset: 'evenement_engagement', periods: days.map((day) => day.toISOString().slice(0, 10)) },
      ],
    });
    expect(outcome).toMatchObject({ state: 'done', deliveries: { published: 14 } });
    await demo.afterLoad(board.workspace);
    await demo.afterLoad(board.workspace);
    const client = await target.connect();
    const counted = await client.query(
      `SELECT (SELECT count(*) FROM evenement_engagement)::int AS rows,
              (SELECT count(*) FROM evenement_engagement WHERE agence IS NULL)::float / (SELECT count(*) FROM evenement_engagement) AS homeless,
              (SELECT count(*) FROM dayboard.version WHERE period = '2026-10-29')::int AS versions`,
    );
    const expected = days.flatMap((day) => eventsOf(day.toISOString().slice(0, 10))).length + 1;
    expect(counted.rows[0]).toMatchObject({ rows: expected, versions: 2 });
    expect(counted.rows[0].homeless).toBeGreaterThan(0.02);
    expect(counted.rows[0].homeless).toBeLessThan(0.2);
    await demo.close();
  });

  it('is one of the demos, and an unknown one is told', () => {
    expect(storyOf('pass-emploi').system).toBe('pass-emploi');
    expect(storyOf(undefined).system).toBe('tchap-stats');
    expect(() => storyOf('pass-emplois')).toThrow('There is no demo of "pass-emplois"');
  });
});
