import { forgetCopies } from '../../ledger/adoptions.ts';
import { errorCode } from '../../ledger/errors.ts';
import { qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import type { Day } from '../../project/model.ts';
import { dayOfColumn } from '../days.ts';
import { RAISED } from './apply.ts';
import { LOG } from './capture.ts';
import type { AdoptContext } from './context.ts';
import { addPartition, daysWithout, dropPartitions } from './replacement.ts';
import { partitionColumn } from './survey.ts';

/** More than any log holds. */
const ALL = '9000000000000000000';

/** How often it is tried to make the partition of a day that just came. */
const TRIES = 20;

/**
 * Brings what writers changed meanwhile into the new table, without keeping anybody waiting. Returns how many rows
 * that were, or 'emptied' when the original was emptied: then what was copied is forgotten, to be copied anew.
 */
export async function catchUp(context: AdoptContext): Promise<number | 'emptied'> {
  const { client, dataset, names } = context;
  for (let attempt = 1; ; attempt += 1) {
    context.signal.throwIfAborted();
    await addNewDays(context);
    try {
      return await inTransaction(client, async () => {
        await setForDataset(client, dataset);
        const applied = await client.query<{ applied: string }>(
          `SELECT ${qualified(names.apply)}(${ALL}) AS applied`,
        );
        return Number(applied.rows[0]?.applied ?? 0);
      });
    } catch (thrown) {
      const code = errorCode(thrown);
      if (code === RAISED.emptied) {
        await startOver(context);
        return 'emptied';
      }
      // A row of a day without a partition came after they were made.
      if (code !== '23514' || attempt === TRIES) throw thrown;
    }
  }
}

async function addNewDays({ client, dataset, original, shape, names }: AdoptContext): Promise<void> {
  const day = dayOfColumn(partitionColumn(dataset), dataset.timeZone);
  const found = await client.query<{ day: Day }>(
    `SELECT DISTINCT ${day}::text AS day FROM ${qualified(names.log)} WHERE ${LOG.sign} > 0 AND ${day} IS NOT NULL`,
  );
  const days = found.rows.map((row) => row.day);
  for (const each of await daysWithout(client, shape, original, days))
    await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await addPartition(client, shape, original, each);
    });
}

/** Every row of before the original was emptied is gone; those after it are copied, the later ones in the log. */
async function startOver({ client, project, dataset, shape, names }: AdoptContext): Promise<void> {
  await inTransaction(client, async () => {
    await dropPartitions(client, shape);
    await forgetCopies(client, project.name, dataset.name);
    const log = qualified(names.log);
    await client.query(
      `DELETE FROM ${log} WHERE ${LOG.seq} <= (SELECT max(${LOG.seq}) FROM ${log} WHERE ${LOG.sign} = 0)`,
    );
  });
}
