import type pg from 'pg';
import type { Queryable } from './client.ts';

/**
 * A connection that several askers share: their statements run one after the other, as pg wants them to be sent.
 * Not for transactions: another asker's statement could come between.
 */
export function serially(client: pg.ClientBase): Queryable {
  let tail: Promise<unknown> = Promise.resolve();
  const query = (...given: Parameters<pg.ClientBase['query']>): Promise<unknown> => {
    const answer = tail.then(() =>
      (client.query as (...each: unknown[]) => Promise<unknown>)(...(given as unknown[])),
    );
    tail = answer.catch(() => undefined);
    return answer;
  };
  return { query: query as unknown as Queryable['query'] };
}
