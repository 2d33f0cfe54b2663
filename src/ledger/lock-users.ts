import type { RelationName } from '../project/model.ts';
import type { Queryable } from './client.ts';
import { qualified } from './sql.ts';

/** Sessions that one text names. */
const MOST = 3;

/** A session for people: who, since when, and what it asks, without the values in it. */
const WHO = `format('%s (process %s%s) in a transaction since %s, query since %s: %s', coalesce(a.usename, a.backend_type), a.pid,
    coalesce(', ' || nullif(a.application_name, ''), ''),
    to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC', 'HH24:MI:SS "UTC"'),
    to_char(coalesce(a.query_start, a.backend_start) AT TIME ZONE 'UTC', 'HH24:MI:SS "UTC"'),
    left(regexp_replace(regexp_replace(a.query, '\\s+', ' ', 'g'), '''[^'']*''', '''…''', 'g'), 80))`;

/** Who holds a lock on the relations, an ordinary reader included; empty when nobody does any more. */
export async function usersOf(client: Queryable, relations: readonly RelationName[]): Promise<string> {
  const found = await client.query<{ who: string }>(
    `SELECT DISTINCT a.xact_start, ${WHO} AS who
       FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest($1::text[]) AS name)
      ORDER BY a.xact_start LIMIT ${MOST}`,
    [relations.map(qualified)],
  );
  return found.rows.map(({ who }) => who).join('; ');
}

/** Whom another session waits for right now, other than in an advisory lock; empty when it does not wait. */
export async function blockersOf(client: Queryable, backend: number): Promise<string> {
  const found = await client.query<{ who: string }>(
    `SELECT ${WHO} AS who FROM pg_stat_activity a
      WHERE a.pid = ANY (pg_blocking_pids($1))
        AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = $1 AND NOT l.granted AND l.locktype = 'advisory')
      ORDER BY a.xact_start LIMIT ${MOST}`,
    [backend],
  );
  return found.rows.map(({ who }) => who).join('; ');
}
