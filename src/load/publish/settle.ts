import type { ClientBase } from 'pg';
import { match } from '../../ledger/matching.ts';
import {
  markGaveUp,
  markLacking,
  markSettled,
  nextToSettle,
  periodsThatGaveUp,
  publishedPeriods,
  type PublishedVersion,
} from '../../ledger/settled.ts';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import type { Period, Project, RelationName } from '../../project/model.ts';
import { firstDay } from '../../project/period.ts';
import { deliverySql } from './change-sql.ts';
import type { Changes } from './changes.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { boundsOf, type RawShape } from './shape.ts';

/** So many versions are settled after one publish, which reads their rows: whoever has a history catches up slowly. */
const SETTLED_AT_ONCE = 3;

/**
 * Gives up the rows of the shadow that only an undo could ask for, and none can any more: those whose key a better row
 * holds that belongs to a version older than the project keeps versions for. Such a version is settled: it cannot be
 * taken back. Some versions at a time; the caller holds the dataset's table lock.
 */
export async function settleOld(client: ClientBase, project: Project, shape: RawShape): Promise<void> {
  const { dataset } = shape;
  if (dataset.carries.kind === 'period') return;
  for (let settled = 0; settled < SETTLED_AT_ONCE; settled += 1) {
    const version = await nextToSettle(client, project.name, dataset.name, project.keepVersionsDays);
    if (version === undefined) return;
    await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await markSettled(client, project.name, dataset.name, version);
      await giveUp(client, project.name, shape, version);
    });
  }
}

async function giveUp(
  client: ClientBase,
  project: string,
  shape: RawShape,
  version: PublishedVersion,
): Promise<void> {
  const { dataset } = shape;
  const published = await publishedPeriods(client, project, dataset.name);
  const better = published.filter(
    ({ period, settled }) => settled && isBetter(shape, period, version.period),
  );
  const given = new Set<string>();
  for (const condition of conditions(
    shape,
    version,
    better.map(({ period }) => period),
  )) {
    const gone = await client.query<{ delivery: string }>(
      `WITH gone AS (DELETE FROM ${qualified(shape.shadow)} s WHERE s.${ident(DELIVERY)} > '-infinity' AND ${condition} RETURNING s.${ident(DELIVERY)} AS delivery)
       SELECT DISTINCT delivery::text FROM gone`,
    );
    for (const { delivery } of gone.rows) given.add(delivery);
  }
  const periods = published.filter(({ period }) => given.has(firstDay(period).toString()));
  await markGaveUp(
    client,
    project,
    dataset.name,
    periods.map(({ period }) => period),
  );
}

/** Whether rows of one delivery stand for those of another. */
function isBetter({ dataset: { carries } }: RawShape, one: Period, other: Period): boolean {
  return 'winner' in carries && carries.winner === 'first' ? one < other : one > other;
}

/**
 * Conditions on rows `s` of the shadow that are given up when a version settles: those that its rows stand for, and its
 * own that better settled rows stand for. What was there before dayboard could not be loaded again, and stays.
 */
function conditions(
  shape: RawShape,
  { period, days }: PublishedVersion,
  better: readonly Period[],
): string[] {
  const d = ident(DELIVERY);
  const own = deliverySql(period);
  const wins = isBetter(shape, '2', '1') ? '<' : '>';
  const worse = `s.${d} ${wins} ${own}`;
  const settled = better.map(deliverySql).join(', ');
  const { key } = shape;
  if (key === undefined) return [worse, ...(better.length === 0 ? [] : [`s.${d} = ${own}`])];
  const heldBy = (relation: RelationName, deliveries: string, bounds?: string) =>
    `EXISTS (SELECT FROM ${qualified(relation)} r WHERE r.${d} IN (${deliveries}) AND ${match('s', 'r', key)}${bounds === undefined ? '' : ` AND ${bounds}`})`;
  // In a table that does not say which delivery a row is of, the origins do.
  const holders = shape.own ? shape.raw : shape.origin;
  const bounds = shape.own ? boundsOf(shape, Object.keys(days), 'r') : undefined;
  return [
    `${worse} AND ${heldBy(holders, own, bounds)}`,
    `${worse} AND ${heldBy(shape.shadow, own)}`,
    ...(better.length === 0
      ? []
      : [
          `s.${d} = ${own} AND ${heldBy(holders, settled, bounds)}`,
          `s.${d} = ${own} AND ${heldBy(shape.shadow, settled)}`,
        ]),
  ];
}

/**
 * When a delivery that settled is loaded again without keys that it had, rows that were given up for it are needed
 * again: their deliveries are marked to be loaded again. Before the change is applied, in its transaction.
 */
export async function oweGivenUp(
  client: ClientBase,
  project: string,
  { shape, period, delivery, days, removed }: Changes,
  now: RelationName,
): Promise<void> {
  const { dataset, key, shadow } = shape;
  if (key === undefined || dataset.carries.kind === 'period') return;
  const sameDays = boundsOf(shape, days) === undefined ? undefined : days;
  const gave = await periodsThatGaveUp(client, project, dataset.name, sameDays);
  const periods = gave.filter((each) => isBetter(shape, period, each));
  if (periods.length === 0) return;
  const names = columns(key.map(({ name }) => name));
  const former = [removed, shadow].map(
    (relation) => `SELECT ${names} FROM ${qualified(relation)} WHERE ${ident(DELIVERY)} = ${delivery}`,
  );
  const lost = await client.query(
    `SELECT FROM (${former.join(' UNION ALL ')}) former
      WHERE NOT EXISTS (SELECT FROM ${qualified(now)} n WHERE ${match('former', 'n', key)}) LIMIT 1`,
  );
  if (lost.rowCount !== 0) await markLacking(client, project, dataset.name, periods);
}
