import { createHash } from 'node:crypto';
import type pg from 'pg';
import { DayboardError } from '../project/errors.ts';
import type { Actor } from './actor.ts';
import type { Queryable } from './client.ts';

/** What a lock is on. One word per kind; the rest says which. */
export type LockTarget =
  | `delivery ${string} ${string}`
  | `table ${string}`
  | `derived ${string}`
  | `copy ${string}`
  | `run ${string}`
  | 'schedule';

export interface LockHolder {
  target: string;
  by: string;
  host: string;
  pid: number;
  /** RFC 3339. */
  since: string;
  run?: string;
}

/** The advisory lock's number: the first 63 bits of a hash, so that projects in one database stay apart. */
export function lockKey(project: string, target: LockTarget): bigint {
  const digest = createHash('sha256').update(`dayboard\0${project}\0${target}`).digest();
  return digest.readBigInt64BE(0) >> 1n;
}

export interface LockRequest {
  project: string;
  target: LockTarget;
  actor: Actor;
  run?: string;
}

/**
 * Takes the session-level lock on this connection, or says who holds it. The lock ends with `releaseLock` or with
 * the connection, so a dead holder never blocks anyone. Taking it twice on one connection is the caller's mistake.
 */
export async function tryLock(
  client: Queryable,
  request: LockRequest,
): Promise<{ held: true } | { held: false; holder: LockHolder | undefined }> {
  const key = lockKey(request.project, request.target);
  const tried = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS locked', [
    key.toString(),
  ]);
  if (tried.rows[0]?.locked === true) {
    await recordHolder(client, request, key);
    return { held: true };
  }
  const [holder] = await lockHolders(client, request.project, [request.target]);
  return { held: false, holder };
}

/** As tryLock, but a held target is a DayboardError 'lock.held' of kind 'refused' that names the holder. */
export async function takeLock(client: Queryable, request: LockRequest): Promise<void> {
  const result = await tryLock(client, request);
  if (!result.held) throw heldError(request.target, result.holder);
}

/** Waits for the lock, however long; a cancelled statement ends the waiting. */
export async function waitForLock(client: Queryable, request: LockRequest): Promise<void> {
  const key = lockKey(request.project, request.target);
  await client.query('SELECT pg_advisory_lock($1::bigint)', [key.toString()]);
  await recordHolder(client, request, key);
}

async function recordHolder(client: Queryable, request: LockRequest, key: bigint): Promise<void> {
  await client.query(
    `INSERT INTO dayboard.lock (project, target, lock_key, run, backend_pid, by_user, host, pid)
     VALUES ($1, $2, $3, $4, pg_backend_pid(), $5, $6, $7)
     ON CONFLICT (project, target) DO UPDATE
       SET lock_key = excluded.lock_key, run = excluded.run, backend_pid = excluded.backend_pid,
           by_user = excluded.by_user, host = excluded.host, pid = excluded.pid, since = excluded.since`,
    [
      request.project,
      request.target,
      key.toString(),
      request.run ?? null,
      request.actor.user,
      request.actor.host,
      request.actor.pid,
    ],
  );
}

/**
 * Gives the lock back. Never rejects: a connection that cannot give it back is ended, and the lock with it. It must not
 * be handed on with a lock that nobody knows of: whoever waits for it would wait for ever.
 */
export async function releaseLock(client: pg.Client, project: string, target: LockTarget): Promise<void> {
  // The row only says who holds it: what keeps it from being deleted keeps no lock.
  await client
    .query(
      'DELETE FROM dayboard.lock WHERE project = $1 AND target = $2 AND backend_pid = pg_backend_pid()',
      [project, target],
    )
    .catch(() => undefined);
  const key = lockKey(project, target).toString();
  const released = await client.query('SELECT pg_advisory_unlock($1::bigint)', [key]).then(
    () => true,
    () => false,
  );
  if (!released) await client.end().catch(() => undefined);
}

/** Those of the targets (all when absent) that somebody holds now, read from pg_locks: dead holders are not in it. Every project's when `project` is undefined. */
export async function lockHolders(
  client: Queryable,
  project: string | undefined,
  targets?: readonly string[],
): Promise<LockHolder[]> {
  const found = await client.query<{
    target: string;
    by_user: string;
    host: string;
    pid: number;
    since: Date;
    run: string | null;
  }>(
    `SELECT l.target, l.by_user, l.host, l.pid, l.since, l.run
       FROM dayboard.lock l
       JOIN pg_locks p
         ON p.locktype = 'advisory' AND p.granted AND p.objsubid = 1 AND p.pid = l.backend_pid
        AND p.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((p.classid::bigint << 32) | p.objid::bigint) = l.lock_key
      WHERE ($1::text IS NULL OR l.project = $1) AND ($2::text[] IS NULL OR l.target = ANY ($2))
      ORDER BY l.since`,
    [project ?? null, targets ?? null],
  );
  return found.rows.map((row) => ({
    target: row.target,
    by: row.by_user,
    host: row.host,
    pid: row.pid,
    since: row.since.toISOString(),
    ...(row.run === null ? {} : { run: row.run }),
  }));
}

/** 'lock.held': the second operator is told who holds it and since when, and how to watch. */
export function heldError(target: string, holder: LockHolder | undefined): DayboardError {
  const who =
    holder === undefined
      ? 'another session'
      : `${holder.by} on ${holder.host} (process ${holder.pid}) since ${holder.since}`;
  const run = holder?.run === undefined ? '' : `, run ${holder.run}`;
  return new DayboardError({
    code: 'lock.held',
    kind: 'refused',
    message: `${target} is held by ${who}${run}.`,
    facts: {
      target,
      holder: holder?.by,
      host: holder?.host,
      pid: holder?.pid,
      since: holder?.since,
      run: holder?.run,
    },
    next:
      holder?.run === undefined
        ? 'Try again when it has ended.'
        : `Watch it with \`dayboard runs follow ${holder.run}\`, or try again when it has ended.`,
  });
}

/** Ids of the runs whose process lives: those whose lock is held. Every project's when `project` is undefined. */
export async function aliveRuns(client: Queryable, project: string | undefined): Promise<string[]> {
  const holders = await lockHolders(client, project);
  return holders
    .filter((holder) => holder.target.startsWith('run '))
    .map((holder) => holder.target.slice('run '.length));
}
