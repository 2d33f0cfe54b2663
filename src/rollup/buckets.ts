import type { ClientBase } from 'pg';
import { ident, qualified } from '../ledger/sql.ts';
import type { RelationName } from '../project/model.ts';
import { where } from './aggregate.ts';
import { bucketText, type RollupShape } from './shape.ts';

/**
 * The buckets that rows of a rollup's parent lie in, by their first days; '' for rows that have none. The connection
 * computes in the rollup's time zone (setForDataset).
 */
export async function bucketsOfRows(
  client: ClientBase,
  shape: RollupShape,
  rows: RelationName,
): Promise<string[]> {
  const { bucket, groups } = shape.rollup;
  const group = groups.find(({ name }) => name === bucket.group);
  if (group === undefined) throw new RangeError(`${shape.rollup.name} has no group ${bucket.group}`);
  return read(
    client,
    shape,
    `SELECT DISTINCT (${group.sql})::${group.type} AS ${ident(bucket.group)} FROM ${qualified(rows)} AS rows${where(shape)}`,
  );
}

/** The buckets that groups of a rollup lie in. */
export async function bucketsOfGroups(
  client: ClientBase,
  shape: RollupShape,
  groups: RelationName,
): Promise<string[]> {
  return read(client, shape, `SELECT DISTINCT ${ident(shape.rollup.bucket.group)} FROM ${qualified(groups)}`);
}

/** Values first and their texts after: a text for each row takes longer than to read it. */
async function read(client: ClientBase, shape: RollupShape, values: string): Promise<string[]> {
  const found = await client.query<{ bucket: string }>(
    `SELECT DISTINCT ${bucketText(shape, 'v')} AS bucket FROM (${values}) v`,
  );
  return found.rows.map((row) => row.bucket);
}
