import type { ClientBase } from 'pg';
import type { Actor } from '../ledger/actor.ts';
import type { Database } from '../ledger/connection.ts';
import { databaseError } from '../ledger/errors.ts';
import { releaseLock, takeLock } from '../ledger/locks.ts';
import { ensureDataset } from '../load/publish/publish.ts';
import type { Preparation } from '../plan/preparation.ts';
import { hasTablePerPeriod } from '../project/check-aggregates.ts';
import type { Project } from '../project/model.ts';
import { ensureTable } from '../rollup/periods/table.ts';

export interface PrepareParts {
  project: Project;
  database: Database;
  actor: Actor;
}

/** Statements of which a preview tells; everything else only asks, or is rolled back with them. */
const CHANGES = /^\s*(?:CREATE|ALTER|DROP)\s/i;
/** What may take long on a table with rows: a preview only tells of it. */
const SLOW = /^\s*CREATE (?:UNIQUE )?INDEX\s/i;

/**
 * Makes sure of every table, index and view that the definition wants before there is anything to load, as the first
 * load would. A second time there is nothing to do. With `preview` nothing is left of it but the statements: they are
 * run and rolled back, apart from those that build indexes, so what would be refused is refused.
 *
 * Errors: 'relation.…' (refused), 'lock.held', 'database.…'
 */
export async function prepareSchema(parts: PrepareParts, preview: boolean): Promise<Preparation> {
  const { project, database } = parts;
  const client = await database.connect('prepare');
  const changes: Preparation['changes'] = [];
  const work = [
    ...project.datasets
      .filter(({ off }) => off === undefined)
      .map((dataset) => ({
        name: dataset.name,
        lock: `table ${dataset.name}` as const,
        make: (on: ClientBase) => ensureDataset(on, project, dataset),
      })),
    ...project.aggregates
      .filter((aggregate) => !hasTablePerPeriod(aggregate))
      .map((aggregate) => ({
        name: aggregate.name,
        lock: `derived ${aggregate.name}` as const,
        make: (on: ClientBase) => ensureTable(on, project, aggregate, ''),
      })),
  ];
  try {
    for (const { name, lock, make } of work) {
      const request = { project: project.name, target: lock, actor: parts.actor };
      await takeLock(client, request);
      try {
        const told = (statement: string): void => void changes.push({ name, statement });
        if (preview) await rolledBack(client, told, make);
        else await make(recording(client, told));
      } finally {
        await releaseLock(client, project.name, lock);
      }
    }
    return { schema: 'dayboard.preparation/1', project: project.name, done: !preview, changes };
  } catch (thrown) {
    throw databaseError(thrown);
  } finally {
    await client.end().catch(() => undefined);
  }
}

type Told = (statement: string) => void;

/** Tells of the statements that change something; `instead` may answer one in the server's place. */
function recording(client: ClientBase, told: Told, instead?: (statement: string) => string): ClientBase {
  const query = (statement: string, values?: unknown[]): Promise<unknown> => {
    if (CHANGES.test(statement)) told(statement.replaceAll(/\s+/g, ' ').trim());
    return client.query(instead?.(statement) ?? statement, values);
  };
  return new Proxy(client, {
    get: (target, property) => (property === 'query' ? query : Reflect.get(target, property)),
  });
}

/** Does the work in a transaction that is never committed; its own transactions are savepoints of that one. */
async function rolledBack(
  client: ClientBase,
  told: Told,
  work: (client: ClientBase) => Promise<unknown>,
): Promise<void> {
  const SAVEPOINT = 'dayboard_preview';
  const instead = (statement: string): string => {
    switch (statement) {
      case 'BEGIN':
        return `SAVEPOINT ${SAVEPOINT}`;
      case 'COMMIT':
        return `RELEASE SAVEPOINT ${SAVEPOINT}`;
      case 'ROLLBACK':
        return `ROLLBACK TO SAVEPOINT ${SAVEPOINT}`;
      default:
        return SLOW.test(statement) ? 'SELECT' : statement;
    }
  };
  await client.query('BEGIN');
  try {
    await work(recording(client, told, instead));
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}
