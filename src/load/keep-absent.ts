import type { ClientBase } from 'pg';
import { match } from '../ledger/matching.ts';
import { relationState } from '../ledger/relations.ts';
import { columns as columnList, qualified } from '../ledger/sql.ts';
import type { CurrentVersion } from '../ledger/versions.ts';
import type { Dataset, Period } from '../project/model.ts';
import type { Staged } from './prepared.ts';
import { deliverySql, periodRows } from './publish/change-sql.ts';
import { rawShape } from './publish/shape.ts';
import { keyOf, onePerKey } from './unique-rows.ts';

/** Whether rows that were published stay part of a delivery whose source has them no more. */
export function keepsAbsent({ carries }: Dataset): boolean {
  return carries.kind === 'period' && carries.absent === 'kept';
}

/**
 * A SELECT of what a delivery has in the raw table, by its columns: of a table that dayboard made what it published,
 * of somebody else's whatever is of the period. Undefined when that can be nothing.
 */
export async function publishedRows(
  client: ClientBase,
  project: string,
  dataset: Dataset,
  period: Period,
  published: Pick<CurrentVersion, 'days'> | undefined,
): Promise<string | undefined> {
  const { owner } = await relationState(client, project, dataset.table);
  if (owner === 'absent' || (owner === 'ours' && published === undefined)) return undefined;
  const shape = rawShape(project, dataset, owner === 'ours');
  const days = Object.keys(published?.days ?? {}).sort();
  const where = periodRows({ shape, period, days }, deliverySql(period));
  const rows = `SELECT ${columnList(shape.columns)} FROM ${qualified(shape.raw)} WHERE ${where}`;
  // Others may have brought a row twice.
  return owner === 'ours' ? rows : onePerKey(dataset, keyOf(dataset) ?? [], rows);
}

/**
 * Adds to a staged delivery the published rows whose key it lacks: what the source has forgotten. Everything computed is
 * computed anew for them, as for the others. Returns how many there were.
 */
export async function keepAbsent(
  client: ClientBase,
  dataset: Dataset,
  staged: Staged,
  published: string,
): Promise<number> {
  const names = dataset.file.map(({ column }) => column);
  const key = rawShape('', dataset, true).key ?? [];
  const added = await client.query(
    `INSERT INTO ${qualified(staged.relation)} (${columnList(names)})
     SELECT ${columnList(names, 'was')} FROM (${published}) was
      WHERE NOT EXISTS (SELECT FROM ${qualified(staged.relation)} there WHERE ${match('there', 'was', key)})`,
  );
  return added.rowCount ?? 0;
}
