import { commandLine, DEFAULT_REPROCESS } from '../plan/command-line.ts';
import { GUARDS, type PlanRequest } from '../plan/plan.ts';
import type { CellState, Reprocess } from '../project/model.ts';
import type { ActionState, SelectedCell } from './action.ts';

/** Steps of different deliveries that a run started from the console does side by side. */
const CONCURRENCY = 4;

/** States that importing by default leaves alone; only 'all' takes them. */
const LEFT_ALONE: ReadonlySet<CellState> = new Set(['loaded', 'suspicious']);

/**
 * The whole pipeline for these cells. What is loaded already, or was taken back, is left alone, unless all of them are:
 * whoever asks to import such days means to load them again.
 */
export function importRequest(selected: readonly SelectedCell[]): PlanRequest | undefined {
  const cells = deliveriesOf(selected);
  const again = cells.length > 0 && cells.every((cell) => LEFT_ALONE.has(cell.state) || cell.takenBack);
  return syncRequest(cells, again ? ['all'] : [...DEFAULT_REPROCESS]);
}

/** Failed and cancelled cells once more; a cancelled cell is in the state it had before, often 'available'. */
export function retryRequest(cells: readonly SelectedCell[]): PlanRequest | undefined {
  return syncRequest(deliveriesOf(cells), ['missing', 'failed']) ?? computeRequest(cells);
}

/** The periods of aggregates among these cells, owed or not. */
export function computeRequest(cells: readonly SelectedCell[]): PlanRequest | undefined {
  const computed = cells.filter((cell) => cell.computed);
  if (computed.length === 0) return undefined;
  const byName = Map.groupBy(computed, ({ dataset }) => dataset);
  return {
    command: 'refresh',
    cells: [],
    reprocess: [],
    names: [],
    concurrency: CONCURRENCY,
    force: [],
    aggregates: [...byName].map(([name, found]) => ({
      name,
      periods: found.map(({ period }) => period).sort(),
    })),
  };
}

function deliveriesOf(cells: readonly SelectedCell[]): SelectedCell[] {
  return cells.filter((cell) => !cell.computed);
}

/** The newest version of each of these cells taken back. */
export function undoRequest(cells: readonly SelectedCell[]): PlanRequest | undefined {
  return cellsRequest(
    'undo',
    deliveriesOf(cells).filter((cell) => cell.published),
    [],
  );
}

/** What is published of a cell beside what is at the source. */
export function diffRequest(cells: readonly SelectedCell[]): PlanRequest | undefined {
  const request = cellsRequest('diff', cells.slice(0, 1), ['all']);
  return request === undefined ? undefined : { ...request, force: [...GUARDS] };
}

function syncRequest(cells: readonly SelectedCell[], reprocess: Reprocess[]): PlanRequest | undefined {
  return cellsRequest('sync', cells, reprocess);
}

function cellsRequest(
  command: PlanRequest['command'],
  cells: readonly SelectedCell[],
  reprocess: Reprocess[],
): PlanRequest | undefined {
  if (cells.length === 0) return undefined;
  const periods = new Map<string, string[]>();
  for (const cell of cells) periods.set(cell.dataset, [...(periods.get(cell.dataset) ?? []), cell.period]);
  return {
    command,
    cells: [...periods].map(([dataset, found]) => ({ dataset, periods: [...new Set(found)].sort() })),
    reprocess,
    names: [],
    concurrency: CONCURRENCY,
    force: [],
  };
}

/** One rollup or view, whether it owes something or not; of an aggregate, all periods that it owes. */
export function refreshRequest(name: string): PlanRequest {
  return { command: 'refresh', cells: [], reprocess: [], names: [name], concurrency: CONCURRENCY, force: [] };
}

/** Every rollup, view and aggregate that owes something or is past its limits. */
export function refreshAllRequest(): PlanRequest {
  return {
    command: 'refresh',
    cells: [],
    reprocess: [],
    names: [],
    stale: true,
    owed: true,
    concurrency: CONCURRENCY,
    force: [],
  };
}

/** What `import`, `plan`, `retry`, `diff`, `undo`, `refresh` and `refreshAll` ask for in this state; undefined when there is nothing. */
export function requestOf(
  id: 'import' | 'plan' | 'retry' | 'diff' | 'undo' | 'refresh' | 'refreshAll',
  state: ActionState,
): PlanRequest | undefined {
  switch (id) {
    case 'import':
      return state.derived === undefined ? importRequest(state.cells) : refreshRequest(state.derived);
    case 'plan':
      return state.derived === undefined
        ? (importRequest(state.cells) ?? computeRequest(state.cells))
        : refreshRequest(state.derived);
    case 'retry':
      return retryRequest(state.failed);
    case 'diff':
      return diffRequest(state.cells);
    case 'undo':
      return undoRequest(state.cells);
    case 'refresh':
      return state.derived === undefined
        ? (computeRequest(state.cells) ?? refreshAllRequest())
        : refreshRequest(state.derived);
    case 'refreshAll':
      return refreshAllRequest();
  }
}

/** The request as a command line; undefined when there is none. */
export function cliOf(request: PlanRequest | undefined): string | undefined {
  return request === undefined ? undefined : commandLine(request);
}
