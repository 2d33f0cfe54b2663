import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Queryable } from '../ledger/client.ts';
import { blockersOf } from '../ledger/lock-users.ts';
import type { Database } from '../ledger/connection.ts';
import { backendOf } from '../ledger/pooler.ts';

/** How often the server is asked, and when again after it could not be, in milliseconds. */
const EVERY_MILLISECONDS = 500;
const AGAIN_MILLISECONDS = 2_000;

/** What the server says of a session that is at work. */
export interface BackendState {
  /** PostgreSQL's own word for what a statement is at, where it reports progress. */
  phase?: string;
  /** How far that is, 0 to 1. */
  share?: number;
  /** Who holds the lock that it waits for. */
  blockedBy?: string;
  /** PostgreSQL's words for what else it waits for: 'IO DataFileRead'. */
  wait?: string;
}

/**
 * Does `work` on a connection, and tells twice a second what the server says of it, asked on a second connection. That
 * one is closed when the work has ended, made anew when it is lost, and nothing of it reaches the work: without it there
 * is just nothing told.
 */
export async function watchBackend<T>(
  database: Pick<Database, 'connect'>,
  client: pg.Client,
  onState: (state: BackendState) => void,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const backend = backendOf(client);
  // Not waited for: what it is at, the work is not to wait for. It never rejects.
  void watch(database, backend, over.signal, onState);
  try {
    return await work();
  } finally {
    over.abort();
  }
}

async function watch(
  database: Pick<Database, 'connect'>,
  backend: number,
  over: AbortSignal,
  onState: (state: BackendState) => void,
): Promise<void> {
  let watcher: pg.Client | undefined;
  let pause = EVERY_MILLISECONDS;
  while (await goesOn(over, pause)) {
    try {
      watcher ??= await database.connect('watch');
      const state = await readState(watcher, backend);
      if (!over.aborted) onState(state);
      pause = EVERY_MILLISECONDS;
    } catch {
      close(watcher);
      watcher = undefined;
      pause = AGAIN_MILLISECONDS;
    }
  }
  close(watcher);
}

/** False once the work is over: most is done before the first question. */
function goesOn(over: AbortSignal, pause: number): Promise<boolean> {
  return delay(pause, true, { signal: over }).catch(() => false);
}

/** Not waited for: a connection that is lost may never answer. */
function close(watcher: pg.Client | undefined): void {
  watcher?.end().catch(() => undefined);
}

/**
 * PostgreSQL measures what creates an index, copies and analyzes; of CREATE TABLE AS, REFRESH and other queries it says
 * nothing.
 */
const PROGRESS = `
  SELECT phase, tuples_done AS done, tuples_total AS total, blocks_done, blocks_total FROM pg_stat_progress_create_index WHERE pid = $1
  UNION ALL
  SELECT phase, sample_blks_scanned, sample_blks_total, 0, 0 FROM pg_stat_progress_analyze WHERE pid = $1
  UNION ALL
  SELECT 'copy', bytes_processed, bytes_total, 0, 0 FROM pg_stat_progress_copy WHERE pid = $1`;

const WAIT = `
  SELECT wait_event_type || ' ' || wait_event AS wait FROM pg_stat_activity
   WHERE pid = $1 AND state = 'active' AND wait_event_type NOT IN ('Client', 'Lock')`;

async function readState(watcher: Queryable, backend: number): Promise<BackendState> {
  const found = await watcher.query<
    Record<'done' | 'total' | 'blocks_done' | 'blocks_total', string> & { phase: string }
  >(PROGRESS, [backend]);
  const row = found.rows[0];
  const blockedBy = await blockersOf(watcher, backend);
  const waits = await watcher.query<{ wait: string }>(WAIT, [backend]);
  const wait = waits.rows[0]?.wait;
  return {
    ...(row === undefined ? {} : { phase: row.phase.replace(/^building index: /, '') }),
    ...(row === undefined
      ? {}
      : (shareOf(row.done, row.total) ?? shareOf(row.blocks_done, row.blocks_total))),
    ...(blockedBy === '' ? {} : { blockedBy }),
    ...(wait === undefined ? {} : { wait }),
  };
}

function shareOf(done: string, total: string): { share: number } | undefined {
  return Number(total) > 0 ? { share: Math.min(1, Number(done) / Number(total)) } : undefined;
}
