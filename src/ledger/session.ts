import type { Queryable } from './client.ts';

/**
 * A server finds out after about a minute, not after two hours, that the network to a connection is cut: until then
 * it keeps the locks of a process that nobody can reach any more.
 */
const FOUND_DEAD = {
  tcp_keepalives_idle: '30s',
  tcp_keepalives_interval: '10s',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '60s',
  // A pool's and a watcher's connections rest between two questions.
  idle_session_timeout: '0',
};

/**
 * What a role's limits must not end: a load takes as long as its file is large, a lock as long as its holder needs,
 * and a publish waits in its transaction for what is built beside it. No run takes a day; what holds a transaction open
 * for so long is a process that was stopped and forgotten.
 */
const AT_WORK = {
  ...FOUND_DEAD,
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '1d',
};

/**
 * Settings for a new connection, by what it is for; those that the server does not know are left out. They are set by
 * a statement because poolers refuse most startup options, or ignore them.
 *
 * @param session the process of the server that must be at the other end: in any other nothing is set
 * @returns the process that is there
 */
export async function prepareSession(
  client: Queryable,
  purpose: string,
  readOnly: boolean,
  session: number | undefined,
): Promise<number> {
  const settings = {
    ...(purpose === 'read' ? FOUND_DEAD : AT_WORK),
    ...(readOnly ? { default_transaction_read_only: 'on' } : {}),
  };
  const found = await client.query<{ pid: number }>(
    `SELECT pg_backend_pid() AS pid, (
       SELECT count(set_config(name, value, false)) FROM unnest($1::text[], $2::text[]) AS s (name, value)
        WHERE current_setting(name, true) IS NOT NULL AND ($3::int IS NULL OR pg_backend_pid() = $3))`,
    [Object.keys(settings), Object.values(settings), session],
  );
  return found.rows[0]?.pid ?? 0;
}
