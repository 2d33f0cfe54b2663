import type { ClientBase } from 'pg';
import type { OwedBuckets } from '../ledger/derived.ts';
import { match } from '../ledger/matching.ts';
import { DELIVERY } from '../ledger/delivery-column.ts';
import { columns, ident, qualified } from '../ledger/sql.ts';
import type { Day, Project, RelationName, Rollup } from '../project/model.ts';
import { groupList, where } from './aggregate.ts';
import { boundedParent, hasOwnParent, inBuckets } from './bounds.ts';
import { bucketsOfRows } from './buckets.ts';
import type { DeltaContext, ListDelta, RowChange } from './delta.ts';
import { workTable, type RollupShape } from './shape.ts';

/*
 * A rollup without measures is the list of the groups that there are. A publish meets nearly every group of its day
 * again and changes none of them, so nothing is counted: each group names a witness, a delivery that has a row of it. It
 * can only go when its witness's rows go, and then the rows that are left decide. A group is found by 128 bits of hash.
 */

/** The hidden columns of a list. The witness is unknown (NULL) where rows do not say their delivery. */
export const LIST_COLUMNS = ['_a bigint NOT NULL', '_b bigint NOT NULL', '_witness date'] as const;

/** Deliveries that lie further apart have no days around them: all that is bounded by the buckets is asked at once. */
const NEAR_DAYS = 3;
/** Fewer groups are looked up one by one, and many of them have no other row to be found sooner. */
const MANY_GROUPS = 10_000;

function names({ groups }: RollupShape): string[] {
  return groups.map(({ name }) => name);
}

/** All columns of a list, in the order of listedGroups. */
function listColumns(shape: RollupShape): string {
  return `${columns(names(shape))}, _a, _b, _witness`;
}

/** Whether the rows that a list is made of say which delivery they came from, wherever they stand. */
async function hasWitnesses(client: ClientBase, project: Project, rollup: Rollup): Promise<boolean> {
  const dataset = project.datasets.find(({ name }) => name === rollup.over);
  // Rows of a delivery that replaces its period are taken away by their day, whoever brought them.
  if (dataset === undefined || dataset.carries.kind === 'period') return false;
  return hasOwnParent(client, project, rollup);
}

/**
 * The rows' groups with their hash in two columns, `_a` and `_b`, and, as `_witness`, the delivery of each row: one for
 * each row. Values that are equal have one hash, however they are written.
 */
function hashedRows(shape: RollupShape, from: string, withWitness: boolean): string {
  // The delivery of what was there before dayboard is none: it stands for many.
  const witness = withWitness ? `nullif(${ident(DELIVERY)}, '-infinity')` : 'NULL::date';
  // Without OFFSET each of the hashes, and whoever compares them, would compute the groups and the row anew.
  const groups = `SELECT ${groupList(shape)}, ${witness} AS _witness FROM ${from} AS rows${where(shape)} OFFSET 0`;
  const whole = `SELECT g.*, ROW(${columns(names(shape), 'g')}) AS _row FROM (${groups}) g OFFSET 0`;
  const hash = 'hash_record_extended(w._row, 0) AS _a, hash_record_extended(w._row, 1) AS _b';
  return `SELECT ${columns(names(shape), 'w')}, w._witness, ${hash} FROM (${whole}) w`;
}

/** The groups of rows, each once. The oldest delivery is the witness: it is the least likely to come again. */
function listedGroups(shape: RollupShape, hashed: string): string {
  const list = columns(names(shape), 'h');
  return `SELECT ${list}, h._a, h._b, min(h._witness) AS _witness FROM (${hashed}) h GROUP BY ${list}, h._a, h._b`;
}

/** Fills a list with the groups of rows; only those of `buckets`, when they are given. */
export async function storeList(
  { client, project }: Pick<DeltaContext, 'client' | 'project'>,
  shape: RollupShape,
  into: RelationName,
  rows: string,
  buckets?: readonly string[],
): Promise<void> {
  const witnesses = await hasWitnesses(client, project, shape.rollup);
  const within = buckets === undefined ? '' : ` WHERE ${inBuckets(shape, 'g', buckets)}`;
  await client.query(
    `INSERT INTO ${qualified(into)} (${listColumns(shape)})
     SELECT ${listColumns(shape)} FROM (${listedGroups(shape, hashedRows(shape, rows, witnesses))}) g${within}`,
  );
}

