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
 * a statement because poolers refuse most startup options.
 */
export async function prepareSession(client: Queryable, purpose: string): Promise<void> {
  const settings = purpose === 'read' ? FOUND_DEAD : AT_WORK;
  await client.query(
    `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)
      WHERE current_setting(name, true) IS NOT NULL`,
    [Object.keys(settings), Object.values(settings)],
  );
}
