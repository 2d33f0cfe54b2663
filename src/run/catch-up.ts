import { DEFAULT_REPROCESS, ranges } from '../plan/command-line.ts';
import type { PlannedCell, PlanRequest } from '../plan/plan.ts';
import type { CellState, Project } from '../project/model.ts';
import { periodOf, periodRange, today } from '../project/period.ts';

/** States of deliveries that are at the source and were never tried. */
const ARRIVED: ReadonlySet<CellState> = new Set(['available', 'fetched']);

/** The last days of every dataset that is on, up to yesterday, in the project's time zone. `now` is RFC 3339. */
export function catchUpRequest(project: Project, now: string, concurrency: number): PlanRequest {
  const current = today(now, project.timeZone);
  const first = current.subtract({ days: Math.max(1, project.schedule.catchUpDays) });
  const last = current.subtract({ days: 1 });
  const datasets = project.datasets.filter((dataset) => dataset.off === undefined);
  return {
    command: 'sync',
    cells: datasets.map(({ name, period }) => ({
      dataset: name,
      periods: periodRange(periodOf(first, period), periodOf(last, period)),
    })),
    reprocess: [...DEFAULT_REPROCESS],
    names: [],
    concurrency,
    force: [],
  };
}

/** Whatever is owed, however it came to be. */
export function owedRequest(concurrency: number): PlanRequest {
  return { command: 'refresh', cells: [], reprocess: [], names: [], owed: true, concurrency, force: [] };
}

/** Every copy of a schema that is switched on. */
export function copyRequest(): PlanRequest {
  return { command: 'copy', cells: [], reprocess: [], names: [], concurrency: 1, force: [] };
}

/** What a start does: everything that is not up to date and has an object at the source, or can do without. */
export function isForStart(cell: PlannedCell): boolean {
  return cell.action !== 'skip' && (cell.object !== undefined || cell.standsIn === true);
}

/** What a look between starts does: deliveries that arrived. What failed waits for the next start. */
export function isForPoll(cell: PlannedCell): boolean {
  return isForStart(cell) && ARRIVED.has(cell.state);
}

/** The request for these cells alone; undefined when there are none. */
export function narrowed(request: PlanRequest, cells: readonly PlannedCell[]): PlanRequest | undefined {
  const wanted = request.cells
    .map(({ dataset, periods }) => ({
      dataset,
      periods: periods.filter((period) =>
        cells.some((cell) => cell.dataset === dataset && cell.period === period),
      ),
    }))
    .filter(({ periods }) => periods.length > 0);
  return wanted.length === 0 ? undefined : { ...request, cells: wanted };
}

/** Due, and not at the source: one line per dataset. */
export function missingLines(cells: readonly PlannedCell[]): string[] {
  const missing = Map.groupBy(
    cells.filter((cell) => cell.state === 'missing'),
    (cell) => cell.dataset,
  );
  return [...missing].map(
    ([dataset, found]) =>
      `missing at the source: ${dataset} ${ranges(found.map((cell) => cell.period).sort()).join(',')}`,
  );
}
