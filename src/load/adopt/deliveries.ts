import { match } from '../../ledger/matching.ts';
import { ident, literal, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import { newestPublished } from '../../ledger/versions.ts';
import { firstDay } from '../../project/period.ts';
import { BEFORE, DELIVERY } from '../../ledger/delivery-column.ts';
import type { AdoptContext } from './context.ts';

/**
 * Gives rows of the new table the delivery that they are of now: between two runs of an adoption dayboard may have
 * published into the original, which moves origins without changing rows.
 */
export async function settleDeliveries(context: AdoptContext): Promise<void> {
  const { client, project, dataset, shape } = context;
  const newest = await newestPublished(client, project.name, dataset.name, '');
  if (newest === undefined || dataset.carries.kind === 'period') return;
  const raw = qualified(shape.raw);
  const delivery = ident(DELIVERY);
  const { key } = shape;
  await inTransaction(client, async () => {
    await setForDataset(client, dataset);
    if (key === undefined) {
      const all = `${literal(firstDay(newest).toString())}::date`;
      await client.query(`UPDATE ${raw} SET ${delivery} = ${all} WHERE ${delivery} <> ${all}`);
      return;
    }
    const origin = qualified(shape.origin);
    await client.query(
      `UPDATE ${raw} r SET ${delivery} = o.${delivery} FROM ${origin} o WHERE ${match('r', 'o', key)} AND r.${delivery} <> o.${delivery}`,
    );
    await client.query(
      `UPDATE ${raw} r SET ${delivery} = ${BEFORE} WHERE r.${delivery} > ${BEFORE} AND NOT EXISTS (SELECT FROM ${origin} o WHERE ${match('r', 'o', key)})`,
    );
  });
}

/** Notes beside the original which delivery each row of the new table is of, as far as dayboard brought it. */
export async function writeOrigins({ client, dataset, shape }: AdoptContext, from: string): Promise<void> {
  if (dataset.carries.kind === 'period' || shape.key === undefined) return;
  const key = shape.key.map(({ name }) => ident(name)).join(', ');
  const origin = qualified(shape.origin);
  await client.query(`DELETE FROM ${origin}`);
  await client.query(
    `INSERT INTO ${origin} (${key}, ${ident(DELIVERY)}) SELECT ${key}, ${ident(DELIVERY)} FROM ${from} WHERE ${ident(DELIVERY)} > ${BEFORE}`,
  );
}
