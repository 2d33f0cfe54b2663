import type pg from 'pg';
import { Database } from '../ledger/connection.ts';
import { databaseSettings, libpqVariables } from '../ledger/database-settings.ts';
import { databaseError } from '../ledger/errors.ts';
import { DayboardError } from '../project/errors.ts';
import type { Environment } from '../project/environment.ts';
import type { SourceDatabase } from '../source/postgres.ts';
import { asSourceError } from '../source/postgres-errors.ts';

/**
 * The database whose URL a variable holds. The server refuses every write of the sessions that are for reading.
 * @throws 'config.database-missing' or 'config.database-url' (usage)
 */
export function sourceDatabase(env: Environment, variable: string, readOnly: boolean): SourceDatabase {
  const settings = databaseSettings(env, variable);
  const [reading, writing] = [new Database(settings, true), new Database(settings, false)];
  const explain = (thrown: unknown): DayboardError =>
    asSourceError(databaseError(thrown), variable, settings.display);
  const connect = async (database: Database, purpose: string): Promise<pg.Client> => {
    try {
      return await database.connect(purpose);
    } catch (thrown) {
      throw explain(thrown);
    }
  };
  return {
    display: settings.display,
    explain,
    variables: () => libpqVariables(settings),
    connect: (purpose) => connect(reading, purpose),
    connectToWrite: (purpose) =>
      readOnly ? Promise.reject(mayNotWrite(settings.display)) : connect(writing, purpose),
  };
}

function mayNotWrite(place: string): DayboardError {
  return new DayboardError({
    code: 'context.read-only',
    kind: 'refused',
    message: `The context is read-only, and this would write to ${place}. Nothing was changed.`,
    facts: { place },
    next: 'Choose a context that may write with --context.',
  });
}
