import type { ClientBase } from 'pg';
import type { Queryable } from '../../ledger/client.ts';
import { qualified } from '../../ledger/sql.ts';
import { forgetKept, unknownKept } from '../../ledger/versions.ts';
import type { Project } from '../../project/model.ts';
import { settleOld } from './settle.ts';
import type { RawShape } from './shape.ts';

/** A kept table that is in use for longer, by a backup say, is left to the next time, in milliseconds. */
const LOCK_WAIT = 200;

/**
 * Gives up what is kept of versions that are older than the project keeps them for: the tables of an undo, and rows of
 * the shadow. What fails, or is in use, is done after another publish. The caller holds the dataset's table lock.
 */
export async function forgetOld(client: ClientBase, project: Project, shape: RawShape): Promise<void> {
  const { name } = shape.dataset;
  const forget = () => forgetKept(client, project.name, name, project.keepVersionsDays);
  while ((await forget()) > 0);
  await settleOld(client, project, shape);
  await dropForgotten(client);
}

/**
 * Drops kept tables that no version has any more, each by itself. One that is in use, by a backup say, ends it: the next
 * would be, too, and nobody waits for it.
 */
export async function dropForgotten(client: Queryable): Promise<void> {
  for (const name of await unknownKept(client)) {
    const table = qualified({ schema: 'dayboard', name });
    // One message is one transaction: the limit ends with it.
    await client.query(`SET LOCAL lock_timeout = ${LOCK_WAIT}; DROP TABLE IF EXISTS ${table}`);
  }
}
