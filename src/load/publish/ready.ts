import type { ClientBase } from 'pg';
import { isArrival, noteChange } from '../../ledger/arrivals.ts';
import { owe, WHOLE } from '../../ledger/derived.ts';
import { databaseError } from '../../ledger/errors.ts';
import type { Afresh } from '../../ledger/known-commit.ts';
import { qualified } from '../../ledger/sql.ts';
import { inTransaction, setForDataset } from '../../ledger/transaction.ts';
import { newestPublished } from '../../ledger/versions.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Dataset, Period, Project, RelationName, Rollup } from '../../project/model.ts';
import type { Delta, FreshDelta } from '../../rollup/delta.ts';
import { applyDeltas, computeDelta, followersOf, freshDelta, insertFresh } from '../../rollup/deltas.ts';
import { oweTouched } from '../../rollup/owed.ts';
import { oweAggregates } from '../../rollup/periods/touched.ts';
import { type Lend, spread } from './spread.ts';
import { applyChanges } from './apply-changes.ts';
import type { ChangeRequest } from './change-sql.ts';
import { appliedChanges, buildPartitions, type Changes, computeChanges } from './changes.ts';
import { boundsOf } from './shape.ts';

/** What every change of what a delivery has in the raw table needs. */
export interface ChangeOptions {
  /** A connection of its own, outside a transaction, that holds the dataset's table lock. */
  client: ClientBase;
  project: Project;
  dataset: Dataset;
  period: Period;
  run: string;
  /** Rollups follow in the same transaction; otherwise what the change touches becomes owed. */
  derive: boolean;
  /** Lends further connections for what can be done at the same time; without it, and without them, one does all. */
  lend?: Lend;
  /** Opens a new connection when this one is lost while a change is committed: to ask whether it was. */
  afresh?: Afresh;
  signal: AbortSignal;
}

export type ChangeOf = Pick<ChangeRequest, 'shape' | 'rows' | 'days' | 'published' | 'only'>;

/** A change that is ready to be applied, with what it does to the rollups. */
export interface ReadyChanges {
  changes: Changes;
  deltas: readonly Delta[];
}

/** A change that is computed, while what follows from it may still be under way. */
export interface BegunChanges {
  changes: Changes;
  /** What the transaction that applies the change can begin with, before the rest is ready. */
  fresh: readonly FreshDelta[];
  /** Everything, once it is there: the first call begins the rest, on its connection and on those that are lent. */
  ready: (on: ClientBase) => Promise<ReadyChanges>;
  /** The rest once more: the connection that it was begun on is lost. */
  anew: (on: ClientBase) => Promise<ReadyChanges>;
}

/**
 * Computes a change, builds its new partitions and computes the deltas of the rollups, all beside: nothing that a reader
 * can see.
 */
export async function changesOf(options: ChangeOptions, request: ChangeOf): Promise<ReadyChanges> {
  return (await beginChanges(options, request)).ready(options.client);
}

/** Like changesOf, for who can do something while partitions and deltas are made. */
export async function beginChanges(options: ChangeOptions, request: ChangeOf): Promise<BegunChanges> {
  const { client, project, dataset, period, run, signal } = options;
  signal.throwIfAborted();
  const newestOther = await newestPublished(client, project.name, dataset.name, period);
  const days = [...new Set(request.days)].sort();
  const fresh: FreshDelta[] = [];
  const others: Rollup[] = [];
  const changes = await settled(options, client, async () => {
    // Keys of several columns look rarer than they are, and a loop over a day's rows for each of them never ends.
    if (request.shape.own) await client.query('SET LOCAL enable_nestloop = off');
    const found = await computeChanges(client, { ...request, period, days, newestOther }, run);
    const computed = { ...found, ...(await aloneSince(options, client, found)) };
    const none = computed.addedRows === 0 && computed.removedRows === 0;
    const rollups = options.derive && !none ? await followersOf({ client, project }, dataset.name) : [];
    for (const rollup of rollups) {
      const delta = await freshDelta({ client, project, run }, rollup, computed);
      if (delta === undefined) others.push(rollup);
      else fresh.push(delta);
    }
    return computed;
  });
  let rest: Promise<ReadyChanges> | undefined;
  const anew = (on: ClientBase) => (rest = makeReady(options, on, changes, fresh, others));
  return { changes, fresh, ready: (on) => rest ?? anew(on), anew };
}

/** What is known of a delivery that alone has changed since it came. */
async function aloneSince(
  { project, dataset, period }: ChangeOptions,
  client: ClientBase,
  { shape, delivery, day }: Changes,
): Promise<Pick<Changes, 'alone'>> {
  const where = day === undefined ? undefined : boundsOf(shape, [day]);
  const change = { project: project.name, dataset: dataset.name, period, day };
  return where !== undefined && (await isArrival(client, change)) ? { alone: { delivery, where } } : {};
}

async function makeReady(
  options: ChangeOptions,
  client: ClientBase,
  changes: Changes,
  fresh: readonly FreshDelta[],
  rollups: readonly Rollup[],
): Promise<ReadyChanges> {
  const { project, run, lend } = options;
  let built = changes;
  const build = async (on: ClientBase): Promise<Delta[]> => {
    built = await settled(options, on, () => buildPartitions(on, changes, run));
    return [];
  };
  const delta = (rollup: Rollup) => async (on: ClientBase) => [
    await settled(options, on, () => computeDelta({ client: on, project, run }, rollup, changes)),
  ];
  const deltas = await spread(client, lend, [build, ...rollups.map(delta)]);
  return { changes: built, deltas: [...fresh, ...deltas.flat()] };
}

/** A transaction that means what the dataset means; its errors say which delivery it was about. */
async function settled<T>(
  { dataset, period }: ChangeOptions,
  client: ClientBase,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await inTransaction(client, async () => {
      await setForDataset(client, dataset);
      return work();
    });
  } catch (thrown) {
    throw databaseError(thrown, { dataset: dataset.name, period });
  }
}

/** Like Promise.all, but nothing is still going on when it rejects. */
export async function allOf<T extends readonly Promise<unknown>[]>(
  work: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/**
 * Applies a change and carries it into what is derived, or owes it, in the caller's transaction. Returns the buckets
 * that changed, by rollup.
 *
 * @param begun the fresh groups are in their rollups already
 */
export async function apply(
  { client, project, dataset, period, run, derive }: ChangeOptions,
  { changes, deltas }: ReadyChanges,
  begun = false,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const context = { client, project, run };
  if (!begun) await insertFresh(context, deltas);
  await applyChanges(client, changes);
  if (changes.addedRows === 0 && changes.removedRows === 0) return new Map();
  const change = { project: project.name, dataset: dataset.name, period, day: changes.day };
  await noteChange(client, change, changes.comes);
  const made = appliedChanges(changes);
  const why = `${dataset.name} ${period} changed.`;
  const touched = derive
    ? await applyDeltas(context, dataset.name, made, deltas)
    : new Map<string, string[]>();
  if (!derive) await oweTouched(client, project, dataset.name, made, why);
  await oweAggregates(client, project, dataset.name, made, why);
  const affected = affectedDerived(project, [dataset.name]);
  for (const view of project.views)
    if (affected.has(view.name)) await owe(client, project.name, view.name, [WHOLE], why);
  return touched;
}

/** Drops the work tables of a change; those that became partitions are gone from there. */
export async function dropWork(
  client: ClientBase,
  changes: Changes,
  ...others: RelationName[]
): Promise<void> {
  for (const table of [changes.added, changes.removed, changes.lost, ...others])
    if (table !== undefined) await client.query(`DROP TABLE IF EXISTS ${qualified(table)}`);
}
