import type pg from 'pg';

/**
 * Ends a connection without a word to the server, which may not be there any more: what waits for an answer on it fails
 * at once as on any connection that is lost.
 */
export function sever(client: pg.Client): void {
  const { connection } = client as pg.Client & { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}
