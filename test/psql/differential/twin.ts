import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase, type TestServer } from '../../support/postgres.ts';
import { TEMPLATE } from './scripts.ts';
import { databaseState, refill } from './state.ts';

/** A database that every script finds as the template has it: refilled after those that changed it. */
export interface Twin extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** What is in it now. */
  state(): Promise<string[]>;
  /** Makes it as it was, given what is in it now. */
  restore(state: readonly string[]): Promise<void>;
}

export async function createTwin(server?: TestServer): Promise<Twin> {
  const template = await readFile(TEMPLATE, 'utf8');
  let database: TestDatabase;
  let client: pg.Client;
  let initial: string;
  const create = async (): Promise<void> => {
    database = await createTestDatabase(server === undefined ? {} : { server });
    client = await database.connect();
    await refill(client, template);
    initial = JSON.stringify(await databaseState(client));
  };
  await create();
  return {
    get name() {
      return database.name;
    },
    get url() {
      return database.url;
    },
    state: () => databaseState(client),
    restore: async (state) => {
      if (JSON.stringify(state) === initial) return;
      const refilled = await refill(client, template).then(
        async () => JSON.stringify(await databaseState(client)) === initial,
        () => false,
      );
      if (refilled) return;
      await database.drop();
      await create();
    },
    [Symbol.asyncDispose]: () => database.drop(),
  };
}
