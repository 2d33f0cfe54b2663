import { match } from '../ledger/matching.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import { CAME, rowGroups } from './aggregate.ts';
import { boundedParent, hasOwnParent, inBuckets } from './bounds.ts';
import type { Delta, DeltaContext, RowChange } from './delta.ts';
import { workTable } from './shape.ts';

/**
 * Applies a delta to a rollup without measures, which is the list of the groups that there are: new ones come, and those
 * that lost rows go when their bucket has no other rows of theirs. A day more then writes only what it is first to
 * bring. Returns the groups that came and went, for the rollups over it.
 */
export async function applyAppearances(
  { client, project, run }: DeltaContext,
  { shape, table, buckets, onlyAdded }: Delta,
): Promise<RowChange> {
  const { rollup } = shape;
  const [come, gone] = [workTable(rollup, run, 'come'), workTable(rollup, run, 'gone')];
  const within = inBuckets(shape, 'r', buckets);
  const names = shape.groups.map(({ name }) => name);
  const [relation, delta] = [qualified(shape.table), qualified(table)];
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(come)} AS SELECT ${columns(names, 'd')} FROM ${delta} d
      WHERE d.${ident(CAME)} AND NOT EXISTS (SELECT FROM ${relation} r WHERE ${match('r', 'd', shape.groups)} AND ${within})`,
  );
  const own = await hasOwnParent(client, project, rollup);
  const left = rowGroups(shape, boundedParent(project, shape, buckets, own));
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(gone)} AS SELECT ${columns(names, 'd')} FROM ${delta} d
      WHERE NOT d.${ident(CAME)} AND NOT EXISTS (SELECT FROM (${left}) l WHERE ${match('l', 'd', shape.groups)})
      ${onlyAdded ? 'LIMIT 0' : ''}`,
  );
  await client.query(
    `INSERT INTO ${relation} (${columns(names)}) SELECT ${columns(names)} FROM ${qualified(come)}`,
  );
  if (!onlyAdded)
    await client.query(
      `DELETE FROM ${relation} r USING ${qualified(gone)} g WHERE ${match('r', 'g', shape.groups)} AND ${within}`,
    );
  return { added: come, removed: gone };
}
