import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DayboardError } from '../project/errors.ts';
import { packageRoot } from '../project/package-root.ts';
import type { Queryable } from './client.ts';
import { databaseError, errorCode } from './errors.ts';

/** Any number, the same everywhere: two dayboards that start at once migrate one after the other. */
const MIGRATION_LOCK = 4_207_411_201;

interface Migration {
  name: string;
  sql: string;
}

function migrations(): Migration[] {
  const folder = join(packageRoot(), 'sql', 'ledger');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(folder, name), 'utf8') }));
}

/**
 * Creates or brings up to date the schemas `dayboard` and `dayboard_staging`. Each migration is one transaction.
 * Needs CREATE on the database the first time; says so with the GRANT otherwise ('ledger.permission').
 */
export async function migrate(client: Queryable): Promise<void> {
  if ((await pendingMigrations(client)).length === 0) return;
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await createSchemas(client);
    for (const migration of await pendingMigrations(client)) await apply(client, migration);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
  }
}

/** The migrations that this database has not had, oldest first; all of them when there is no ledger. */
export async function pendingMigrations(client: Queryable): Promise<Migration[]> {
  const found = await client.query<{ there: boolean }>(
    `SELECT to_regclass('dayboard.migration') IS NOT NULL AS there`,
  );
  const all = migrations();
  if (found.rows[0]?.there !== true) return all;
  const done = await client.query<{ name: string }>('SELECT name FROM dayboard.migration');
  const names = new Set(done.rows.map((row) => row.name));
  const known = new Set(all.map((migration) => migration.name));
  const newer = [...names].filter((name) => !known.has(name));
  if (newer.length > 0) {
    throw new DayboardError({
      code: 'ledger.newer',
      kind: 'refused',
      message: `The ledger was made by a newer dayboard (${newer.join(', ')}).`,
      next: 'Run the newer version against this database. Nothing was changed.',
    });
  }
  return all.filter((migration) => !names.has(migration.name));
}

async function createSchemas(client: Queryable): Promise<void> {
  try {
    for (const schema of ['dayboard', 'dayboard_staging']) {
      // IF NOT EXISTS asks for CREATE on the database even when the schema is there.
      const there = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
      if (there.rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
    }
    await client.query(
      'CREATE TABLE IF NOT EXISTS dayboard.migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
  } catch (thrown) {
    if (errorCode(thrown) !== '42501') throw databaseError(thrown);
    const who = await client.query<{ user: string; database: string }>(
      'SELECT quote_ident(current_user) AS user, quote_ident(current_database()) AS database',
    );
    const { user, database } = who.rows[0] ?? { user: 'USER', database: 'DATABASE' };
    throw new DayboardError({
      code: 'ledger.permission',
      kind: 'refused',
      message: 'dayboard may not create its ledger (schemas dayboard and dayboard_staging) in this database.',
      next: `As an owner run: GRANT CREATE ON DATABASE ${database} TO ${user}; or create both schemas with AUTHORIZATION ${user}.`,
      cause: thrown,
    });
  }
}

async function apply(client: Queryable, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query('INSERT INTO dayboard.migration (name) VALUES ($1)', [migration.name]);
    await client.query('COMMIT');
  } catch (thrown) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw databaseError(thrown, { migration: migration.name });
  }
}

/** Fails with 'ledger.missing' unless the ledger is there and up to date: for sessions that may not create it. */
export async function requireLedger(client: Queryable): Promise<void> {
  if ((await pendingMigrations(client)).length === 0) return;
  throw new DayboardError({
    code: 'ledger.missing',
    kind: 'refused',
    message: 'This database has no up-to-date dayboard ledger, and a read-only context does not create one.',
    next: 'Run any command once in a context that may write, for example `dayboard doctor`.',
  });
}
