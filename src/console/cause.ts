import type { BoardRow, Cell, DerivedStatus, RunSummary } from '../plan/board.ts';
import type { CellState } from '../project/model.ts';
import { type ConsoleState, derivedOf } from './state.ts';

/** A link of the chain from a relation down to what keeps it back. */
export interface Link {
  /** How far below the relation: 1 for what it reads itself. */
  depth: number;
  name: string;
  /** A rollup, view or aggregate. */
  derived?: DerivedStatus;
  /** The newest period of a dataset that is published. */
  loaded?: string | undefined;
  /** The newest period of a dataset that keeps what is above it back. */
  cell?: Cell | undefined;
}

/** Cells that lack something which those above them wait for. */
const LACKING: ReadonlySet<CellState> = new Set([
  'failed',
  'running',
  'missing',
  'available',
  'fetched',
  'stale',
  'owed',
]);

/** Definitions have no circles; this is for what nobody would read. */
const DEEPEST = 5;

/** What a relation reads, and what that reads, down to the deliveries; each once. */
export function chainOf(state: ConsoleState, relation: DerivedStatus): Link[] {
  const seen = new Set<string>();
  const below = (name: string, depth: number): Link[] => {
    if (seen.has(name) || depth > DEEPEST) return [];
    seen.add(name);
    const row = rowOf(state, name);
    if (row !== undefined && row.cells.every((cell) => cell.computed === undefined))
      return [linkOf(row, depth)];
    const derived = derivedOf(state).find((each) => each.name === name);
    if (derived === undefined) return [{ depth, name }];
    return [{ depth, name, derived }, ...derived.reads.flatMap((each) => below(each, depth + 1))];
  };
  const names = relation.reads.length > 0 ? relation.reads : [relation.name];
  return names.flatMap((name) => below(name, 1));
}

function rowOf(state: ConsoleState, name: string): BoardRow | undefined {
  return (state.whole ?? state.board)?.board.rows.find((row) => row.dataset === name);
}

function linkOf(row: BoardRow, depth: number): Link {
  return {
    depth,
    name: row.dataset,
    loaded: row.cells.findLast((cell) => cell.version > 0)?.period,
    cell: row.cells.findLast((cell) => LACKING.has(cell.state)),
  };
}

/** The run in flight that is at a delivery which keeps the relation back: it holds that delivery's lock. */
export function holderOf(state: ConsoleState, relation: DerivedStatus): RunSummary | undefined {
  const at = chainOf(state, relation).find(({ cell }) => cell?.state === 'running')?.cell;
  return (state.whole ?? state.board)?.board.runs.find(
    ({ id, state: how }) => id === at?.run && how === 'running',
  );
}

/** The delivery at the bottom of it: one that failed before one that is only missing, the newest first. */
export function causeOf(state: ConsoleState, relation: DerivedStatus): Cell | undefined {
  if (relation.verdict === 'pass' && relation.owed.length === 0) return undefined;
  const cells = chainOf(state, relation).flatMap(({ cell }) => (cell === undefined ? [] : [cell]));
  const failed = cells.filter((cell) => cell.state === 'failed');
  return [...(failed.length > 0 ? failed : cells)].sort((a, b) => (a.period < b.period ? 1 : -1))[0];
}
