import type { ClientBase } from 'pg';
import { columns, ident, qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import type { RollupComparison, RowDifference } from '../../plan/adoption.ts';
import { publishedSql } from '../../rollup/published.ts';
import type { RollupShape } from '../../rollup/shape.ts';
import { comparable } from './apply.ts';
import type { Original } from './original.ts';

/** So many differences are shown. */
const SAMPLES = 10;

/**
 * Compares an existing relation row by row with what the rollup shows, in one snapshot. Each row is told by a 64 bit
 * hash of its values; only rows that one side lacks are looked at more closely. Rows of one group that differ in their
 * measures are one changed row, as long as all groups are published.
 */
export async function compareWithRollup(
  client: ClientBase,
  shape: RollupShape,
  there: Original,
): Promise<RollupComparison> {
  return inTransaction(client, async () => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await setForDataset(client, shape.rollup);
    const list = columns(shape.rollup.published?.columns ?? []);
    const rows = {
      there: `SELECT ${list} FROM ${qualified(there)}`,
      rollup: publishedSql(shape),
    };
    await findDifferent(client, there, rows);
    const key = keyOf(shape);
    const changed = await countChanged(client, key);
    const found = await client.query<Record<'rowsThere' | 'rowsRollup' | 'onlyThere' | 'onlyRollup', string>>(
      `SELECT (SELECT count(*) FROM (${rows.there}) r) AS "rowsThere", (SELECT count(*) FROM (${rows.rollup}) r) AS "rowsRollup",
              (SELECT coalesce(sum(n), 0) FROM pg_temp.different WHERE n > 0) AS "onlyThere",
              (SELECT coalesce(-sum(n), 0) FROM pg_temp.different WHERE n < 0) AS "onlyRollup"`,
    );
    const counts = found.rows[0];
    return {
      rowsThere: Number(counts?.rowsThere ?? 0),
      rowsRollup: Number(counts?.rowsRollup ?? 0),
      changed,
      onlyThere: Number(counts?.onlyThere ?? 0) - changed,
      onlyRollup: Number(counts?.onlyRollup ?? 0) - changed,
      samples: await samplesOf(client, key),
    };
  });
}

/** Temporary tables of the transaction: hashes with how often one side has them more, and the rows behind them. */
async function findDifferent(
  client: ClientBase,
  there: Original,
  rows: Record<'there' | 'rollup', string>,
): Promise<void> {
  const hash = `hash_record_extended(ROW(${there.columns.map(({ name, type }) => comparable(name, type)).join(', ')}), 0)`;
  await client.query(
    `CREATE TEMPORARY TABLE different ON COMMIT DROP AS
     SELECT h, sum(n) AS n FROM (SELECT ${hash} AS h, 1 AS n FROM (${rows.there}) t UNION ALL SELECT ${hash}, -1 FROM (${rows.rollup}) r) every
      GROUP BY h HAVING sum(n) <> 0`,
  );
  await client.query('ANALYZE pg_temp.different');
  for (const [side, sign] of [
    ['there', '>'],
    ['rollup', '<'],
  ] as const)
    await client.query(
      `CREATE TEMPORARY TABLE only_${side} ON COMMIT DROP AS
       SELECT each.* FROM (SELECT *, ${hash} AS _dayboard_hash FROM (${rows[side]}) r) each
         JOIN pg_temp.different d ON d.h = each._dayboard_hash WHERE d.n ${sign} 0`,
    );
}

/** The columns that tell a group, when all of them are published. */
function keyOf({ rollup, groups }: RollupShape): string[] | undefined {
  const names = groups.map(({ name }) => name);
  const shown = rollup.published?.columns ?? [];
  return names.every((name) => shown.includes(name)) ? names : undefined;
}

async function countChanged(client: ClientBase, key: readonly string[] | undefined): Promise<number> {
  if (key === undefined) return 0;
  const found = await client.query<{ n: string }>(
    `SELECT count(*) AS n FROM (SELECT ${columns(key)} FROM pg_temp.only_there INTERSECT SELECT ${columns(key)} FROM pg_temp.only_rollup) both_sides`,
  );
  return Number(found.rows[0]?.n ?? 0);
}

async function samplesOf(client: ClientBase, key: readonly string[] | undefined): Promise<RowDifference[]> {
  const on =
    key === undefined
      ? 'false'
      : key.map((name) => `t.${ident(name)}::text IS NOT DISTINCT FROM r.${ident(name)}::text`).join(' AND ');
  const some = (side: string) =>
    `(SELECT * FROM pg_temp.only_${side} ORDER BY ${key === undefined ? '_dayboard_hash' : columns(key)} LIMIT ${SAMPLES})`;
  const json = (alias: string) =>
    `(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each_text(to_jsonb(${alias}) - '_dayboard_hash') e)`;
  const found = await client.query<RowDifference>(
    `SELECT ${json('t')} AS there, (SELECT ${json('r')} FROM pg_temp.only_rollup r WHERE ${on} LIMIT 1) AS rollup FROM ${some('there')} t
     UNION ALL
     SELECT NULL, ${json('r')} FROM ${some('rollup')} r WHERE NOT EXISTS (SELECT FROM pg_temp.only_there t WHERE ${on})
     LIMIT ${SAMPLES}`,
  );
  return found.rows.map(({ there, rollup }) => ({
    ...(there ? { there } : {}),
    ...(rollup ? { rollup } : {}),
  }));
}
