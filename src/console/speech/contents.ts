import type { CheckStatus } from '../../plan/board.ts';
import { type BoardModel, cellAt } from '../board-model.ts';
import type { Clock } from '../clock.ts';
import { count, plural } from '../format.ts';
import { CELL_STATES } from '../../project/model.ts';
import type { ConsoleState } from '../state.ts';
import { cellText, derivedText, lineOf } from './position.ts';

/** Most lines of a list that are said at once. */
const MOST_LINES = 12;

/** What is on a screen besides the line under the cursor, in reading order; said on arrival. */
export function contentsText(state: ConsoleState, clock: Clock): string[] {
  if (state.screen === 'board') return state.board === undefined ? [] : boardText(state, state.board, clock);
  if (state.screen === 'log') return [];
  const { row, total } = lineOf(state, clock);
  const end = Math.min(total, row + 1 + MOST_LINES);
  const next = Array.from(
    { length: Math.max(0, end - row - 1) },
    (_, at) => lineOf(state, clock, row + 1 + at).text,
  );
  if (next.length === 0) return [];
  return [`The lines after the one under the cursor, of ${total}:`, ...next];
}

/** What needs somebody first, then each table by its counts, then what is derived and what checks found. */
function boardText(state: ConsoleState, board: BoardModel, clock: Clock): string[] {
  const { nextScheduled } = board.board;
  const newest = board.problems
    .toReversed()
    .flatMap(({ row, column }) => cellAt(board.tracks[row], column) ?? []);
  const left = newest.length - MOST_LINES;
  return [
    ...newest.slice(0, MOST_LINES).map((cell) => cellText(state, cell)),
    ...(left > 0 ? [`And ${left} more: ] and [ go through them.`] : []),
    ...board.tracks.map(({ row }) => `table ${row.dataset}: ${row.off ?? countsText(row.cells)}`),
    ...board.derived.map(derivedText),
    ...board.board.checks.filter(({ verdict }) => verdict !== 'pass').map(checkText),
    nextScheduled === undefined
      ? 'Nothing is scheduled.'
      : `The next scheduled run is at ${clock.moment(nextScheduled, state.now)}.`,
  ];
}

function countsText(cells: BoardModel['failed']): string {
  return CELL_STATES.flatMap((state) => {
    const number = cells.filter((cell) => cell.state === state).length;
    return number === 0 ? [] : [`${count(number)} ${state}`];
  }).join(', ');
}

function checkText({ name, verdict, findings, more = 0, error }: CheckStatus): string {
  const found = findings.length + more;
  const what = error?.message ?? (found === 0 ? '' : plural(found, 'finding'));
  return `check ${name}: ${verdict}${what === '' ? '' : `, ${what}`}`;
}
