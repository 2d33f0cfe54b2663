import { type Cell, type DerivedStatus, VERDICT_WORDS } from '../../plan/board.ts';
import { bytesOf, unusedIndexes } from '../../plan/sizes.ts';
import { auditRows } from '../audit.ts';
import { linkUnderCursor } from '../chain.ts';
import type { Link } from '../cause.ts';
import type { Clock } from '../clock.ts';
import { filesRows } from '../files.ts';
import { bytes, count, duration, plural } from '../format.ts';
import { cursorStep } from '../screens/run.ts';
import type { StepModel } from '../run-model.ts';
import { scriptRows } from '../script-rows.ts';
import { cellUnderCursor, derivedUnderCursor, freshnessRows, runRows } from '../selection.ts';
import { sizeRows } from '../sizes.ts';
import { type ConsoleState, markKey } from '../state.ts';

/** What the cursor is on, in a sentence; empty where there is nothing. */
export function positionText(state: ConsoleState, clock: Clock): string {
  if (state.screen === 'log') return '';
  if (state.screen === 'board') return boardText(state);
  const link = state.screen === 'freshness' ? linkUnderCursor(state) : undefined;
  if (link !== undefined) return linkText(link);
  const { text, row, total } = lineOf(state, clock);
  if (state.screen === 'run' && total === 0) return '';
  return total === 0 ? 'Nothing is listed.' : `${text}. Line ${row + 1} of ${total}.`;
}

/** A line of a list in words, without the stop at its end, and where it is. */
export interface SpokenLine {
  text: string;
  row: number;
  total: number;
}

const NO_LINE: SpokenLine = { text: '', row: 0, total: 0 };

/** A line of the list that is shown: the one under the cursor, or the one at a row. */
export function lineOf(state: ConsoleState, clock: Clock, at?: number): SpokenLine {
  switch (state.screen) {
    case 'files':
      return ofList(at ?? state.filesView.row, filesRows(state), (cell) => fileText(cell, state, clock));
    case 'freshness':
      return ofList(at ?? state.freshnessView.row, freshnessRows(state), derivedText);
    case 'runs':
      return ofList(
        at ?? state.runsView.row,
        runRows(state),
        (run) =>
          `run ${run.id}, ${run.state}, started ${clock.moment(run.startedAt, state.now)}, ${run.steps.done} of ${plural(run.steps.total, 'step')} done, by ${run.by}: ${run.cli}`,
      );
    case 'run': {
      const run = state.models.get(state.runView.id ?? '');
      return run === undefined ? NO_LINE : ofList(at ?? cursorStep(state, run), run.steps, stepText);
    }
    case 'scripts':
      return ofList(
        at ?? state.scriptsView.row,
        scriptRows(state),
        ({ name, description, lastRun, problem }) =>
          [
            `${name}: ${description}`,
            problem ?? '',
            lastRun === undefined
              ? 'never run'
              : `last run ${lastRun.id}, ${lastRun.state}, by ${lastRun.by}`,
          ]
            .filter((part) => part !== '')
            .join('. '),
      );
    case 'audit':
      return ofList(
        at ?? state.auditView.row,
        auditRows(state),
        (entry) =>
          `${clock.moment(entry.at, state.now)}, ${entry.by}, ${entry.did}${entry.run === undefined ? '' : `, run ${entry.run}`}: ${entry.what}`,
      );
    case 'sizes':
      return ofList(at ?? state.sizesView.row, sizeRows(state), (relation) => {
        const unused = unusedIndexes(relation).length;
        return `${relation.kind} ${relation.of ?? relation.relation}: ${bytes(bytesOf(relation))}, ${bytes(relation.indexBytes)} of it indexes, ${count(relation.rows)} rows${unused === 0 ? '' : `, ${plural(unused, 'index', 'indexes')} never used`}`;
      });
    case 'board':
    case 'log':
      return NO_LINE;
  }
}

function ofList<T>(wanted: number, rows: readonly T[], text: (each: T) => string): SpokenLine {
  const row = Math.max(0, Math.min(wanted, rows.length - 1));
  const each = rows[row];
  return each === undefined ? NO_LINE : { text: text(each).replace(/\.$/u, ''), row, total: rows.length };
}

function boardText(state: ConsoleState): string {
  const derived = derivedUnderCursor(state);
  if (derived !== undefined) return derivedText(derived);
  const cell = cellUnderCursor(state);
  if (cell !== undefined) return cellText(state, cell);
  return state.board === undefined ? 'The ledger is being read.' : 'No delivery is expected here.';
}

/** A delivery of the board, whether it is marked, and why it is as it is. */
export function cellText(state: ConsoleState, cell: Cell): string {
  const marked = state.view.marks.has(markKey(cell.dataset, cell.period)) ? ', marked' : '';
  return `${cell.dataset}, ${cell.period}: ${cell.state}${marked}. ${cell.why}`;
}

function fileText(cell: Cell, state: ConsoleState, clock: Clock): string {
  const object =
    cell.object === undefined
      ? 'nothing at the source'
      : `${cell.object.key}, ${bytes(cell.object.size)}, modified ${clock.moment(cell.object.modified, state.now)}`;
  const loaded = cell.version > 0 ? `version ${cell.version} is loaded` : 'not loaded';
  return `${cell.dataset}, ${cell.period}: ${cell.state}; ${object}; ${loaded}`;
}

const VERDICTS = { ...VERDICT_WORDS, unknown: 'of unknown age' } as const;

export function derivedText({ kind, name, through, verdict, why }: DerivedStatus): string {
  const reaches = through === undefined ? 'reaches no day' : `reaches ${through}`;
  return `${kind} ${name}: ${VERDICTS[verdict]}, ${reaches}. ${why}`;
}

function linkText({ name, derived, loaded, cell }: Link): string {
  const state =
    derived === undefined
      ? loaded === undefined
        ? 'nothing is loaded'
        : `loaded through ${loaded}`
      : `${VERDICTS[derived.verdict]}, through ${derived.through ?? 'nothing'}`;
  return `reads ${name}, ${state}${cell === undefined ? '' : `; ${cell.period} is ${cell.state}: ${cell.why}`}`;
}

/** A step, without what changes while it runs. */
export function stepText({ kind, target, period, state, seconds, error, reason, found }: StepModel): string {
  const name = `${kind} ${target}${period === undefined ? '' : ` ${period}`}: ${state}`;
  const took = seconds === undefined ? '' : `, took ${duration(seconds)}`;
  const why =
    error?.message ??
    reason ??
    (found === undefined ? '' : `${found.verdict}, ${plural(found.findings, 'finding')}`);
  return `${name}${took}${why === '' ? '' : `. ${why}`}`;
}
