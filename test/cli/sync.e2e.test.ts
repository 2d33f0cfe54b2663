import { describe, expect, it } from 'vitest';
import { CONFIG, daysAgo, file, Place } from './place.ts';

async function perDay(place: Place): Promise<Record<string, number>> {
  const rows = await place.query<{ day: string; visits: number }>(
    'SELECT day::text, visits::int FROM visits_per_day ORDER BY day',
  );
  return Object.fromEntries(rows.map((row) => [row.day, row.visits]));
}

describe('sync', () => {
  it('of yesterday, as cron runs it, loads it with all that follows; again, it changes nothing', async () => {
    const place = await Place.make(CONFIG);
    const yesterday = daysAgo(1);
    place.deliver(`visits_${yesterday}.csv`, file('a', 'b'));
    place.deliver(`sso_${yesterday}.csv`, file('x'));
    const first = await place.run(['sync']);
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/run 1 done in .*\n {2}deliveries: 2 published, 0 failed, 0 unchanged/),
    });
    expect(first.stderr).toMatch(new RegExp(`^\\d{4}-.*Z load visits ${yesterday}: done in .*, 2 rows`, 'm'));
    expect(await perDay(place)).toEqual({ [yesterday]: 2 });
    const again = await place.run(['sync']);
    expect(again).toMatchObject({ code: 0, stdout: 'Nothing to do: 2 deliveries, 2 loaded.\n', stderr: '' });
    const quiet = await place.run(['sync', '--json']);
    expect(quiet.json()).toMatchObject([
      { type: 'run.done', outcome: { deliveries: { published: 0, unchanged: 2 }, exitCode: 0 } },
    ]);
  });

  it('goes on past a failed day: partly done, exit code 3, and what was published stays', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-12.csv', file('a'));
    place.deliver('visits_2024-11-13.csv', file('a', 'b'));
    expect((await place.run(['sync', '2024-11-12..2024-11-13', 'visits'])).code).toBe(0);
    place.deliver('visits_2024-11-12.csv', 'id\na\n"b\n');
    place.deliver('visits_2024-11-14.csv', file('a', 'b', 'c'));
    const { code, stdout } = await place.run(['sync', '2024-11-12..2024-11-14', 'visits']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/! run 2 partly done.*\n {2}deliveries: 1 published, 1 failed, 1 unchanged/);
    expect(stdout).toMatch(/✘ load visits 2024-11-12\n[^]*Version 1 of visits 2024-11-12 stays published\./);
    expect(await perDay(place)).toEqual({ '2024-11-12': 1, '2024-11-13': 2, '2024-11-14': 3 });
  });

  it('that achieves nothing ends with 1', async () => {
    const place = await Place.make(CONFIG);
    const { code, stdout } = await place.run(['sync', '2024-11-14', 'visits']);
    expect(code).toBe(1);
    expect(stdout).toContain('There is no object visits_2024-11-14.csv');
    expect(stdout).toContain('Nothing of visits 2024-11-14 is published.');
  });

  it('--json tells every event in a line, each whole JSON, and the outcome last', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', file('a'));
    place.deliver('sso_2024-11-14.csv', 'nonsense\nx\n');
    const ended = await place.run(['sync', '2024-11-14', '--json']);
    const events = ended.json();
    expect(ended.code).toBe(3);
    expect(ended.stderr).toBe('');
    expect(
      events.every((event) => Object.keys(event)[0] === 'schema' && event.schema === 'dayboard.event/1'),
    ).toBe(true);
    expect(events[0]).toMatchObject({ type: 'run.started', run: '1', command: 'sync' });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'step.failed',
        step: expect.objectContaining({ kind: 'load', target: 'sso', period: '2024-11-14' }),
        error: expect.objectContaining({ code: 'load.header', next: expect.any(String) }),
      }),
    );
    expect(events.at(-1)).toMatchObject({
      type: 'run.done',
      outcome: { state: 'partly', exitCode: 3, deliveries: { published: 1, failed: 1 } },
    });
  });

  it('--dry-run prints what would be done and writes nothing', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', file('a'));
    const [dry, plan] = [
      await place.run(['sync', '2024-11-14', '--dry-run', '--json']),
      await place.run(['plan', '2024-11-14', '--json']),
    ];
    expect(dry.code).toBe(0);
    const [value] = dry.json();
    expect(value).toMatchObject({
      schema: 'dayboard.plan/1',
      cells: [{ dataset: 'visits', action: 'import', state: 'available' }, { dataset: 'sso' }],
    });
    expect({ ...plan.json()[0], madeAt: '' }).toEqual({ ...value, madeAt: '' });
    expect(await place.query("SELECT 1 FROM pg_class WHERE relname = 'visits'")).toEqual([]);
    expect((await place.run(['runs', '--json'])).json()).toMatchObject([{ runs: [] }]);
    expect((await place.run(['plan', '2024-11-14'])).stdout).toMatch(
      /import {2}visits +2024-11-14 .*available/,
    );
  });

  it('--reprocess all loads again what is loaded, and the tables are the same', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', file('a', 'b'));
    await place.run(['sync', '2024-11-14', 'visits']);
    const again = await place.run(['sync', '2024-11-14', 'visits', '--reprocess', 'all']);
    expect(again.stdout).toContain('1 published');
    expect(await perDay(place)).toEqual({ '2024-11-14': 2 });
  });

  it('a guard stops a file without rows, and --force publishes it', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', 'id\n');
    const stopped = await place.run(['sync', '2024-11-14', 'visits']);
    expect(stopped.code).toBe(5);
    expect(stopped.stdout).toContain('Nothing of visits 2024-11-14 is published.');
    const forced = await place.run(['sync', '2024-11-14', 'visits', '--force', 'empty']);
    expect(forced.code).toBe(0);
    expect(forced.stdout).not.toContain('not needed');
  });

  it('--force tells a guard that there is none of, and one that nothing needed', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', file('a'));
    const unknown = await place.run(['sync', '2024-11-14', 'visits', '--force', 'los']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/"los" is no guard\. Did you mean "loss"\?[^]*empty, days, rows, loss/);
    const idle = await place.run(['sync', '2024-11-14', 'visits', '--force', 'empty,rows']);
    expect(idle.code).toBe(0);
    expect(idle.stdout.replaceAll(/\s+/g, ' ')).toContain(
      '--force empty,rows was not needed: none of the guards empty, rows would have stopped what was loaded.',
    );
    place.deliver('visits_2024-11-13.csv', file('a'));
    const quiet = await place.run(['sync', '2024-11-13', 'visits', '--force', 'rows', '--json']);
    expect(quiet.stderr).toContain('--force rows was not needed: the guard rows would not have stopped');
    expect(quiet.json().at(-1)).toMatchObject({ type: 'run.done' });
  });
});

