import type { ClientBase } from 'pg';
import { owe, recordRefresh, WHOLE } from '../ledger/derived.ts';
import { definitionHash, recordRelation, relationState, takenRelation } from '../ledger/relations.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import type { Project, RelationName, Rollup } from '../project/model.ts';
import { countedColumns } from './aggregate.ts';
import { ensurePublished } from './published.ts';
import { LIST_COLUMNS } from './lists.ts';
import {
  countsRows,
  isColumn,
  isOverRollup,
  SUPPORT,
  rollupShape,
  rollupsOver,
  rootDataset,
  valuesColumn,
  type RollupShape,
} from './shape.ts';

/** How counted tables are laid out: tables of another layout are computed anew. */
const LAYOUT = 6;

/** Hash of what decides a rollup's numbers; that of what it is over is part of it. */
export function rollupHash(project: Project, rollup: Rollup): string {
  const over = project.rollups.find((each) => each.name === rollup.over);
  const { groups, measures, where, bucket, timeZone } = rollup;
  return definitionHash([
    LAYOUT,
    groups,
    measures,
    where,
    bucket,
    timeZone,
    over === undefined ? rollup.over : rollupHash(project, over),
  ]);
}

/**
 * Makes sure of a rollup's counted table and of the relation that readers know. A new one over rows that are there
 * already, and one whose definition changed, is owed as a whole: deltas leave it alone until it is recomputed.
 * The caller holds the root dataset's table lock and is in a transaction.
 */
export async function ensureRollup(client: ClientBase, project: Project, rollup: Rollup): Promise<void> {
  const shape = rollupShape(project, rollup);
  const state = await relationState(client, project.name, shape.table);
  const hash = rollupHash(project, rollup);
  if (state.owner === 'foreign') throw takenRelation(shape.table);
  if (state.owner === 'absent') {
    await createCounted(client, shape, shape.table);
    await indexCounted(client, project, shape, shape.table);
    await recordRelation(client, project.name, shape.table, {
      kind: 'rollup',
      owner: rollup.name,
      definitionHash: hash,
    });
    // Asked of the dataset: what lies between may be about to be computed under another definition itself.
    const root = project.datasets.find(({ name }) => name === rootDataset(project, rollup));
    const rows =
      root === undefined
        ? { rowCount: 0 }
        : await client.query(`SELECT 1 FROM ${qualified(root.table)} LIMIT 1`);
    if ((rows.rowCount ?? 0) > 0)
      await owe(client, project.name, rollup.name, [WHOLE], 'It was never computed over what is there.');
    else
      await recordRefresh(client, project.name, { name: rollup.name, kind: 'rollup', definitionHash: hash });
    await ensurePublished(client, project, shape);
  } else if (state.definitionHash !== hash) {
    await owe(client, project.name, rollup.name, [WHOLE], 'Its definition changed.');
  } else {
    await ensurePublished(client, project, shape);
  }
}

/** Room on each page for the next version of its rows: an update then moves no index entry. */
const FILLFACTOR = 60;
/**
 * Lists only grow: after so many new rows they are vacuumed, however many there are, so that looking a bucket's groups up
 * in the index does not have to read the table.
 */
const GROWN_ROWS = 50_000;

/** Creates a counted table under a name, without indexes. */
export async function createCounted(
  client: ClientBase,
  shape: RollupShape,
  table: RelationName,
): Promise<void> {
  const types = new Map<string, string>([
    ...shape.rollup.groups.map(({ name, type }) => [name, type] as const),
    ...shape.measures.map(({ name, type }) => [name, type] as const),
    ...shape.measures.map(({ name }) => [valuesColumn(name), 'bigint NOT NULL'] as const),
    [SUPPORT, 'bigint NOT NULL'],
  ]);
  const body = countedColumns(shape).map((name) => `${ident(name)} ${types.get(name) ?? 'text'}`);
  const [hidden, settings] = countsRows(shape)
    ? [[], `fillfactor = ${FILLFACTOR}`]
    : [
        LIST_COLUMNS,
        `autovacuum_vacuum_insert_threshold = ${GROWN_ROWS}, autovacuum_vacuum_insert_scale_factor = 0`,
      ];
  await client.query(
    `CREATE TABLE ${qualified(table)} (${[...body, ...hidden].join(', ')}) WITH (${settings})`,
  );
}

/**
 * Creates the indexes of a counted table. Changes find groups by joining whole buckets, so that the bucket's index is all
 * that counts need: a unique one over the groups would cost a publish more than everything else. A list is seldom
 * written and then in few places. A day's groups are looked up in their bucket by their hash, from the index alone; those
 * of a whole delivery that goes by their witness, and those that a rollup over it asks for by its groups, as what is over
 * another rollup is. Beside other groups the bucket keeps what was long ago from being read.
 */
export async function indexCounted(
  client: ClientBase,
  project: Project,
  shape: RollupShape,
  table: RelationName,
): Promise<void> {
  const { rollup } = shape;
  const bucket = rollup.bucket.group;
  const inBucket = (names: readonly string[]) => (names.length === 0 ? [] : [[...names, bucket]]);
  const indexes = countsRows(shape) ? [[bucket]] : [[bucket, '_a', '_b'], ['_witness']];
  if (!countsRows(shape))
    indexes.push(...rollupsOver(project, rollup.name).map(columnsAskedBy(shape)).flatMap(inBucket));
  if (isOverRollup(project, rollup)) indexes.push(...inBucket(groupsInBucket(rollup)));
  const lists = new Set(indexes.map((names) => columns(names)));
  for (const list of lists) await client.query(`CREATE INDEX ON ${qualified(table)} (${list})`);
}

/** The groups of a rollup without the one that tells the bucket. */
function groupsInBucket({ groups, bucket }: Rollup): string[] {
  return groups.map(({ name }) => name).filter((name) => name !== bucket.group);
}

/** The columns of a list that a rollup over it has as groups of its own. */
function columnsAskedBy({ groups }: RollupShape): (child: Rollup) => string[] {
  return (child) =>
    child.groups
      .filter(({ name }) => groupsInBucket(child).includes(name))
      .flatMap(({ sql }) => groups.filter(({ name }) => isColumn(sql, name)).map(({ name }) => name));
}