/** What a change of rows does to a list, before it is made: in the caller's transaction, nothing that is read changes. */
export async function computeList(
  { client, project, run }: DeltaContext,
  shape: RollupShape,
  change: RowChange,
  owed: ReadonlyMap<string, OwedBuckets>,
): Promise<ListDelta> {
  const { rollup } = shape;
  const witnesses = await hasWitnesses(client, project, rollup);
  const [come, doubtful] = [workTable(rollup, run, 'appeared'), workTable(rollup, run, 'doubtful')];
  const leftAlone = owed.get(rollup.name)?.buckets ?? [];
  const touched = async (rows: RelationName) =>
    (await bucketsOfRows({ client, project }, shape, rows, change.day)).filter(
      (bucket) => !leftAlone.includes(bucket),
    );
  const [came, went] = [await touched(change.added), await touched(change.removed)];
  const rowsOf = (rows: RelationName, buckets: readonly string[]) =>
    `(SELECT * FROM (${hashedRows(shape, qualified(rows), witnesses)}) g WHERE ${leftAlone.length === 0 ? 'true' : inBuckets(shape, 'g', buckets)})`;
  const found = `r._a = h._a AND r._b = h._b`;
  const list = qualified(shape.table);
  await create(
    client,
    come,
    listedGroups(
      shape,
      `SELECT h.* FROM ${rowsOf(change.added, came)} h
        WHERE NOT EXISTS (SELECT FROM ${list} r WHERE ${found} AND ${inBuckets(shape, 'r', came)})`,
    ),
  );
  const lost = witnesses ? '(r._witness IS NULL OR h._witness IS NULL OR r._witness = h._witness)' : 'true';
  const groups = (of: string) => `${columns(names(shape), of)}, ${of}._a, ${of}._b`;
  const { leaving } = change;
  const known = witnesses && went.length > 0 && !(await hasUnknown(client, shape, went));
  const byWitness = known && leaving !== undefined;
  const within = known && (await isAlone(client, change)) ? change.alone?.where : undefined;
  const doubtfulCount = await create(
    client,
    doubtful,
    byWitness
      ? `SELECT ${groups('r')} FROM ${list} r WHERE r._witness = ${leaving} AND ${inBuckets(shape, 'r', went)}`
      : `SELECT DISTINCT ${groups('h')} FROM ${rowsOf(change.removed, went)} h
           JOIN ${list} r ON ${found} AND ${inBuckets(shape, 'r', went)} WHERE ${lost}`,
  );
  const isFar = within === undefined && witnesses && doubtfulCount >= MANY_GROUPS;
  const near = isFar ? await daysLeft(client, change.removed) : undefined;
  return {
    kind: 'list',
    shape,
    come,
    doubtful,
    doubtfulCount,
    near,
    within,
    buckets: [...new Set([...came, ...went])],
  };
}

/** Whether some groups do not say who their witness is. */
async function hasUnknown(
  client: ClientBase,
  shape: RollupShape,
  buckets: readonly string[],
): Promise<boolean> {
  const found = await client.query(
    `SELECT FROM ${qualified(shape.table)} r WHERE r._witness IS NULL AND ${inBuckets(shape, 'r', buckets)} LIMIT 1`,
  );
  return found.rowCount !== 0;
}

/** Whether all rows that go are those of the delivery that alone has changed since it came. */
async function isAlone(client: ClientBase, { alone, leaving, removed }: RowChange): Promise<boolean> {
  if (alone === undefined || leaving !== undefined) return alone !== undefined;
  const others = await client.query(
    `SELECT FROM ${qualified(removed)} WHERE ${ident(DELIVERY)} IS DISTINCT FROM ${alone.delivery} LIMIT 1`,
  );
  return others.rowCount === 0;
}

/**
 * Applies a delta to a list, after its parent's rows have changed and in the same transaction. Returns the groups that
 * came and went, for the rollups over it, in work tables.
 */
