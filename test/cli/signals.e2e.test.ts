import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestS3, type TestS3 } from '../support/s3.ts';
import { until } from '../support/until.ts';
import { CONFIG, file, Place, type Started } from './place.ts';

let place: Place;
let s3: TestS3;
let env: Record<string, string>;
beforeAll(async () => {
  place = await Place.make(CONFIG);
  s3 = await startTestS3();
  place.secrets.push(s3.secretAccessKey);
  env = {
    S3_BUCKET_NAME: s3.bucket,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
});

/** Ends every download that waits; new ones wait again while `stuck` is set. */
let release: () => void = () => undefined;
afterEach(() => {
  release();
  s3.faults = undefined;
});

/** Downloads of this day answer with nothing until they are released. Resolves when one is asked for. */
function stick(day: string): Promise<void> {
  const waiting = new Promise<void>((resolve) => (release = resolve));
  const asked = Promise.withResolvers<void>();
  s3.faults = ({ method, key }) => {
    if (method !== 'GET' || key !== `visits_${day}.csv`) return undefined;
    asked.resolve();
    return { kind: 'delay', until: waiting };
  };
  return asked.promise;
}

/** A sync of two days, of which the first is published and the second is on its way and stays there. */
async function inFlight(
  first: string,
  second: string,
  args: string[] = [],
): Promise<{ sync: Started; run: string }> {
  await s3.put(`visits_${first}.csv`, file('a'));
  await s3.put(`visits_${second}.csv`, file('b'));
  const onItsWay = stick(second);
  const sync = place.start(['sync', `${first}..${second}`, 'visits', ...args], env);
  await sync.says(`publish visits ${first}: done`);
  await onItsWay;
  const run = /run (\d+) started/.exec(sync.stderr())?.[1] ?? '';
  return { sync, run };
}

async function daysPublished(): Promise<string[]> {
  const rows = await place.query<{ day: string }>('SELECT DISTINCT day::text FROM visits ORDER BY day');
  return rows.map((row) => row.day);
}

/** Nothing of a run is left: no work table, no lock, no connection. */
async function cleanedUp(): Promise<boolean> {
  const [left] = await place.query<{ tables: number; locks: number }>(
    `SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('dayboard_staging') AND relkind IN ('r', 'p'))::int AS tables,
            (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))::int AS locks`,
  );
  return left?.tables === 0 && left.locks === 0;
}

describe('a signal in the middle of sync', () => {
  it.each([
    ['SIGINT', '2024-10-01', '2024-10-02'],
    ['SIGTERM', '2024-10-03', '2024-10-04'],
  ] as const)(
    '%s rolls back what is in flight, keeps what is published, and ends with 130',
    async (signal, first, second) => {
      const { sync } = await inFlight(first, second);
      sync.child.kill(signal);
      const ended = await sync.ended;
      expect(ended.code).toBe(130);
      expect(ended.stderr).toContain('cancelling: what is in flight is rolled back');
      expect(ended.stdout).toMatch(
        /× run \d+ cancelled .*\n {2}deliveries: 1 published, 0 failed, 0 unchanged, 1 cancelled/,
      );
      expect(await daysPublished()).toContain(first);
      expect(await daysPublished()).not.toContain(second);
      await until(cleanedUp);
      const status = await place.run(['status', second, 'visits', '--json'], env);
      expect(status.json()).toMatchObject([{ cells: [{ state: 'available' }] }]);
      release();
      s3.faults = undefined;
      expect(await place.run(['sync', `${first}..${second}`, 'visits'], env)).toMatchObject({ code: 0 });
      expect(await daysPublished()).toContain(second);
    },
  );

  it('two of one kind within moments are one: the run is still cancelled cleanly', async () => {
    const { sync } = await inFlight('2024-10-05', '2024-10-06');
    sync.child.kill('SIGINT');
    sync.child.kill('SIGINT');
    const ended = await sync.ended;
    expect(ended.code).toBe(130);
    expect(ended.stdout).toContain('cancelled');
  });

  it('kill -9 leaves nothing half visible, and the next run needs no cleaning by hand', async () => {
    const { sync, run } = await inFlight('2024-10-07', '2024-10-08');
    sync.child.kill('SIGKILL');
    await sync.ended;
    release();
    s3.faults = undefined;
    await until(async () => (await place.run(['runs', 'show', run], env)).stdout.includes('interrupted'));
    expect(await place.run(['sync', '2024-10-07..2024-10-08', 'visits'], env)).toMatchObject({ code: 0 });
    expect(await daysPublished()).toEqual(expect.arrayContaining(['2024-10-07', '2024-10-08']));
    await until(cleanedUp);
  });

  it('on a terminal Ctrl-C takes the list away and leaves the summary', async () => {
    await s3.put('visits_2024-10-09.csv', file('a'));
    void stick('2024-10-09');
    const terminal = place.terminal(['sync', '2024-10-09', 'visits'], env);
    await terminal.waitFor(/Deliveries 0 of 1[^]*visits 2024-10-09 +fetch/);
    terminal.press('ctrl-c');
    const screen = await terminal.waitFor(/× run \d+ cancelled/);
    expect((await terminal.exit).code).toBe(130);
    expect(screen.join('\n')).not.toContain('Deliveries 0 of 1');
  });
});

describe('two operators', () => {
  it('the second is told who holds it and since when; it can watch, and cancel', async () => {
    const { sync, run } = await inFlight('2024-10-11', '2024-10-12');
    const second = await place.run(['sync', '2024-10-12', 'visits', '--json'], env);
    expect(second.code).toBe(5);
    expect(second.json()).toMatchObject([
      { code: 'lock.held', exitCode: 5, next: expect.stringContaining(`Run ${run}`) },
    ]);
    const watching = place.start(['runs', 'follow', run, '--json'], env);
    await until(() => watching.stdout().includes('"step.started"'));
    expect(await place.run(['cancel', run, '--now'], env)).toMatchObject({ code: 0 });
    expect((await sync.ended).code).toBe(130);
    const followed = await watching.ended;
    expect(followed.code).toBe(130);
    const events = followed.json();
    expect(events[0]).toMatchObject({ type: 'run.started', run });
    expect(events).toContainEqual(expect.objectContaining({ type: 'run.cancelling', mode: 'now' }));
    expect(events.at(-1)).toMatchObject({ type: 'run.done', outcome: { state: 'cancelled' } });
  });

  it('who leaves a run that is followed leaves it running', async () => {
    const { sync, run } = await inFlight('2024-10-13', '2024-10-14');
    const watching = place.start(['runs', 'follow', run], env);
    await watching.says(`run ${run} started`);
    watching.child.kill('SIGINT');
    expect(await watching.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining(`Run ${run} goes on`),
    });
    release();
    s3.faults = undefined;
    expect((await sync.ended).code).toBe(0);
  });

  it('cancel without --now lets the steps in flight end', async () => {
    const { sync, run } = await inFlight('2024-10-15', '2024-10-16');
    expect(await place.run(['cancel', run], env)).toMatchObject({ code: 0 });
    await sync.says(/stops after the steps in flight/);
    release();
    s3.faults = undefined;
    const ended = await sync.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain('fetch visits 2024-10-16: done');
    expect(await daysPublished()).not.toContain('2024-10-16');
  });
});
