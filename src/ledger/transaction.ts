import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { DayboardError } from '../project/errors.ts';
import { pauseAfter } from '../project/passing.ts';
import type { Dataset, RelationName } from '../project/model.ts';
import type { Queryable } from './client.ts';
import { databaseError, passingFailure } from './errors.ts';
import { usersOf } from './lock-users.ts';
import { literal } from './sql.ts';

/** Runs `work` in a transaction: committed when it resolves, rolled back when it rejects. */
export async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    // A lost connection rolls back by itself; the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

/**
 * Makes what the values of a dataset or rollup mean independent of the session, until the transaction ends: times without an offset
 * are in its time zone, dates are read as year, month, day. A role's statement timeout is for queries, not for loads
 * that take as long as their file is large; work_mem lets a delivery be sorted in memory. What a change asks for by
 * index was mostly written by the change before it and is in memory: it is not priced like a disk that turns.
 */
export async function setForDataset(
  client: ClientBase,
  { timeZone }: Pick<Dataset, 'timeZone'>,
): Promise<void> {
  await client.query(
    `SET LOCAL TimeZone = ${literal(timeZone)}; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'; SET LOCAL random_page_cost = 1.1`,
  );
}

/**
 * How long a try waits for locks, in milliseconds. PostgreSQL makes whoever comes later wait behind a lock that is
 * waited for, readers too, and 50 ms are promised to them for the wait and what comes after it.
 */
const WAIT_MILLISECONDS = 20;

/** For how long tries go on, in milliseconds. */
const PATIENCE_MILLISECONDS = 60_000;
/** Between two tries, in milliseconds. */
const PAUSES = { least: 100, most: 1_000, factor: 1.5 };

/**
 * Limits how long the transaction waits for locks: whoever waits to change a relation keeps every later reader waiting
 * too. What sets it must be tried again (withRetries).
 *
 * @param relations how many it waits for one after another, holding those before
 */
export async function setLockTimeout(client: Queryable, relations = 1): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${lockTimeout(relations)}`);
}

/** How long a change of rows waits for another's, in milliseconds. */
const ROW_WAIT_MILLISECONDS = 3_000;

/** Limits how long the transaction waits for locks that readers do not wait behind: those of rows. Gives its id. */
export async function setRowLockTimeout(client: Queryable): Promise<string> {
  const set = await client.query<{ id: string }>(
    `SELECT set_config('lock_timeout', '${ROW_WAIT_MILLISECONDS}', true), pg_current_xact_id()::text AS id`,
  );
  return set.rows[0]?.id ?? '';
}

/** The milliseconds of setLockTimeout, for statements that are sent together. */
export function lockTimeout(relations = 1): number {
  return Math.max(1, Math.floor(WAIT_MILLISECONDS / relations));
}

/** What is tried again, so that those in the way can be named. */
export interface Waiting {
  /** Asks who is in the way, between two tries. */
  client: Queryable;
  relations: readonly RelationName[];
  /** For how long tries go on, in milliseconds; a minute when not said. */
  patience?: number | undefined;
  /** Called when somebody is in the way, and when it is somebody else. */
  onWait?: ((who: string) => void) | undefined;
}

/**
 * Tries again after lock timeouts, deadlocks and serialization failures, a little later each time, until patience has
 * run out. `work` must leave nothing behind when it fails. Every other failure, and the last, is a DayboardError
 * 'database.…'; 'database.lock-timeout' names who was in the way where `waiting` says on what.
 */
export async function withRetries<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  waiting?: Waiting,
): Promise<T> {
  const started = performance.now();
  const patience = waiting?.patience ?? PATIENCE_MILLISECONDS;
  let told = '';
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (thrown) {
      if (passingFailure(thrown) !== 'in the way') throw databaseError(thrown);
      const who = waiting === undefined ? '' : await usersOf(waiting.client, waiting.relations);
      if (performance.now() - started >= patience)
        throw waiting === undefined
          ? databaseError(thrown)
          : stillInUse(waiting.relations, who, patience, thrown);
      if (who !== '' && who !== told) waiting?.onWait?.(who);
      told = who === '' ? told : who;
    }
    await delay(pauseAfter(attempt, PAUSES), undefined, signal === undefined ? {} : { signal });
  }
}

function stillInUse(
  relations: readonly RelationName[],
  who: string,
  patience: number,
  cause: unknown,
): DayboardError {
  const name = relations.map(({ schema, name: each }) => `${schema}.${each}`).join(', ');
  const by = who === '' ? 'by one session after the other' : `last by ${who}`;
  return new DayboardError({
    code: 'database.lock-timeout',
    message: `${name} was in use for ${Math.round(patience / 1000)} s without a moment in which it could be changed, ${by}. It is as it was, and its readers were not kept waiting.`,
    facts: { relation: name, ...(who === '' ? {} : { by: who }) },
    next: 'Run it again when they have ended, or end them with pg_terminate_backend(process).',
    cause,
  });
}
