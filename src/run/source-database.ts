import { Database, databaseSettings } from '../ledger/connection.ts';
import { databaseError } from '../ledger/errors.ts';
import type { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { SourceDatabase } from '../source/postgres.ts';
import { asSourceError } from '../source/postgres-errors.ts';

/**
 * The database whose URL a variable holds, for reading: the server refuses every write of its sessions.
 * @throws 'config.database-missing' or 'config.database-url' (usage)
 */
export function sourceDatabase(env: Environment, variable: string): SourceDatabase {
  const settings = databaseSettings(env, variable);
  const database = new Database(settings, true);
  const explain = (thrown: unknown): DayboardError =>
    asSourceError(databaseError(thrown), variable, settings.display);
  return {
    display: settings.display,
    explain,
    connect: async (purpose) => {
      try {
        return await database.connect(purpose);
      } catch (thrown) {
        throw explain(thrown);
      }
    },
  };
}
