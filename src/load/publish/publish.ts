import type { ClientBase } from 'pg';
import { owe, WHOLE } from '../../ledger/derived.ts';
import { databaseError } from '../../ledger/errors.ts';
import { qualified } from '../../ledger/sql.ts';
import {
  type CurrentVersion,
  currentVersion,
  insertVersion,
  newestPublished,
  type NewVersion,
  retireVersion,
} from '../../ledger/versions.ts';
import { DayboardError } from '../../project/errors.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Dataset, Period, Project, RelationName, Rollup, SourceObject } from '../../project/model.ts';
import type { Delta } from '../../rollup/delta.ts';
import { applyDeltas, computeDelta, followersOf } from '../../rollup/deltas.ts';
import { ensureRollup } from '../../rollup/ensure.ts';
import { requirePublishable } from '../../rollup/published.ts';
import { oweTouched } from '../../rollup/owed.ts';
import { oweAggregates } from '../../rollup/periods/touched.ts';
import type { Prepared } from '../prepared.ts';
import { type Afresh, inKnownTransaction } from '../../ledger/known-commit.ts';
import {
  inTransaction,
  setForDataset,
  setLockTimeout,
  setRowLockTimeout,
  withRetries,
} from '../../ledger/transaction.ts';
import { analyzeNew } from './analyze.ts';
import { applyChanges } from './apply-changes.ts';
import { type ChangeRequest, periodRows } from './change-sql.ts';
import { buildPartitions, computeChanges, type Changes } from './changes.ts';
import { forgetOld } from './forget.ts';
import { keepFormer, keptTables } from './kept.ts';
import { ensureRawTable } from './raw-table.ts';
import { oweGivenUp } from './settle.ts';
import { type Lend, spread } from './spread.ts';
import { keepWhole } from './whole.ts';
import type { RawShape } from './shape.ts';

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

export interface PublishOptions extends ChangeOptions {
  prepared: Prepared;
  object: SourceObject;
  /** Hash of the rules under which it was prepared. */
  rules: string;
}

export interface Published {
  /** 1 for a delivery's first publish. */
  version: number;
  /** Rows of the file, and those left after duplicates. */
  rows: number;
  kept: number;
  /** Rows that came into the raw table and that went. */
  added: number;
  removed: number;
}

/**
 * Makes a prepared delivery visible, whole: the change is computed beside, then applied to the raw table, its shadow,
 * the rollups and the ledger in one short transaction. The prepared table is dropped. Publishing the same rows again
 * changes nothing but the version's number. What it takes away from the version before is kept for as long as the
 * project says, so that it can be undone.
 *
 * Errors: 'relation.…', 'database.lock-timeout' after several tries; all leave what was published as it was.
 */
export async function publishDelivery(options: PublishOptions): Promise<Published> {
  const { client, project, dataset, period, prepared, run } = options;
  const shape = await ensureDataset(client, project, dataset);
  const former = await currentVersion(client, project.name, dataset.name, period);
  const ready = await changesOf(options, {
    shape,
    rows: { relation: prepared.relation, count: prepared.kept },
    days: [...Object.keys(prepared.days), ...Object.keys(former?.days ?? {})],
    published: former !== undefined,
  });
  const { changes } = ready;
  const version = await applied(options, async () => {
    const keeps = await keep(options, changes, former);
    if (former?.settledOnce === true) await oweGivenUp(client, project.name, changes, prepared.relation);
    await apply(options, ready);
    await requireBalance(options, changes);
    await retireVersion(client, project.name, dataset.name, period);
    return insertVersion(client, project.name, dataset.name, period, {
      run,
      object: options.object,
      rows: prepared.rows,
      kept: prepared.kept,
      added: changes.addedRows,
      removed: changes.removedRows,
      days: prepared.days,
      rulesHash: options.rules,
      findings: prepared.findings,
      former: former?.version,
      keeps,
    });
  });
  // It is published: what cannot be tidied up now is tidied up at the end of the run.
  await dropWork(client, changes, prepared.relation).catch(() => undefined);
  await forgetOld(client, project, shape).catch(() => undefined);
  await analyzeNew(client, project, dataset).catch(() => undefined);
  return {
    version,
    rows: prepared.rows,
    kept: prepared.kept,
    added: changes.addedRows,
    removed: changes.removedRows,
  };
}

/**
 * What was selected of a database is reconciled to the end: the raw table must hold exactly the rows that were counted
 * at the source and those that it has forgotten. Asked before the change is committed.
 */
