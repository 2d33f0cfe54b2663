import pg from 'pg';
import { DayboardError } from '../../project/errors.ts';
import { type Cluster, SUPERUSER } from './cluster.ts';

/** The only address that the server listens on. */
export const HOST = '127.0.0.1';

/**
 * Proves by its password and its data directory that the server on `port` is ours. False when it is another
 * one or is about to stop. Errors: demo.postgres-password, demo.postgres-login.
 */
export async function letsUsIn(cluster: Cluster, port: number, password: string): Promise<boolean> {
  const client = new pg.Client({
    host: HOST,
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    ssl: false, // Whatever PGSSLMODE says: it never leaves this machine.
    connectionTimeoutMillis: 10_000,
    application_name: 'dayboard supervisor',
  });
  client.on('error', () => undefined); // A server that stops says so; the query below fails with it.
  try {
    await client.connect();
    const shown = await client.query<{ directory: string }>(
      "select current_setting('data_directory') as directory",
    );
    return shown.rows[0]?.directory === cluster.data;
  } catch (cause) {
    if (isGoing(cause)) return false;
    throw loginError(cluster, cause);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server ended, or told that it is ending, between our look and our login. */
function isGoing(cause: unknown): boolean {
  const code = String((cause as { code?: unknown }).code);
  return (
    /^(ECONNREFUSED|ECONNRESET|EPIPE|57P0[123]|08...)$/.test(code) ||
    /terminated/.test((cause as Error).message)
  );
}

function loginError(cluster: Cluster, cause: unknown): DayboardError {
  const sqlstate = (cause as { code?: unknown }).code;
  const password = sqlstate === '28P01';
  return new DayboardError({
    code: password ? 'demo.postgres-password' : 'demo.postgres-login',
    message: password
      ? `The PostgreSQL in ${cluster.directory} does not take the password that is kept with it.`
      : `The PostgreSQL in ${cluster.directory} runs but lets nobody in: ${(cause as Error).message}`,
    facts: { directory: cluster.directory, user: SUPERUSER, sqlstate: String(sqlstate), log: cluster.log },
    next: password
      ? `Put the right password into ${cluster.passwordFile}, or start over with --reset.`
      : `Look into ${cluster.log}.`,
    cause,
  });
}