describe('the steps of sync, one by one', () => {
  it('fetch fills the cache, import publishes and leaves rollups owed, refresh --owed computes them', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', file('a', 'b'));
    const fetched = await place.run(['fetch', '2024-11-14', 'visits']);
    expect(fetched).toMatchObject({ code: 0, stdout: expect.stringContaining('1 fetched, 0 failed') });
    expect((await place.run(['status', '2024-11-14', 'visits', '--json'])).json()).toMatchObject([
      { cells: [{ state: 'fetched' }] },
    ]);
    expect(await place.run(['import', '2024-11-14', 'visits'])).toMatchObject({ code: 0 });
    const owed = await place.run(['status', '2024-11-14', 'visits', '--json']);
    expect(owed.json()).toMatchObject([
      { cells: [{ state: 'loaded', rows: 2 }], views: [{ name: 'visits_per_day', owed: ['2024-11-14'] }] },
    ]);
    expect(await place.run(['refresh', '--owed'])).toMatchObject({ code: 0 });
    expect(await perDay(place)).toEqual({ '2024-11-14': 2 });
    expect(await place.run(['refresh', '--owed'])).toMatchObject({
      code: 0,
      stdout: 'Nothing to do: nothing is owed.\n',
    });
    expect((await place.run(['refresh', 'visits_by_day'])).code).toBe(2);
  });
});

