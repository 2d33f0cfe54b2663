import type { Cell, DerivedStatus } from '../../plan/board.ts';
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
  switch (state.screen) {
    case 'board':
      return boardText(state);
    case 'files':
      return ofList(state.filesView.row, filesRows(state), (cell) => fileText(cell, state, clock));
    case 'freshness': {
      const link = linkUnderCursor(state);
      return link === undefined
        ? ofList(state.freshnessView.row, freshnessRows(state), derivedText)
        : linkText(link);
    }
    case 'runs':
      return ofList(
        state.runsView.row,
        runRows(state),
        (run) =>
          `run ${run.id}, ${run.state}, started ${clock.moment(run.startedAt, state.now)}, ${run.steps.done} of ${plural(run.steps.total, 'step')} done, by ${run.by}: ${run.cli}`,
      );
    case 'run': {
      const run = state.models.get(state.runView.id ?? '');
      return run === undefined ? '' : ofList(cursorStep(state, run), run.steps, stepText);
    }
    case 'scripts':
      return ofList(state.scriptsView.row, scriptRows(state), ({ name, description, lastRun, problem }) =>
        [
          `${name}: ${description}`,
          problem ?? '',
          lastRun === undefined ? 'never run' : `last run ${lastRun.id}, ${lastRun.state}, by ${lastRun.by}`,
        ]
          .filter((part) => part !== '')
          .join('. '),
      );
    case 'audit':
      return ofList(
        state.auditView.row,
        auditRows(state),
        ({ at, by, did, what, run }) =>
          `${clock.moment(at, state.now)}, ${by}, ${did}${run === undefined ? '' : `, run ${run}`}: ${what}`,
      );
    case 'sizes':
      return ofList(state.sizesView.row, sizeRows(state), (relation) => {
        const unused = unusedIndexes(relation).length;
        return `${relation.kind} ${relation.of ?? relation.relation}: ${bytes(bytesOf(relation))}, ${bytes(relation.indexBytes)} of it indexes, ${count(relation.rows)} rows${unused === 0 ? '' : `, ${plural(unused, 'index', 'indexes')} never used`}`;
      });
    case 'log':
      return '';
  }
}

function ofList<T>(row: number, rows: readonly T[], text: (each: T) => string): string {
  const each = rows[Math.max(0, Math.min(row, rows.length - 1))];
  return each === undefined
    ? 'Nothing is listed.'
    : `${text(each).replace(/\.$/u, '')}. Line ${Math.min(row, rows.length - 1) + 1} of ${rows.length}.`;
}

function boardText(state: ConsoleState): string {
  const derived = derivedUnderCursor(state);
  if (derived !== undefined) return derivedText(derived);
  const cell = cellUnderCursor(state);
  if (cell !== undefined) {
    const marked = state.view.marks.has(markKey(cell.dataset, cell.period)) ? ', marked' : '';
    return `${cell.dataset}, ${cell.period}: ${cell.state}${marked}. ${cell.why}`;
  }
  return state.board === undefined ? 'The ledger is being read.' : 'No delivery is expected here.';
}

function fileText(cell: Cell, state: ConsoleState, clock: Clock): string {
  const object =
    cell.object === undefined
      ? 'nothing at the source'
      : `${cell.object.key}, ${bytes(cell.object.size)}, modified ${clock.moment(cell.object.modified, state.now)}`;
  const loaded = cell.version > 0 ? `version ${cell.version} is loaded` : 'not loaded';
  return `${cell.dataset}, ${cell.period}: ${cell.state}; ${object}; ${loaded}`;
}

const VERDICTS = { pass: 'fresh', warn: 'late', error: 'too old', unknown: 'of unknown age' } as const;

function derivedText({ kind, name, through, verdict, why }: DerivedStatus): string {
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
