import type pg from 'pg';
import { databaseError } from '../ledger/errors.ts';
import { cleanUp, planCleanup, type CleanupOptions } from '../load/cleanup.ts';
import type { CleanupPlan } from '../plan/cleanup.ts';
import { DayboardError } from '../project/errors.ts';
import type { Dataset, Project } from '../project/model.ts';
import type { SourceDatabase } from '../source/postgres.ts';
import type { Source } from '../source/source.ts';

export interface CleanupParts {
  project: Project;
  sources: ReadonlyMap<string, Source>;
  signal: AbortSignal;
}

/** What a cleanup of these datasets would delete at their sources. */
export async function foreseeCleanup(
  parts: CleanupParts,
  target: pg.ClientBase,
  names: readonly string[],
): Promise<CleanupPlan[]> {
  const plans: CleanupPlan[] = [];
  for (const name of names)
    plans.push(await withSource(parts, target, cleanable(parts.project, name), planCleanup));
  return plans;
}

/** Deletes what was agreed to at a dataset's source. `record` is called just before it is committed. */
export function performCleanup(
  parts: CleanupParts,
  target: pg.ClientBase,
  agreed: CleanupPlan,
  record: (plan: CleanupPlan) => Promise<void>,
): Promise<CleanupPlan> {
  return withSource(parts, target, cleanable(parts.project, agreed.dataset), (options) =>
    cleanUp(options, agreed.proven, record),
  );
}

/** 'cleanup.not-declared' (refused) when the definition does not allow it. */
function cleanable(project: Project, name: string): Dataset {
  const found = project.datasets.find((dataset) => dataset.name === name);
  if (found?.select?.cleanup === true) return found;
  const able = project.datasets
    .filter((dataset) => dataset.select?.cleanup === true)
    .map((each) => each.name);
  throw new DayboardError({
    code: 'cleanup.not-declared',
    kind: 'refused',
    message: `The definition does not let rows of ${name} be deleted at their source. Nothing was deleted.`,
    facts: { dataset: name },
    next: `Write select.cleanup: true in its definition. ${able.length === 0 ? 'No dataset has it.' : `It is allowed for ${able.join(', ')}.`}`,
  });
}

async function withSource<T>(
  { sources, signal }: CleanupParts,
  target: pg.ClientBase,
  dataset: Dataset,
  work: (options: CleanupOptions) => Promise<T>,
): Promise<T> {
  const database = databaseOf(sources, dataset);
  const source = await database.connectToWrite('cleanup');
  try {
    return await work({ dataset, source, place: database.display, target, signal });
  } catch (thrown) {
    // Whose statement it was shows in its text; both databases' errors have the same codes.
    throw thrown instanceof DayboardError ? thrown : databaseError(thrown, { dataset: dataset.name });
  } finally {
    await source.end().catch(() => undefined);
  }
}

function databaseOf(sources: ReadonlyMap<string, Source>, dataset: Dataset): SourceDatabase {
  const database = sources.get(dataset.source)?.database;
  if (database === undefined)
    throw new DayboardError({
      code: 'source.not-configured',
      kind: 'usage',
      message: `The source "${dataset.source}" of ${dataset.name} is not configured.`,
      facts: { dataset: dataset.name, source: dataset.source },
      next: 'Set the variable that holds its URL; `dayboard doctor` names it. Nothing was deleted.',
    });
  return database;
}
