import { match } from '../ledger/matching.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import { inBuckets } from './bounds.ts';
import type { Delta, DeltaContext, RowChange } from './delta.ts';
import { SUPPORT, workTable } from './shape.ts';
import { matchSupport, supportTable } from './support.ts';

/**
 * Applies a delta to a rollup without measures, which is the list of the groups that there are: a group comes with its
 * first row and goes with its last, and the list is written only then. Returns the groups that came and went, for the
 * rollups over it.
 */
export async function applyAppearances(
  { client, project, run }: DeltaContext,
  { shape, table, buckets, onlyAdded, onlyRemoved }: Delta,
): Promise<RowChange> {
  const { rollup } = shape;
  const [come, gone] = [workTable(rollup, run, 'come'), workTable(rollup, run, 'gone')];
  const [list, delta] = [qualified(shape.table), qualified(table)];
  const support = qualified(supportTable(project.name, rollup.name));
  const on = matchSupport('s', 'd', buckets);
  const change = `d.${ident(SUPPORT)}`;
  const names = shape.groups.map(({ name }) => name);
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(come)} AS SELECT ${columns(names, 'd')} FROM ${delta} d
      WHERE ${change} > 0 AND NOT EXISTS (SELECT FROM ${support} s WHERE ${on}) ${onlyRemoved ? 'LIMIT 0' : ''}`,
  );
  await client.query(
    `CREATE UNLOGGED TABLE ${qualified(gone)} AS SELECT ${columns(names, 'd')} FROM ${delta} d
       JOIN ${support} s ON ${on} WHERE ${change} < 0 AND s.rows + ${change} <= 0 ${onlyAdded ? 'LIMIT 0' : ''}`,
  );
  await client.query(
    `MERGE INTO ${support} s USING (SELECT * FROM ${delta} WHERE ${ident(SUPPORT)} <> 0) d ON ${on}
       WHEN MATCHED AND s.rows + ${change} <= 0 THEN DELETE
       WHEN MATCHED THEN UPDATE SET rows = s.rows + ${change}
       WHEN NOT MATCHED AND ${change} > 0 THEN INSERT (bucket, a, b, rows) VALUES (d._bucket, d._a, d._b, ${change})`,
  );
  await client.query(
    `INSERT INTO ${list} (${columns(names)}) SELECT ${columns(names)} FROM ${qualified(come)}`,
  );
  if (!onlyAdded)
    await client.query(
      `DELETE FROM ${list} r USING ${qualified(gone)} g
        WHERE ${match('r', 'g', shape.groups)} AND ${inBuckets(shape, 'r', buckets)}`,
    );
  return { added: come, removed: gone };
}