export async function applyList(
  { client, project, run }: DeltaContext,
  delta: ListDelta,
): Promise<RowChange> {
  const { shape, come, doubtful, doubtfulCount, buckets } = delta;
  const { rollup } = shape;
  const list = qualified(shape.table);
  const gone = workTable(rollup, run, 'vanished');
  await create(client, gone, `SELECT *, NULL::date AS _witness FROM ${qualified(doubtful)}`);
  if (doubtfulCount > 0) await hearWitnesses({ client, project, run }, shape, gone, delta);
  await client.query(
    `INSERT INTO ${list} (${listColumns(shape)}) SELECT ${listColumns(shape)} FROM ${qualified(come)}`,
  );
  if (doubtfulCount > 0)
    await client.query(
      `DELETE FROM ${list} r USING ${qualified(gone)} g WHERE r._a = g._a AND r._b = g._b AND ${inBuckets(shape, 'r', buckets)}`,
    );
  return { added: come, removed: gone };
}

/**
 * Takes the groups that still have a row out of `doubtful`, and notes whose row it is. The days around those whose rows
 * went are asked first: who was there is mostly there again. A delivery that alone has changed since it came is the
 * witness of groups that had no row before it, and only its own can keep them.
 */
async function hearWitnesses(
  context: DeltaContext,
  shape: RollupShape,
  doubtful: RelationName,
  { buckets, near, within, doubtfulCount }: ListDelta,
): Promise<void> {
  const { client, project } = context;
  const own = await hasOwnParent(client, project, shape.rollup);
  const parents =
    within === undefined
      ? [boundedParent(project, shape, buckets, own)]
      : [`(SELECT * FROM ${shape.parent} AS all_rows WHERE ${within})`];
  if (near !== undefined) parents.unshift(boundedParent(project, shape, buckets, own, near));
  let left = doubtfulCount;
  for (const parent of new Set(parents))
    if (left > 0) left -= await hearSome(context, shape, doubtful, parent, buckets);
}

/** How many groups of `doubtful` have a row of the parent's: they are doubtful no more. */
async function hearSome(
  { client, project, run }: DeltaContext,
  shape: RollupShape,
  doubtful: RelationName,
  parent: string,
  buckets: readonly string[],
): Promise<number> {
  const witnesses = await hasWitnesses(client, project, shape.rollup);
  const alive = workTable(shape.rollup, run, 'alive');
  const computed = shape.rollup.groups.map(({ sql, type }, at) => `(${sql})::${type} AS _g${at}`).join(', ');
  const numbered = shape.groups.map((group, at) => ({ ...group, name: `_g${at}` }));
  const named = shape.groups.map(({ name }, at) => `${ident(name)} AS _g${at}`).join(', ');
  // Whoever has a row of before has no witness: any of those may go.
  const witness = witnesses ? `nullif(min(p.${ident(DELIVERY)}), '-infinity')` : 'NULL::date';
  const delivery = witnesses ? `, ${ident(DELIVERY)}` : '';
  const found = await create(
    client,
    alive,
    `SELECT d._a, d._b, ${witness} AS _witness
       FROM (SELECT ${named}, _a, _b FROM ${qualified(doubtful)}) d
       JOIN (SELECT ${computed}${delivery} FROM ${parent} AS rows${where(shape)}) p
         ON ${match('d', 'p', numbered)} GROUP BY d._a, d._b`,
  );
  await client.query(
    `DELETE FROM ${qualified(doubtful)} g USING ${qualified(alive)} a WHERE g._a = a._a AND g._b = a._b`,
  );
  await client.query(
    `UPDATE ${qualified(shape.table)} r SET _witness = a._witness FROM ${qualified(alive)} a
      WHERE r._a = a._a AND r._b = a._b AND ${inBuckets(shape, 'r', buckets)}`,
  );
  await client.query(`DROP TABLE ${qualified(alive)}`);
  return found;
}

/** The days from which rows went, where their deliveries tell and few lie between. */
async function daysLeft(client: ClientBase, removed: RelationName): Promise<readonly [Day, Day] | undefined> {
  const d = ident(DELIVERY);
  const found = await client.query<{ first: Day; last: Day }>(
    `SELECT min(${d})::text AS first, max(${d})::text AS last
       FROM ${qualified(removed)} WHERE isfinite(${d}) HAVING max(${d}) - min(${d}) <= ${NEAR_DAYS}`,
  );
  const days = found.rows[0];
  return days && [days.first, days.last];
}

async function create(client: ClientBase, relation: RelationName, select: string): Promise<number> {
  await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
  return (await client.query(`CREATE UNLOGGED TABLE ${qualified(relation)} AS ${select}`)).rowCount ?? 0;
}