describe('looking', () => {
  it('check ends with 4 when it finds something, also for one that is named', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-13.csv', file('a'));
    place.deliver('visits_2024-11-14.csv', file('a', 'robot'));
    await place.run(['sync', '2024-11-13..2024-11-14', 'visits']);
    const failed = await place.run(['check', 'no_robots']);
    expect(failed.code).toBe(4);
    expect(failed.stdout).toMatch(/fail +no_robots\n +day=2024-11-14/);
    expect((await place.run(['check', '2024-11-13'])).code).toBe(0);
    const json = await place.run(['check', '2024-11-14', 'no_robots', '--json']);
    expect(json.code).toBe(4);
    expect(json.json()).toMatchObject([
      { schema: 'dayboard.checks/1', checks: [{ name: 'no_robots', verdict: 'fail' }] },
    ]);
  });

  it('check of a day fails for it behind any number of other days, in whatever time zone', async () => {
    const place = await Place.make(
      CONFIG.replace(
        'sql: "SELECT day,',
        "sql: \"SELECT d::date AS day, 1 AS robots FROM generate_series(timestamp '2023-01-01', '2023-12-31', '1 day') d UNION ALL SELECT date_trunc('month', day)::date,",
      ),
    );
    place.deliver('visits_2024-11-14.csv', file('robot'));
    await place.run(['sync', '2024-11-14', 'visits']);
    const november = await place.run(['check', '2024-11-14', '--json'], { TZ: 'Europe/Paris' });
    expect(november.json()).toMatchObject([
      { checks: [{ verdict: 'fail', findings: [{ day: '2024-11-01', robots: 1 }] }] },
    ]);
    expect(november.code).toBe(4);
    const october = await place.run(['check', '2024-10-31'], { TZ: 'Europe/Paris' });
    expect(october).toMatchObject({ code: 0, stdout: expect.stringContaining('pass') });
  });

  it('freshness ends with 0 for data of yesterday and with 4 for what is too old', async () => {
    const fresh = await Place.make(CONFIG);
    fresh.deliver(`visits_${daysAgo(1)}.csv`, file('a'));
    await fresh.run(['sync', daysAgo(1), 'visits']);
    const passed = await fresh.run(['freshness', 'visits', '--json']);
    expect(passed).toMatchObject({ code: 0 });
    expect(passed.json()).toMatchObject([
      {
        schema: 'dayboard.freshness/1',
        relations: [{ name: 'visits', verdict: 'pass', through: daysAgo(1) }],
      },
    ]);
    const old = await Place.make(CONFIG);
    old.deliver(`visits_${daysAgo(9)}.csv`, file('a'));
    await old.run(['sync', daysAgo(9), 'visits']);
    expect(await old.run(['freshness', 'visits'])).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/visits +✘ too old/),
    });
    expect((await old.run(['freshness', 'visit'])).code).toBe(2);
  });

  it('runs tell who ran what and how it went; one is shown with its steps and errors', async () => {
    const place = await Place.make(CONFIG);
    place.deliver('visits_2024-11-14.csv', 'nonsense\n');
    await place.run(['sync', '2024-11-14', 'visits']);
    expect((await place.run(['runs'])).stdout).toMatch(
      /1 {2}✘ failed .* 3 of 5, 1 failed, 1 skipped .*dayboard sync 2024-11-14 visits/,
    );
    const shown = await place.run(['runs', 'show', '1']);
    expect(shown.stdout).toMatch(/✘ failed +load +visits 2024-11-14/);
    expect(shown.stdout).toContain('load.header');
    expect((await place.run(['runs', 'show', '1', '--json'])).json()).toMatchObject([
      { schema: 'dayboard.run/1', run: { id: '1' }, steps: [{}, { state: 'failed' }, {}, {}, {}] },
    ]);
    expect(await place.run(['runs', 'show', '77'])).toMatchObject({ code: 2 });
    expect(await place.run(['runs', 'follow', '1'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('run 1 failed'),
    });
    expect(await place.run(['cancel', '1'])).toMatchObject({ code: 5 });
  });

  it('a reader that goes away ends it quietly', async () => {
    const place = await Place.make(CONFIG);
    const started = place.start(['status', '--json']);
    started.child.stdout?.destroy();
    expect(await started.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
