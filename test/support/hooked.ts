import type pg from 'pg';

/** The client, with something done before each of its queries. */
export function hooked(
  client: pg.Client,
  before: (at: number, sql: string) => Promise<void> | void,
): pg.Client {
  let at = 0;
  const query = async (...given: unknown[]): Promise<unknown> => {
    at += 1;
    await before(at, String(given[0]));
    return (client.query as (...each: unknown[]) => Promise<unknown>)(...given);
  };
  return new Proxy(client, {
    get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)),
  });
}
