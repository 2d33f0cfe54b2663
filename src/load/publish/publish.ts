import type { ClientBase } from 'pg';
import { owe, WHOLE } from '../../ledger/derived.ts';
import { databaseError } from '../../ledger/errors.ts';
import { qualified } from '../../ledger/sql.ts';
import { currentVersion, insertVersion, newestPublished, retireVersion } from '../../ledger/versions.ts';
import { affectedDerived } from '../../plan/derived.ts';
import type { Dataset, Period, Project, SourceObject } from '../../project/model.ts';
import { applyDeltas } from '../../rollup/deltas.ts';
import { ensureRollup } from '../../rollup/ensure.ts';
import { requirePublishable } from '../../rollup/published.ts';
import { oweTouched } from '../../rollup/owed.ts';
import type { Prepared } from '../prepared.ts';
import { inTransaction, setForDataset, setLockTimeout, withRetries } from '../../ledger/transaction.ts';
import { analyzeNew } from './analyze.ts';
import { applyChanges, computeChanges, type Changes } from './changes.ts';
import { ensurePartitions, ensureRawTable } from './raw-table.ts';
import type { RawShape } from './shape.ts';

export interface PublishOptions {
  /** A connection of its own, outside a transaction, that holds the dataset's table lock. */
  client: ClientBase;
  project: Project;
  dataset: Dataset;
  period: Period;
  prepared: Prepared;
  object: SourceObject;
  run: string;
  /** Hash of the rules under which it was prepared. */
  rules: string;
  /** Rollups follow in the same transaction; otherwise what the change touches becomes owed. */
  derive: boolean;
  signal: AbortSignal;
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
 * changes nothing but the version's number.
 *
 * Errors: 'relation.…', 'database.lock-timeout' after several tries; all leave what was published as it was.
 */
export async function publishDelivery(options: PublishOptions): Promise<Published> {
  const { client, project, dataset, period, prepared } = options;
  const shape = await ensureDataset(client, project, dataset);
  const changes = await changesOf(options, shape, prepared);
  const version = await withRetries(options.signal, () =>
    inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await setLockTimeout(client);
      await apply(options, changes);
      await retireVersion(client, project.name, dataset.name, period);
      return insertVersion(client, project.name, dataset.name, period, {
        run: options.run,
        object: options.object,
        rows: prepared.rows,
        kept: prepared.kept,
        added: changes.addedRows,
        removed: changes.removedRows,
        days: prepared.days,
        rulesHash: options.rules,
        findings: prepared.findings,
      });
    }),
  );
  await dropWork(client, changes, prepared);
  await analyzeNew(client, project, dataset).catch(() => undefined);
  return {
    version,
    rows: prepared.rows,
    kept: prepared.kept,
    added: changes.addedRows,
    removed: changes.removedRows,
  };
}

export type WithdrawOptions = Pick<
  PublishOptions,
  'client' | 'project' | 'dataset' | 'period' | 'run' | 'derive' | 'signal'
>;

/** Takes a delivery back: leaves what would be there had it never come. Returns the rows that came and went. */
export async function withdrawDelivery(
  options: WithdrawOptions,
): Promise<Pick<Published, 'added' | 'removed'>> {
  const { client, project, dataset, period } = options;
  const shape = await ensureDataset(client, project, dataset);
  const changes = await changesOf(options, shape, undefined);
  await withRetries(options.signal, () =>
    inTransaction(client, async () => {
      await setForDataset(client, dataset);
      await setLockTimeout(client);
      await apply(options, changes);
      await retireVersion(client, project.name, dataset.name, period);
    }),
  );
  await dropWork(client, changes, undefined);
  await analyzeNew(client, project, dataset).catch(() => undefined);
  return { added: changes.addedRows, removed: changes.removedRows };
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

async function changesOf(
  options: WithdrawOptions,
  shape: RawShape,
  prepared: Prepared | undefined,
): Promise<Changes> {
  const { client, project, dataset, period, run } = options;
  options.signal.throwIfAborted();
  if (prepared !== undefined) await ensurePartitions(client, shape, Object.keys(prepared.days));
  const old = await currentVersion(client, project.name, dataset.name, period);
  const newestOther = await newestPublished(client, project.name, dataset.name, period);
  const oldDays = old === undefined ? undefined : Object.keys(old.days);
  return inTransaction(client, async () => {
    await setForDataset(client, dataset);
    return computeChanges({ client, shape, period, run, prepared, oldDays, newestOther });
  }).catch((thrown: unknown) => {
    throw databaseError(thrown, { dataset: dataset.name, period });
  });
}

async function apply(
  { client, project, dataset, period, run, derive }: WithdrawOptions,
  changes: Changes,
): Promise<void> {
  await applyChanges(client, changes, period);
  if (changes.addedRows === 0 && changes.removedRows === 0) return;
  const why = `${dataset.name} ${period} changed.`;
  if (derive) await applyDeltas({ client, project, run }, dataset.name, changes);
  else await oweTouched(client, project, dataset.name, changes, why);
  const affected = affectedDerived(project, [dataset.name]);
  for (const view of project.views)
    if (affected.has(view.name)) await owe(client, project.name, view.name, [WHOLE], why);
}

async function dropWork(client: ClientBase, changes: Changes, prepared: Prepared | undefined): Promise<void> {
  for (const table of [changes.added, changes.removed, changes.lost, prepared?.relation]) {
    if (table !== undefined) await client.query(`DROP TABLE IF EXISTS ${qualified(table)}`);
  }
}
