import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/plan/events.ts';
import { aDataset, aProject, aRollup } from '../support/definitions.ts';
import { lines } from '../support/deliveries.ts';
import { type Fate, faultProxy } from '../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openTestWorkspace, requestOf } from '../support/workspace.ts';

const PERIOD = '2024-11-14';
const ROWS = 20_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dayboard-test-cut-'));
  const rows = Array.from({ length: ROWS }, (_, at) => `visitor number ${at},${PERIOD}`);
  await writeFile(join(folder, `visits_${PERIOD}.csv`), ['id,day', ...rows, ''].join('\n'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  return () => database.drop();
});

const PROJECT = () =>
  aProject({
    sources: { files: { kind: 'directory', path: folder } },
    datasets: [aDataset()],
    rollups: [
      aRollup({
        name: 'per_day',
        over: 'visits',
        published: { schema: 'public', name: 'visits_per_day', columns: ['day', 'visits'] },
      }),
    ],
  });

/** Loads the day, and gives how it ended: its outcome, or the code of what was thrown. */
async function sync(url: string, told: string[] = []): Promise<Outcome | string> {
  await using board = await openTestWorkspace({
    project: PROJECT(),
    env: { DATABASE_URL: url },
    cacheDirectory: join(folder, 'cache'),
    now: () => '2024-11-15T07:40:00.000Z',
  });
  const { workspace } = board;
  await workspace.list();
  const request = requestOf({ cells: [{ dataset: 'visits', periods: [PERIOD] }] });
  const handle = await workspace.start(await workspace.plan(request), (event) => {
    if (event.type === 'step.note') told.push(event.message);
  });
  return await handle.done.catch((thrown: { code: string }) => thrown.code);
}

/** Loads it through a network that is cut where it is told to, once or so often. */
async function cut(
  fate: (sent: string, before: string) => Fate,
  times = 1,
  told: string[] = [],
): Promise<Outcome | string> {
  let cuts = 0;
  await using proxy = await faultProxy(database.url, (sent, before) => {
    const what = cuts >= times ? 'pass' : fate(sent, before);
    if (what !== 'pass') cuts += 1;
    return what;
  });
  const ended = await sync(proxy.url, told);
  expect(cuts).toBe(times);
  return ended;
}

/** What readers see, and how often it was published. */
async function seen(): Promise<{ rows: string[]; rollup: string[]; versions: string[] }> {
  const client = await database.connect();
  const there = (name: string) =>
    lines(client, `SELECT 1 FROM pg_class WHERE relname = '${name}'`).then(({ length }) => length > 0);
  return {
    rows: (await there('visits')) ? await lines(client, 'SELECT count(*) FROM visits') : [],
    rollup: (await there('visits_per_day')) ? await lines(client, 'SELECT visits FROM visits_per_day') : [],
    versions: await lines(client, 'SELECT version FROM dayboard.version WHERE current'),
  };
}

/** The server has found out that nobody is at the other end, and given up what they held. */
async function nobodyConnected(): Promise<void> {
  const client = await database.connect();
  const theirs = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dayboard%'`;
  await until(async () => (await lines(client, theirs)).length === 0, { what: 'the server has let go' });
}

const NOTHING = { rows: ['0'], rollup: [], versions: [] };
const ALL = { rows: [String(ROWS)], rollup: [String(ROWS)], versions: ['1'] };

const inCopy = (_: string, before: string) => /COPY .*FROM STDIN/i.test(before);
const inPublish = (sent: string) => sent.includes('INSERT INTO dayboard.version');
const atCommit = (sent: string, before: string) =>
  sent.includes('COMMIT') && before.includes('INSERT INTO dayboard.version');
const when =
  (is: (sent: string, before: string) => boolean, what: Fate) =>
  (sent: string, before: string): Fate =>
    is(sent, before) ? what : 'pass';

describe('a network that is cut', () => {
  it('in the middle of COPY is told, and the rows are loaded again, once', async () => {
    const told: string[] = [];
    expect(await cut(when(inCopy, 'cut'), 2, told)).toMatchObject({ state: 'done' });
    expect(told.filter((note) => note.startsWith('try '))).toEqual([
      expect.stringMatching(/^try 2 of 3 in [\d.]+ s, after: .*connection/iu),
      expect.stringMatching(/^try 3 of 3 in [\d.]+ s, after: .*connection/iu),
    ]);
    expect(await seen()).toEqual(ALL);
  });

  it.each<[string, (sent: string, before: string) => Fate, number?]>([
    ['in the middle of COPY, at each try', when(inCopy, 'cut'), 3],
    ['in the middle of COPY, for every connection', when(inCopy, 'cut all')],
    ['in the middle of a publish', when(inPublish, 'cut')],
    ['in the middle of a publish, for every connection', when(inPublish, 'cut all')],
    ['before the commit of a publish was sent', when(atCommit, 'cut')],
    ['before the commit of a publish was sent, for every connection', when(atCommit, 'cut all')],
  ])('%s leaves nothing half visible, and the next run completes', async (_, fate, times = 1) => {
    const ended = await cut(fate, times);
    expect(typeof ended === 'string' ? ended : ended.state).toMatch(/^(failed|database.connection-lost)$/);
    expect(await seen()).toEqual(NOTHING);
    await nobodyConnected();
    expect(await sync(database.url)).toMatchObject({ state: 'done' });
    expect(await seen()).toEqual(ALL);
  });

  it('after the commit of a publish was sent is found out, and the run goes on', async () => {
    expect(await cut(when(atCommit, 'deliver and cut'))).toMatchObject({
      state: 'done',
      deliveries: { published: 1 },
    });
    expect(await seen()).toEqual(ALL);
  });

  it('after the commit of a publish was sent, for every connection, is found published by the next run', async () => {
    expect(await cut(when(atCommit, 'deliver and cut all'))).toBe('database.connection-lost');
    // The server may still be at it.
    await until(async () => (await seen()).versions.length > 0, { what: 'it is committed' });
    expect(await seen()).toEqual(ALL);
    await nobodyConnected();
    expect(await sync(database.url)).toMatchObject({ state: 'done', deliveries: { unchanged: 1 } });
    expect(await seen()).toEqual(ALL);
  });
});