async function requireBalance(
  { client, dataset, period, prepared }: PublishOptions,
  { shape, delivery, days }: Changes,
): Promise<void> {
  if (dataset.select === undefined || dataset.carries.kind !== 'period' || !shape.own) return;
  const found = await client.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${qualified(shape.raw)} WHERE ${periodRows({ shape, period, days }, delivery)}`,
  );
  const there = Number(found.rows[0]?.rows);
  if (there === prepared.kept) return;
  throw new DayboardError({
    code: 'publish.count',
    message: `${dataset.name} ${period} has ${prepared.kept} rows, and ${there} would be in ${shape.raw.schema}.${shape.raw.name}.`,
    facts: { dataset: dataset.name, period, kept: prepared.kept, there },
    next: 'Nothing was published, and what was published before is untouched. Look for a trigger or a rule on the table.',
  });
}

/** Runs what makes a change visible as one transaction that gives way to readers, and whose end is known. */
export function applied<T>(
  { client, dataset, signal, afresh }: Pick<ChangeOptions, 'client' | 'dataset' | 'signal' | 'afresh'>,
  work: () => Promise<T>,
): Promise<T> {
  const begin = async () => {
    await setForDataset(client, dataset);
    return setRowLockTimeout(client);
  };
  return withRetries(signal, () => inKnownTransaction(client, afresh, begin, work));
}

/** Keeps what a publish takes away, when there is a version that could come back, or rows that were there before. */
async function keep(
  { client, project, dataset, period, run }: PublishOptions,
  changes: Changes,
  former: CurrentVersion | undefined,
): Promise<NewVersion['keeps']> {
  const before = dataset.carries.kind === 'period' && !changes.shape.own;
  if (project.keepVersionsDays === 0) return {};
  const { rows, keys, whole } = keptTables(project.name, changes.shape, period, former?.version ?? 0, run);
  const keeps = (await keepWhole(client, changes, whole)) ? { whole: whole.name } : {};
  if (former === undefined && !before) return keeps;
  await keepFormer(client, changes, { rows, keys });
  return { ...keeps, rows: rows.name, keys: keys?.name };
}

/** Raw table and rollups of a dataset, made sure of. The caller holds the dataset's table lock. */
export async function ensureDataset(
  client: ClientBase,
  project: Project,
  dataset: Dataset,
): Promise<RawShape> {
  const affected = affectedDerived(project, [dataset.name]);
  for (const rollup of project.rollups)
    if (affected.has(rollup.name)) await requirePublishable(client, project, rollup);
  const shape = await ensureRawTable(client, project.name, dataset);
  try {
    await inTransaction(client, async () => {
      await setLockTimeout(client);
      for (const rollup of project.rollups)
        if (affected.has(rollup.name)) await ensureRollup(client, project, rollup);
    });
  } catch (thrown) {
    throw databaseError(thrown, { dataset: dataset.name });
  }
  return shape;
}

/** A change that is ready to be applied, with what it does to the rollups. */
export interface ReadyChanges {
  changes: Changes;
  deltas: readonly Delta[];
}

/**
 * Computes a change, builds its new partitions and computes the deltas of the rollups, all beside: nothing that a reader
 * can see.
 */
export async function changesOf(
  options: ChangeOptions,
  request: Pick<ChangeRequest, 'shape' | 'rows' | 'days' | 'published' | 'only'>,
): Promise<ReadyChanges> {
  const { client, project, dataset, period, run, signal } = options;
  signal.throwIfAborted();
  const newestOther = await newestPublished(client, project.name, dataset.name, period);
  const days = [...new Set(request.days)].sort();
  const settled = <T>(on: ClientBase, work: () => Promise<T>) =>
    inTransaction(on, async () => {
      await setForDataset(on, dataset);
      return work();
    });
  try {
    const changes = await settled(client, async () => {
      // Keys of several columns look rarer than they are, and a loop over a day's rows for each of them never ends.
      if (request.shape.own) await client.query('SET LOCAL enable_nestloop = off');
      return computeChanges(client, { ...request, period, days, newestOther }, run);
    });
    const none = changes.addedRows === 0 && changes.removedRows === 0;
    const rollups = options.derive && !none ? await followersOf({ client, project }, dataset.name) : [];
    let built = changes;
    const build = async (on: ClientBase) => {
      built = await settled(on, () => buildPartitions(on, changes, run));
      return [];
    };
    const delta = (rollup: Rollup) => async (on: ClientBase) => [
      await settled(on, () => computeDelta({ client: on, project, run }, rollup, changes)),
    ];
    const deltas = await spread(client, options.lend, [build, ...rollups.map(delta)]);
    return { changes: built, deltas: deltas.flat() };
  } catch (thrown) {
    throw databaseError(thrown, { dataset: dataset.name, period });
  }
}

/**
 * Applies a change and carries it into what is derived, or owes it, in the caller's transaction. Returns the buckets
 * that changed, by rollup.
 */
export async function apply(
  { client, project, dataset, period, run, derive }: ChangeOptions,
  { changes, deltas }: ReadyChanges,
): Promise<ReadonlyMap<string, readonly string[]>> {
  await applyChanges(client, changes);
  if (changes.addedRows === 0 && changes.removedRows === 0) return new Map();
  const why = `${dataset.name} ${period} changed.`;
  const touched = derive
    ? await applyDeltas({ client, project, run }, dataset.name, changes, deltas)
    : new Map<string, string[]>();
  if (!derive) await oweTouched(client, project, dataset.name, changes, why);
  await oweAggregates(client, project, dataset.name, changes, why);
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
