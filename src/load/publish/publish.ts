import type { ClientBase } from 'pg';
import { databaseError, isConnectionLoss } from '../../ledger/errors.ts';
import { inKnownTransaction } from '../../ledger/known-commit.ts';
import { qualified } from '../../ledger/sql.ts';
import {
  inTransaction,
  setForDataset,
  setLockTimeout,
  setRowLockTimeout,
  withRetries,
} from '../../ledger/transaction.ts';
import {
  type CurrentVersion,
  currentVersion,
  insertVersion,
  type NewVersion,
  retireVersion,
} from '../../ledger/versions.ts';
import { affectedDerived } from '../../plan/derived.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset, Project, SourceObject } from '../../project/model.ts';
import { insertFresh } from '../../rollup/deltas.ts';
import { ensureRollup } from '../../rollup/ensure.ts';
import { requirePublishable } from '../../rollup/published.ts';
import type { Prepared } from '../prepared.ts';
import { analyzeNew } from './analyze.ts';
import { periodRows } from './change-sql.ts';
import type { Changes } from './changes.ts';
import { forgetOld } from './forget.ts';
import { keepFormer, keptTables } from './kept.ts';
import { ensureRawTable } from './raw-table.ts';
import { allOf, apply, type BegunChanges, beginChanges, type ChangeOptions, dropWork } from './ready.ts';
import { oweGivenUp } from './settle.ts';
import { beginElsewhere } from './spread.ts';
import { keepWhole } from './whole.ts';
import type { RawShape } from './shape.ts';

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
  const { client, project, dataset, period, prepared } = options;
  const shape = await ensureDataset(client, project, dataset);
  const former = await currentVersion(client, project.name, dataset.name, period);
  const begun = await beginChanges(options, {
    shape,
    rows: { relation: prepared.relation, count: prepared.kept },
    days: [...Object.keys(prepared.days), ...Object.keys(former?.days ?? {})],
    published: former !== undefined,
  });
  const { changes, fresh } = begun;
  const elsewhere = fresh.length === 0 ? undefined : await beginElsewhere(options.lend, begun.ready);
  if (elsewhere === undefined) await begun.ready(client);
  const publish = () => applied(options, () => publishVersion(options, begun, former));
  try {
    const version = await publish().catch(async (thrown: unknown) => {
      // A lent connection that is lost is no reason to fail: what it was at was rolled back, and is done here.
      if (elsewhere === undefined || !(await isLost(elsewhere.done))) throw thrown;
      await begun.anew(client);
      return publish();
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
  } finally {
    // Also when it failed: nothing of it goes on once the table's lock is given up.
    await elsewhere?.done.catch(() => undefined);
  }
}

/** Whether work ended because its connection did. */
function isLost(work: Promise<unknown>): Promise<boolean> {
  return work.then(() => false, isConnectionLoss);
}

/** What makes a prepared delivery the current version, in the caller's transaction. Returns its number. */
async function publishVersion(
  options: PublishOptions,
  begun: BegunChanges,
  former: CurrentVersion | undefined,
): Promise<number> {
  const { client, project, dataset, period, prepared, run } = options;
  const { changes, fresh } = begun;
  const keeps = await keep(options, changes, former);
  if (former?.settledOnce === true) await oweGivenUp(client, project.name, changes, prepared.relation);
  const [ready] = await allOf([begun.ready(client), insertFresh({ client, project, run }, fresh)]);
  await apply(options, ready, true);
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
