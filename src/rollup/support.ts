import type { ClientBase } from 'pg';
import { definitionHash, recordRelation, relationState, takenRelation } from '../ledger/relations.ts';
import { ownTable } from '../ledger/short-name.ts';
import { columns, ident, literal, qualified } from '../ledger/sql.ts';
import type { Project, RelationName } from '../project/model.ts';
import { countedColumns } from './aggregate.ts';
import { bucketText, countsRows, SUPPORT, workTable, type RollupShape } from './shape.ts';

/**
 * How many source rows support each group of a rollup without measures. It stands beside the list of groups and not in
 * it, under 128 bits of a hash of the group: a publish changes the count of nearly every group of its day, and a narrow
 * row is a third of the work of a wide one; the list itself is written only where a group comes or goes.
 */
export function supportTable(project: string, rollup: string): RelationName {
  return ownTable('support', project, rollup);
}

/** A group's hash in two columns, `_a` and `_b`. Values that are equal have one hash, however they are written. */
export function groupHash(shape: RollupShape, alias: string): string {
  const row = `ROW(${columns(
    shape.groups.map(({ name }) => name),
    alias,
  )})`;
  return `hash_record_extended(${row}, 0) AS _a, hash_record_extended(${row}, 1) AS _b`;
}

/** Room on each page for the next version of its rows. */
const FILLFACTOR = 60;

/** Creates a rollup's support table, empty; one that is there goes, which no reader ever sees. */
export async function createSupport(client: ClientBase, project: Project, shape: RollupShape): Promise<void> {
  const { rollup } = shape;
  const table = supportTable(project.name, rollup.name);
  const { owner } = await relationState(client, project.name, table);
  if (owner === 'foreign') throw takenRelation(table);
  if (owner === 'ours') await client.query(`DROP TABLE ${qualified(table)}`);
  await client.query(
    `CREATE TABLE ${qualified(table)} (bucket text NOT NULL, a bigint NOT NULL, b bigint NOT NULL, rows bigint NOT NULL) WITH (fillfactor = ${FILLFACTOR})`,
  );
  await client.query(`CREATE INDEX ON ${qualified(table)} (bucket)`);
  const definition = definitionHash(shape.groups.map(({ name, type }) => [name, type]));
  await recordRelation(client, project.name, table, {
    kind: 'rollup',
    owner: rollup.name,
    definitionHash: definition,
  });
}

/** A condition that matches rows of a support table with those of a delta, in these buckets. */
export function matchSupport(support: string, delta: string, buckets: readonly string[]): string {
  return `${support}.bucket = ${delta}._bucket AND ${support}.a = ${delta}._a AND ${support}.b = ${delta}._b AND ${inSupport(support, buckets)}`;
}

export function inSupport(alias: string, buckets: readonly string[]): string {
  return `${alias}.bucket = ANY (ARRAY[${buckets.map(literal).join(', ')}]::text[])`;
}

/**
 * Writes groups (a SELECT of what groupedRows gives) into a rollup's table and, where they are counted beside it, into
 * its support.
 */
export async function storeGroups(
  client: ClientBase,
  shape: RollupShape,
  into: { table: RelationName; support: RelationName },
  groups: string,
  run: string,
): Promise<void> {
  const names = columns(countedColumns(shape));
  if (countsRows(shape)) {
    await client.query(`INSERT INTO ${qualified(into.table)} (${names}) SELECT ${names} FROM (${groups}) g`);
    return;
  }
  const grouped = qualified(workTable(shape.rollup, run, 'grouped'));
  await client.query(`CREATE UNLOGGED TABLE ${grouped} AS ${groups}`);
  await client.query(`INSERT INTO ${qualified(into.table)} (${names}) SELECT ${names} FROM ${grouped}`);
  await client.query(
    `INSERT INTO ${qualified(into.support)} (bucket, a, b, rows)
     SELECT _bucket, _a, _b, _rows FROM (SELECT ${bucketText(shape, 'g')} AS _bucket, ${groupHash(shape, 'g')}, g.${ident(SUPPORT)} AS _rows FROM ${grouped} g) hashed`,
  );
  await client.query(`DROP TABLE ${grouped}`);
}
