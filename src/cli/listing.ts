import { ranges } from '../plan/command-line.ts';
import type { PlannedCell, PlanRequest } from '../plan/plan.ts';
import { needsUnlisted, sourceOf } from '../plan/unlisted.ts';
import type { DayboardError } from '../project/errors.ts';
import { narrowed } from '../run/catch-up.ts';
import type { Cli } from './cli.ts';
import type { Session } from './session.ts';

/** Why sources could not be listed, on stderr, one line each. */
export function tellUnlisted(cli: Cli, unlisted: ReadonlyMap<string, DayboardError>): void {
  for (const [source, error] of unlisted)
    cli.say(`The source ${source} could not be listed, what it has now is not known: ${error.message}`);
}

/**
 * Lists the sources. What a request wants from one that could not be listed is left out and told, the rest can go on.
 * Rejects with the source's error when nothing of the request can be done.
 */
export async function listFor(
  cli: Cli,
  { workspace }: Session,
  request: PlanRequest,
): Promise<{ request: PlanRequest; leftOut: boolean }> {
  const unlisted = await workspace.list();
  if (unlisted.size === 0) return { request, leftOut: false };
  const { project } = workspace;
  const { cells } = await workspace.plan(request);
  const needy = cells.filter((cell) => needsUnlisted(cell, project, unlisted));
  const [first] = needy;
  const error = first === undefined ? undefined : unlisted.get(sourceOf(first.dataset, project));
  if (error === undefined) {
    tellUnlisted(cli, unlisted);
    return { request, leftOut: false };
  }
  const rest = narrowed(
    request,
    cells.filter((cell) => !needy.includes(cell)),
  );
  if (rest === undefined || (await workspace.plan(rest)).steps.length === 0) throw error;
  tellUnlisted(cli, unlisted);
  cli.say(`Left out for that: ${described(needy)}.`);
  return { request: rest, leftOut: true };
}

function described(cells: readonly PlannedCell[]): string {
  const byDataset = Map.groupBy(cells, (cell) => cell.dataset);
  return [...byDataset]
    .map(([dataset, found]) => `${dataset} ${ranges(found.map((cell) => cell.period).sort()).join(',')}`)
    .join('; ');
}
