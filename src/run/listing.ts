import type pg from 'pg';
import { listingFloors, writeListing, writeListingError } from '../ledger/deliveries.ts';
import { databaseError } from '../ledger/errors.ts';
import { type DayboardError, toDayboardError } from '../project/errors.ts';
import type { Dataset, Project } from '../project/model.ts';
import type { ListedObject, ListingFloors, Source } from '../source/source.ts';
import { tidyAfterDeadRuns } from './dead-runs.ts';

export interface ListingParts {
  project: Project;
  /** By the names that the project gives its sources. */
  sources: ReadonlyMap<string, Source>;
  /** Opens the ledger; undefined in a context that may not write to it. */
  ledger: (() => Promise<pg.Pool>) | undefined;
}

/**
 * Asks every source what it has, side by side, so that one that does not answer keeps no other waiting, and writes it
 * to the ledger. What dead runs left is tidied up, for nothing may be left to do that a run would be started for.
 * Resolves with why sources could not be listed, by name.
 * @throws 'database.…', and the signal's reason
 */
export async function listSources(
  parts: ListingParts,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, DayboardError>> {
  const unlisted = new Map<string, DayboardError>();
  const listings = [...parts.sources].map(async ([name, source]) => {
    const datasets = parts.project.datasets.filter(
      (dataset) => dataset.source === name && dataset.off === undefined,
    );
    if (datasets.length === 0) return;
    const error = await listSource(parts, name, source, datasets, signal);
    if (error !== undefined) unlisted.set(name, error);
  });
  for (const ended of await Promise.allSettled(listings)) if (ended.status === 'rejected') throw ended.reason;
  // What cannot be tidied up now is when the next run starts.
  if (parts.ledger !== undefined)
    await tidyAfterDeadRuns(await parts.ledger(), parts.project.name).catch(() => undefined);
  return unlisted;
}

async function listSource(
  { project, ledger }: ListingParts,
  name: string,
  source: Source,
  datasets: readonly Dataset[],
  signal: AbortSignal | undefined,
): Promise<DayboardError | undefined> {
  const listed: ListedObject[] = [];
  let error: DayboardError | undefined;
  const floors = ledger === undefined ? undefined : await readFloors(ledger, project, datasets);
  try {
    for await (const each of source.list(datasets, signal, undefined, floors)) listed.push(each);
  } catch (thrown) {
    error = toDayboardError(thrown);
    if (signal?.aborted) throw error;
  }
  if (ledger === undefined) return error;
  const pool = await ledger();
  const client = await pool.connect().catch((thrown: unknown) => {
    throw databaseError(thrown);
  });
  try {
    if (error !== undefined) await writeListingError(client, project.name, name, error.toJSON());
    else {
      const names = datasets.map((dataset) => dataset.name);
      await writeListing(client, project.name, name, names, listed, floors);
    }
  } catch (thrown) {
    throw databaseError(thrown);
  } finally {
    client.release();
  }
  return error;
}

/** Asked before the source is: what is committed meanwhile is at most listed twice. */
async function readFloors(
  ledger: () => Promise<pg.Pool>,
  project: Project,
  datasets: readonly Dataset[],
): Promise<ListingFloors> {
  try {
    return await listingFloors(await ledger(), project.name, datasets);
  } catch (thrown) {
    throw databaseError(thrown);
  }
}
