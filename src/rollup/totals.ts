import type { ClientBase } from 'pg';
import { columns, ident, qualified } from '../ledger/sql.ts';
import { setForDataset } from '../ledger/transaction.ts';
import type { BucketTotals } from '../plan/diff.ts';
import type { Project, Rollup } from '../project/model.ts';
import { inBuckets } from './bounds.ts';
import { bucketText, rollupShape } from './shape.ts';

/**
 * What these buckets of a rollup add up to, by the buckets' first days. In the caller's transaction, which reads values
 * as the rollup's: two sessions would write the same times differently.
 */
export async function bucketTotals(
  client: ClientBase,
  project: Project,
  rollup: Rollup,
  buckets: readonly string[],
): Promise<Map<string, BucketTotals>> {
  const shape = rollupShape(project, rollup);
  await setForDataset(client, rollup);
  const sums = shape.measures
    .filter(({ additive }) => additive)
    .map(({ name }) => `, sum(r.${ident(name)})::text AS ${ident(`m_${name}`)}`);
  const values = columns(
    [...shape.groups, ...shape.measures].map(({ name }) => name),
    'r',
  );
  const content = `sum(hashtextextended(ROW(${values})::text, 0)::numeric)::text AS _content`;
  const found = await client.query<
    Record<string, string | null> & { _bucket: string; _groups: string; _content: string }
  >(
    `SELECT ${bucketText(shape, 'r')} AS _bucket, count(*)::text AS _groups, ${content}${sums.join('')}
       FROM ${qualified(shape.table)} r WHERE ${inBuckets(shape, 'r', buckets)} GROUP BY 1`,
  );
  return new Map(
    found.rows.map((row) => [
      row._bucket,
      {
        groups: Number(row._groups),
        content: row._content,
        measures: Object.fromEntries(
          shape.measures
            .filter(({ additive }) => additive)
            .map(({ name }) => [name, row[`m_${name}`] ?? null]),
        ),
      },
    ]),
  );
}
