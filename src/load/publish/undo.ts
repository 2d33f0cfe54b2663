import type { ClientBase } from 'pg';
import type { Dataset, Period, Project, RelationName } from '../../project/model.ts';
import { databaseError } from '../../ledger/errors.ts';
import { cleanedSince } from '../../ledger/cleanups.ts';
import { qualified } from '../../ledger/sql.ts';
import { type CurrentVersion, currentVersion, daysOfVersion, restoreFormer } from '../../ledger/versions.ts';
import { DayboardError } from '../../project/errors.ts';
import { dropForgotten } from './forget.ts';
import { addNewColumns, isRowWise, type Kept } from './kept.ts';
import { applied, ensureDataset } from './publish.ts';
import { apply, type ChangeOf, type ChangeOptions, changesOf, dropWork, type ReadyChanges } from './ready.ts';
import type { RawShape } from './shape.ts';

export interface UndoOptions extends ChangeOptions {
  /** Who undoes it, for the ledger. */
  by: string;
  /** The version that was agreed to be taken back; undefined for whichever is published. */
  version?: number | undefined;
}

/** What an undo did. */
export interface Undone {
  /** The version that was taken back, and the one that is published again; undefined when the delivery is gone. */
  version: number;
  restored: number | undefined;
  /** Rows that came into the raw table and that went. */
  added: number;
  removed: number;
}

/**
 * Takes the newest version of a delivery back: the one before it is published again, with its rollups; the first leaves
 * what would be there had the delivery never come. Only rows in which the two differ are touched, and what other
 * deliveries brought since stays and wins or loses its keys as ever.
 *
 * Errors: 'undo.nothing', 'undo.changed', 'undo.expired', 'undo.only-copy' and 'undo.other-table' (refused), and those of publishDelivery; all leave everything as it was.
 */
export async function undoDelivery(options: UndoOptions): Promise<Undone> {
  const { client, project, dataset, period } = options;
  const version = await currentVersion(client, project.name, dataset.name, period);
  if (version === undefined) throw nothingToUndo(dataset, period);
  if (options.version !== undefined && options.version !== version.version)
    throw changedSince(dataset, period, options.version, version.version);
  await requireAnotherCopy(options, version);
  const shape = await ensureDataset(client, project, dataset);
  const kept = await keptOf(options, shape, version);
  const request = await restoring(options, shape, version, kept);
  const ready = request === undefined ? undefined : await changesOf(options, request);
  const whole = shape.own ? undefined : await keptTable(client, version.keptWhole);
  await applied(options, async () => {
    if (ready !== undefined) await apply(options, whole === undefined ? ready : withWhole(ready, whole));
    await restoreFormer(client, project.name, dataset.name, period, version, options.by);
  });
  if (ready !== undefined) await dropWork(client, ready.changes).catch(() => undefined);
  // It is taken back: what somebody still reads of what was kept is dropped another time.
  await dropForgotten(client).catch(() => undefined);
  return {
    version: version.version,
    restored: version.former ?? undefined,
    added: ready?.changes.addedRows ?? 0,
    removed: ready?.changes.removedRows ?? 0,
  };
}

/** What was deleted at the source after this version was published is nowhere else. */
async function requireAnotherCopy(
  { client, project, dataset, period }: ChangeOptions,
  { version }: CurrentVersion,
): Promise<void> {
  const cleaned = await cleanedSince(client, project.name, dataset.name, period);
  if (cleaned === undefined) return;
  throw new DayboardError({
    code: 'undo.only-copy',
    kind: 'refused',
    message: `Version ${version} of ${dataset.name} ${period} cannot be taken back: run ${cleaned.run} deleted rows of it at the source (${cleaned.at}), so what is published is the only copy. Nothing was changed.`,
    facts: { dataset: dataset.name, period, version, run: cleaned.run },
    next: 'Correct single rows by hand, or restore the source from a backup first.',
  });
}

/** One of the tables that a version keeps, if it is there. */
async function keptTable(client: ClientBase, name: string | null): Promise<RelationName | undefined> {
  if (name === null) return undefined;
  const relation = { schema: 'dayboard', name };
  const found = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    qualified(relation),
  ]);
  return found.rows[0]?.there === true ? relation : undefined;
}

/** The change, with which rows come back as they stood in somebody else's table. */
function withWhole(ready: ReadyChanges, whole: RelationName): ReadyChanges {
  return { ...ready, changes: { ...ready.changes, whole } };
}

