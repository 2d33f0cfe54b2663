import type { ClientBase } from 'pg';
import { ident, qualified } from '../../ledger/sql.ts';
import type { Day, Period, RelationName } from '../../project/model.ts';
import { stagingName } from '../staging-name.ts';
import { changeSql, deliverySql, periodRows, type ChangeRequest } from './change-sql.ts';
import { publicationsOf } from './like-parent.ts';
import {
  type BuiltPartition,
  buildPartition,
  daysWithoutPartition,
  indexPartition,
  partitionName,
  takeAsPartition,
} from './partitions.ts';
import { DELIVERY } from '../../ledger/delivery-column.ts';
import { boundsOf, withDelivery, type RawShape } from './shape.ts';

/** The change that a publish makes, as rows: what leaves the raw table, what comes, and what the delivery lost. */
export interface Changes {
  shape: RawShape;
  period: Period;
  /** First day of the delivery, as SQL. */
  delivery: string;
  /** Nothing of the delivery was there before. */
  comes: boolean;
  /** Nothing but it has changed since it came: it, and the rows that it can have. */
  alone?: { delivery: string; where: string };
  /** Raw columns and the delivery each row came from. */
  added: RelationName;
  removed: RelationName;
  /** The delivery, as SQL, where all its rows go and none come: a row of another only goes for one that comes. */
  leaving?: string;
  /** Rows of this delivery whose key stays with another; undefined where keys are not shared. */
  lost: RelationName | undefined;
  addedRows: number;
  removedRows: number;
  /** Days that the changed rows lie in, for bounds. */
  days: readonly Day[];
  /** That day, where it is one and decides the partition of rows of ours. */
  day?: Day;
  /** The keys that the change is about, where it is about some. */
  only: RelationName | undefined;
  /** Rows of somebody else's table as they stood there, of which some come back. */
  whole?: RelationName;
  /** Partitions that are filled beside with their part of the added rows. */
  built: BuiltPartition[];
}

/**
 * Computes the change of a publish into work tables. The caller holds the table's lock, so that what is read here is
 * still so when the change is applied. Rows that are the same before and after are in none of the tables. In the
 * caller's transaction.
 */
export async function computeChanges(
  client: ClientBase,
  request: ChangeRequest,
  run: string,
): Promise<Changes> {
  const { shape, period, days, only } = request;
  const work = (purpose: 'added' | 'removed' | 'lost' | 'pairs') =>
    stagingName(shape.dataset.name, period, run, purpose);
  const delivery = deliverySql(period);
  // Elsewhere a key can move, and what is replaced whole, or comes back, lies in other days than what replaces it.
  const staysThere = shape.own && shape.key !== undefined && shape.dataset.carries.kind !== 'period';
  const isSettled = staysThere && boundsOf(shape, days) !== undefined;
  const [day, ...others] = isSettled ? days : [];
  const one = day === undefined || others.length > 0 ? {} : { day };
  const comes = request.rows !== undefined && !request.published;
  const common = { shape, period, delivery, comes, days, ...one, only, built: [] };
  const removed = work('removed');
  if (request.rows !== undefined && (await isNew(client, request, delivery))) {
    const { relation, count } = request.rows;
    await createMeasured(
      client,
      removed,
      `SELECT ${withDelivery(shape)} FROM ${qualified(relation)} LIMIT 0`,
    );
    const taken = await takenPartition(client, request, relation, count);
    return {
      ...common,
      built: taken,
      added: relation,
      removed,
      lost: undefined,
      addedRows: count,
      removedRows: 0,
    };
  }
  const pairs = work('pairs');
  const sql = changeSql(request, delivery, pairs);
  if (sql.pairs !== undefined) await create(client, pairs, sql.pairs);
  const added = work('added');
  const removedRows = await createMeasured(client, removed, sql.removed);
  const addedRows = await createMeasured(client, added, sql.added(removed));
  const lost = sql.lost === undefined ? undefined : work('lost');
  if (lost !== undefined && sql.lost !== undefined) await createMeasured(client, lost, sql.lost);
  if (sql.pairs !== undefined) await client.query(`DROP TABLE ${qualified(pairs)}`);
  const isLeaving = request.rows === undefined && only === undefined && addedRows === 0;
  const leaving = isLeaving ? { leaving: delivery } : {};
  return { ...common, added, removed, ...leaving, lost, addedRows, removedRows };
}

