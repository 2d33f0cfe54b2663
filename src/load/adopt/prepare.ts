import { insertAdoption } from '../../ledger/adoptions.ts';
import { errorCode } from '../../ledger/errors.ts';
import { definitionHash } from '../../ledger/relations.ts';
import { inTransaction, setForDataset, setLockTimeout } from '../../ledger/transaction.ts';
import type { Dataset } from '../../project/model.ts';
import { missingRight } from '../publish/missing-right.ts';
import { ensureRawTable } from '../publish/raw-table.ts';
import { patienceOf, untilFree } from './brief.ts';
import { createLog, createTriggers } from './capture.ts';
import type { AdoptContext } from './context.ts';
import { partsOf } from './copy.ts';
import { columnsHash, fullName, oidOf } from './original.ts';
import { createReplacement } from './replacement.ts';
import type { Survey } from './survey.ts';

/** Changes when the new table would be another one. */
export function adoptionHash(dataset: Dataset): string {
  const { table, carries, period, timeZone } = dataset;
  // How values are shown is nothing to the table.
  const columns = table.columns.map((column) => ({ ...column, personal: undefined }));
  return definitionHash([{ ...table, columns }, carries, period, timeZone]);
}

/**
 * Makes everything that the copy needs, in one transaction: the new table without rows, the log, and the triggers on
 * the original that write it. From then on no change of the original is missed.
 */
export async function prepare(context: AdoptContext, survey: Survey): Promise<void> {
  const { client, project, dataset, original } = context;
  // Origins and shadows, as for a table that is filled in place: the original is one until the switch.
  await ensureRawTable(client, project.name, dataset);
  // Readers do not wait for the triggers, and writers not for longer than a try.
  const wait = patienceOf(context, 'prepare');
  try {
    await untilFree(wait, [original], ['55P03', '40P01'], () => make(context, survey));
  } catch (thrown) {
    if (errorCode(thrown) !== '42501') throw thrown;
    throw await missingRight(
      client,
      dataset,
      thrown instanceof Error ? thrown.message : String(thrown),
      thrown,
    );
  }
}

async function make(context: AdoptContext, survey: Survey): Promise<void> {
  const { client, project, dataset, original, shape, names, actor } = context;
  await inTransaction(client, async () => {
    await setForDataset(client, dataset);
    await setLockTimeout(client);
    await createReplacement(client, shape, original);
    await createLog(client, names, original);
    await createTriggers(client, names, original);
    await insertAdoption(client, project.name, dataset.name, {
      relation: fullName(original),
      originalOid: original.oid,
      replacementOid: (await oidOf(client, shape.raw)) ?? '0',
      columnsHash: columnsHash(original),
      definitionHash: adoptionHash(dataset),
      actor,
      parts: partsOf(dataset, original, survey.days, context.partRows),
    });
  });
}
