import pg from 'pg';
import { migrate } from '../../src/ledger/migrate.ts';
import { createTestDatabase, type TestDatabase, templateDatabase } from './postgres.ts';

/** A database of the test's own that holds an empty ledger. */
export async function createLedgerDatabase(): Promise<TestDatabase> {
  const template = await templateDatabase('ledger', async (url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await migrate(client);
    await client.end();
  });
  return createTestDatabase({ template });
}