/** A delivery of one day, in a table that can become that day's partition as it stands: nothing needs to be copied. */
async function takenPartition(
  client: ClientBase,
  { shape, days }: ChangeRequest,
  relation: RelationName,
  count: number,
): Promise<BuiltPartition[]> {
  const [day, ...others] = await daysWithoutPartition(client, shape, days);
  if (day === undefined || others.length > 0 || days.length > 1) return [];
  if (await isPublished(client, shape)) return [];
  const taken = await takeAsPartition(client, shape, day, relation);
  return taken ? [{ day, beside: relation, rows: count }] : [];
}

async function isPublished(client: ClientBase, { raw }: RawShape): Promise<boolean> {
  return (await publicationsOf(client, raw)).length > 0;
}

/** The change as it stands once it is applied: rows that became a partition are read from there. */
export function appliedChanges(changes: Changes): Changes {
  const { built, added, shape } = changes;
  const taken = built.find(({ beside }) => qualified(beside) === qualified(added));
  return taken === undefined ? changes : { ...changes, added: partitionName(shape.raw, taken.day) };
}

/** A delivery that meets no rows where its own will be comes as it is: nothing needs to be compared. */
async function isNew(client: ClientBase, request: ChangeRequest, delivery: string): Promise<boolean> {
  const { shape, published, days } = request;
  if (published) return false;
  const { carries } = shape.dataset;
  if (carries.kind !== 'period' && !('key' in carries)) return false;
  const where = carries.kind === 'period' ? periodRows(request, delivery) : (boundsOf(shape, days) ?? 'true');
  const met = await client.query(`SELECT FROM ${qualified(shape.raw)} WHERE ${where} LIMIT 1`);
  return met.rowCount === 0;
}

async function create(client: ClientBase, relation: RelationName, select: string): Promise<number> {
  await client.query(`DROP TABLE IF EXISTS ${qualified(relation)}`);
  const made = await client.query(`CREATE UNLOGGED TABLE ${qualified(relation)} AS ${select}`);
  return made.rowCount ?? 0;
}

/** Its size is what the planner must know; to sample every wide column costs more than it tells. */
async function createMeasured(client: ClientBase, relation: RelationName, select: string): Promise<number> {
  const count = await create(client, relation, select);
  await client.query(`ANALYZE ${qualified(relation)} (${ident(DELIVERY)})`);
  return count;
}

/** A number in letters: work tables end in them, so that the run's number is told from it. */
function letters(at: number): string {
  return String(at).replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');
}

/**
 * Builds the partitions that the days of a change do not have yet, with their part of the added rows; without, where they
 * must be inserted into the table itself.
 */
export async function buildPartitions(client: ClientBase, changes: Changes, run: string): Promise<Changes> {
  const { shape, period, days, added } = changes;
  const built: BuiltPartition[] = [];
  for (const taken of changes.built) {
    await indexPartition(client, shape, taken.beside);
    built.push(taken);
  }
  const missing = (await daysWithoutPartition(client, shape, days)).filter(
    (day) => !built.some((taken) => taken.day === day),
  );
  // Subscribers of a table are sent what is inserted into it, and not what a partition brings along.
  const from = missing.length > 0 && (await isPublished(client, shape)) ? undefined : added;
  for (const [at, day] of missing.entries()) {
    const beside = stagingName(shape.dataset.name, period, run, `day_${letters(at)}`);
    await client.query(`DROP TABLE IF EXISTS ${qualified(beside)}`);
    built.push(await buildPartition(client, shape, day, beside, from));
  }
  return { ...changes, built };
}