/** The tables that hold what the version took away; undefined for a first one that took nothing. */
async function keptOf(
  { client, project, dataset, period, signal }: ChangeOptions,
  shape: RawShape,
  current: CurrentVersion,
): Promise<Omit<Kept, 'whole'> | undefined> {
  const { former, keptRows, keptKeys, version } = current;
  if (current.settled) throw expired(project, dataset, period, current);
  const tookNothing =
    former === null && keptRows === null && (shape.own || dataset.carries.kind !== 'period');
  if (tookNothing) return undefined;
  if (keptKeys !== null && !isRowWise(shape)) throw otherTable(dataset, period, version);
  const [rows, keys] = [await keptTable(client, keptRows), await keptTable(client, keptKeys)];
  if (rows === undefined || (keptKeys !== null && keys === undefined))
    throw expired(project, dataset, period, current);
  await addNewColumns(client, { rows }, dataset, signal).catch((thrown: unknown) => {
    throw databaseError(thrown, { dataset: dataset.name, period });
  });
  return { rows, keys };
}

function expired(
  { keepVersionsDays }: Project,
  { name }: Dataset,
  period: Period,
  { version, publishedAt }: CurrentVersion,
): DayboardError {
  return new DayboardError({
    code: 'undo.expired',
    kind: 'refused',
    message: `Version ${version} of ${name} ${period} (${publishedAt}) cannot be taken back: what it replaced is kept for ${keepVersionsDays} days and is no longer there. Nothing was changed.`,
    facts: { dataset: name, period, version },
    next: 'Have the object delivered again as it was, and load it.',
  });
}

/** What is kept is the difference by key, and the table it would go into now does not say which rows are whose. */
function otherTable({ name, table }: Dataset, period: Period, version: number): DayboardError {
  return new DayboardError({
    code: 'undo.other-table',
    kind: 'refused',
    message: `Version ${version} of ${name} ${period} was published into another table than the ${table.schema}.${table.name} that is there now, so it cannot be taken back from it. Nothing was changed.`,
    facts: { dataset: name, period, version },
    next: 'Have the object delivered again as it was, and load it.',
  });
}

/** Somebody published or took back in between: what would be undone is not what was agreed to. */
function changedSince({ name }: Dataset, period: Period, planned: number, now: number): DayboardError {
  return new DayboardError({
    code: 'undo.changed',
    kind: 'refused',
    message: `Version ${planned} of ${name} ${period} was to be taken back, and version ${now} is published now. Nothing was changed.`,
    facts: { dataset: name, period, version: now },
    next: 'Look at the cell again before anything is taken back.',
  });
}

function nothingToUndo({ name }: Dataset, period: Period): DayboardError {
  return new DayboardError({
    code: 'undo.nothing',
    kind: 'refused',
    message: `Nothing of ${name} ${period} is published, so there is nothing to take back. Nothing was changed.`,
    facts: { dataset: name, period },
    next: 'Look at the board for the days that are loaded.',
  });
}

/**
 * The change that an undo of the current version would make, to be looked at; undefined when the two versions are the
 * same. 'diff.version' (refused) when `version` is
 * not the one that an undo brings back.
 */
export async function formerRequest(
  options: ChangeOptions,
  shape: RawShape,
  current: CurrentVersion | undefined,
  version: number,
): Promise<ChangeOf | undefined> {
  const { dataset, period } = options;
  if (current === undefined || current.former !== version)
    throw new DayboardError({
      code: 'diff.version',
      kind: 'refused',
      message: `Version ${version} of ${dataset.name} ${period} cannot be compared with: ${current === undefined ? 'nothing of it is published' : current.former === null ? `version ${current.version} is the first that is known` : `only version ${current.former}, which the published version ${current.version} replaced, is kept`}. Nothing was changed.`,
      facts: { dataset: dataset.name, period, version },
      next: 'Leave --against out to compare with what is at the source.',
    });
  return restoring(options, shape, current, await keptOf(options, shape, current));
}

/** The change that brings the former version back; undefined when the two are the same. */
async function restoring(
  { client, project, dataset, period }: ChangeOptions,
  shape: RawShape,
  { former, days, added, removed }: CurrentVersion,
  kept: Omit<Kept, 'whole'> | undefined,
): Promise<ChangeOf | undefined> {
  const formerDays =
    former === null ? [] : await daysOfVersion(client, project.name, dataset.name, period, former);
  const common = { shape, days: [...Object.keys(days), ...formerDays], published: true };
  if (kept === undefined) return { ...common, rows: undefined };
  const counted = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${qualified(kept.rows)}`,
  );
  const rows = { relation: kept.rows, count: counted.rows[0]?.count ?? 0 };
  if (kept.keys !== undefined) return { ...common, rows, only: kept.keys };
  // What came with it to a delivery without rows may all be in the shadow, and the table stays as it is.
  const onlyShadowed =
    dataset.carries.kind !== 'period' && formerDays.length === 0 && Object.keys(days).length > 0;
  const isSame = added === 0 && removed === 0 && rows.count === 0 && !onlyShadowed;
  return isSame ? undefined : { ...common, rows };
}
