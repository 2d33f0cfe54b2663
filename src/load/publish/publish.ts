import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { owe, WHOLE } from '../../ledger/derived.ts';
import { databaseError, errorCode } from '../../ledger/errors.ts';
import { qualified } from '../../ledger/sql.ts';
import { currentVersion, insertVersion, newestPublished, retireVersion } from '../../ledger/versions.ts';
import { affectedDerived } from '../../plan/derived.ts';
import { DayboardError } from '../../project/errors.ts';
import type { Dataset, Period, Project, SourceObject } from '../../project/model.ts';
import { applyDeltas } from '../../rollup/deltas.ts';
import { ensureRollup } from '../../rollup/ensure.ts';
import { oweTouched } from '../../rollup/owed.ts';
import type { Prepared } from '../prepared.ts';
import { inTransaction } from '../transaction.ts';
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

/** How long a publish waits for somebody else's lock on the raw table before it makes way and tries again. */
const LOCK_TIMEOUT_MILLISECONDS = 3_000;
const TRIES = 5;

/**
 * Makes a prepared delivery visible, whole: the change is computed beside, then applied to the raw table, its shadow,
 * the rollups and the ledger in one short transaction. The prepared table is dropped. Publishing the same rows again
 * changes nothing but the version's number.
 *
 * Errors: 'relation.…', 'publish.older-snapshot', 'database.lock-timeout' after several tries; all leave what was
 * published as it was.
 */
export async function publishDelivery(options: PublishOptions): Promise<Published> {
  const { client, project, dataset, period, prepared } = options;
  const shape = await ensureDataset(client, project, dataset);
  await refuseOlderSnapshot(client, project, dataset, period);
  const changes = await changesOf(options, shape, prepared);
  const version = await withRetries(options.signal, () =>
    inTransaction(client, async () => {
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS}`);
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
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MILLISECONDS}`);
      await apply(options, changes);
      await retireVersion(client, project.name, dataset.name, period);
    }),
  );
  await dropWork(client, changes, undefined);
  return { added: changes.addedRows, removed: changes.removedRows };
}

/** Raw table and rollups of a dataset, made sure of. The caller holds the dataset's table lock. */
export async function ensureDataset(
  client: ClientBase,
  project: Project,
  dataset: Dataset,
): Promise<RawShape> {
  const shape = await ensureRawTable(client, project.name, dataset);
  const affected = affectedDerived(project, [dataset.name]);
  try {
    await inTransaction(client, async () => {
      for (const rollup of project.rollups)
        if (affected.has(rollup.name)) await ensureRollup(client, project, rollup);
    });
  } catch (thrown) {
    throw databaseError(thrown, { dataset: dataset.name });
  }
  return shape;
}

async function refuseOlderSnapshot(
  client: ClientBase,
  project: Project,
  dataset: Dataset,
  period: Period,
): Promise<void> {
  if (dataset.carries.kind !== 'snapshot' || dataset.carries.mode !== 'replace') return;
  const newest = await newestPublished(client, project.name, dataset.name);
  if (newest === undefined || newest <= period) return;
  throw new DayboardError({
    code: 'publish.older-snapshot',
    kind: 'refused',
    message: `${dataset.name} ${period} is an older snapshot than that of ${newest}, which is published.`,
    facts: { dataset: dataset.name, period, newest },
    next: 'Nothing was changed: an older snapshot never overwrites a newer one.',
  });
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
  return computeChanges({ client, shape, period, run, prepared, oldDays: Object.keys(old?.days ?? {}) });
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

/** Lock timeouts, deadlocks and serialization failures are tried again, a little later each time; the transaction was rolled back. */
async function withRetries<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (attempt === TRIES || !['55P03', '40P01', '40001'].includes(errorCode(thrown) ?? ''))
        throw databaseError(thrown);
      await delay(2 ** attempt * 100 * (0.5 + Math.random()), undefined, { signal });
    }
  }
}
