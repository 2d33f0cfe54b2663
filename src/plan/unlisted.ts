import type { Project } from '../project/model.ts';
import type { PlannedCell } from './plan.ts';

/**
 * Whether a cell cannot be done while its source cannot be listed, `unlisted` by name: nobody knows what the source has
 * now, and asking it for each delivery would fail as slowly again. What is verified in the cache can be loaded.
 */
export function needsUnlisted(
  cell: PlannedCell,
  project: Project,
  unlisted: { has(source: string): boolean },
): boolean {
  const asksSource = cell.action === 'import' || cell.action === 'fetch' || cell.action === 'diff';
  return asksSource && cell.fetched !== true && unlisted.has(sourceOf(cell.dataset, project));
}

/** The name of a dataset's source. */
export function sourceOf(dataset: string, project: Project): string {
  return project.datasets.find((each) => each.name === dataset)?.source ?? '';
}
