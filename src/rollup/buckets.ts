import type { ClientBase } from 'pg';
import { ident, qualified } from '../ledger/sql.ts';
import type { Day, RelationName } from '../project/model.ts';
import { where } from './aggregate.ts';
import { bucketOfDay } from './bounds.ts';
import type { DeltaContext } from './delta.ts';
import { bucketText, type RollupShape } from './shape.ts';

/**
 * The buckets that rows of a rollup's parent lie in, by their first days; '' for rows that have none. The connection
 * computes in the rollup's time zone (setForDataset).
 *
 * @param day of the partitions that all the rows lie in, where it is one: its bucket is taken where that can be told,
 * also when none of its rows is one that the rollup is about
 */
export async function bucketsOfRows(
  { client, project }: Pick<DeltaContext, 'client' | 'project'>,
  shape: RollupShape,
  rows: RelationName,
  day?: Day,
): Promise<string[]> {
  const known = day === undefined ? undefined : bucketOfDay(project, shape, day);
  if (known !== undefined) return (await isEmpty(client, rows)) ? [] : [known.bucket];
  const { bucket, groups } = shape.rollup;
  const group = groups.find(({ name }) => name === bucket.group);
  if (group === undefined) throw new RangeError(`${shape.rollup.name} has no group ${bucket.group}`);
  return read(
    client,
    shape,
    `SELECT DISTINCT (${group.sql})::${group.type} AS ${ident(bucket.group)} FROM ${qualified(rows)} AS rows${where(shape)}`,
  );
}

/** Whether a work table has no rows. */
export async function isEmpty(client: ClientBase, rows: RelationName): Promise<boolean> {
  return (await client.query(`SELECT FROM ${qualified(rows)} LIMIT 1`)).rowCount === 0;
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
