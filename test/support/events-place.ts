import type pg from 'pg';
import type { DatasetInput } from '../../src/project/input.ts';
import { BUFFER, eventsProject, SOURCE_VARIABLE } from './events.ts';
import { createTestDatabase } from './postgres.ts';
import { openTestWorkspace, type TestWorkspace } from './workspace.ts';

export const NOW = '2024-11-20T09:00:00.000Z';

/** A source database with a buffer of events, and a target that a workspace loads them into. */
export interface Place extends AsyncDisposable {
  source: pg.Client;
  sourceUrl: string;
  targetUrl: string;
  target: pg.Client;
  board: TestWorkspace;
  sync(...days: string[]): ReturnType<TestWorkspace['run']>;
  states(first: string, last: string): Promise<string[]>;
  rows(): Promise<string[]>;
}

/**
 * @param changes of the dataset
 * @param sourceUrl what the workspace is given instead of the source's URL
 */
export async function openPlace(
  cache: string,
  changes: Partial<DatasetInput> = {},
  sourceUrl?: (url: string) => string,
): Promise<Place> {
  const [from, to] = [await createTestDatabase(), await createTestDatabase()];
  const [source, target] = [await from.connect(), await to.connect()];
  await source.query(BUFFER);
  await target.query('CREATE TABLE people (person text, place text, region text)');
  const board = await openTestWorkspace({
    project: eventsProject(changes),
    env: { DATABASE_URL: to.url, [SOURCE_VARIABLE]: sourceUrl?.(from.url) ?? from.url },
    cacheDirectory: cache,
    now: () => NOW,
  });
  return {
    source,
    sourceUrl: from.url,
    targetUrl: to.url,
    target,
    board,
    sync: (...days) => board.run({ cells: [{ dataset: 'events', periods: days }] }),
    states: async (first, last) => {
      const { rows } = await board.workspace.board({ first, last });
      return (rows[0]?.cells ?? []).map(({ period, state }) => `${period} ${state}`);
    },
    rows: async () => {
      const found = await target.query<{ row: string }>(
        `SELECT concat_ws(' ', id, to_char(at AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS.US'), coalesce(kind, 'NULL'), person, day, place, region) AS row FROM events ORDER BY at, id`,
      );
      return found.rows.map(({ row }) => row);
    },
    [Symbol.asyncDispose]: async () => {
      await board[Symbol.asyncDispose]();
      await Promise.all([from.drop(), to.drop()]);
    },
  };
}
