import type { Cell, DerivedStatus } from '../plan/board.ts';
import type { ErrorValue } from '../project/errors.ts';
import { boardPlace } from './board-cursor.ts';
import { bytes, count, duration } from './format.ts';
import type { StepModel } from './run-model.ts';
import { cursorStep } from './screens/run.ts';
import { freshnessRows } from './selection.ts';
import type { ConsoleState } from './state.ts';

export interface Details {
  title: string;
  lines: string[];
}

/** Everything that is known of what the cursor is on, in lines; undefined where there is nothing. */
export function detailsOf(state: ConsoleState): Details | undefined {
  if (state.screen === 'freshness') {
    const relation = freshnessRows(state)[state.freshnessView.row];
    return relation === undefined ? undefined : relationDetails(relation);
  }
  if (state.screen === 'run') {
    const run = state.models.get(state.runView.id ?? '');
    const step = run?.steps[run === undefined ? 0 : cursorStep(state, run)];
    return step === undefined ? undefined : stepDetails(step);
  }
  const cell = state.board === undefined ? undefined : boardPlace(state, state.board).cell;
  return cell === undefined ? undefined : cellDetails(cell);
}

function facts(pairs: ReadonlyArray<readonly [string, string | undefined]>): string[] {
  return pairs.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}: ${value}`]));
}

function errorLines(error: ErrorValue | undefined): string[] {
  if (error === undefined) return [];
  const known = Object.entries(error.facts).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${name}: ${value}`],
  );
  return [
    '',
    `${error.code}: ${error.message}`,
    ...known,
    ...(error.next === undefined ? [] : ['', error.next]),
  ];
}

function cellDetails(cell: Cell): Details {
  return {
    title: `${cell.period} ${cell.dataset}: ${cell.state}`,
    lines: [
      cell.why,
      '',
      ...facts([
        ['version', cell.version === 0 ? 'nothing is published' : String(cell.version)],
        ['rows', cell.rows === undefined ? undefined : count(cell.rows)],
        ['object', cell.object?.key ?? 'none at the source'],
        ['size', cell.object === undefined ? undefined : bytes(cell.object.size)],
        ['modified', cell.object?.modified],
        ['etag', cell.object?.etag],
        ['run', cell.run],
        ['since', cell.since],
      ]),
      ...errorLines(cell.error),
    ],
  };
}

function relationDetails(relation: DerivedStatus): Details {
  return {
    title: `${relation.kind} ${relation.name}`,
    lines: [
      relation.why,
      '',
      ...facts([
        ['through', relation.through],
        ['refreshed', relation.refreshed],
        ['rows', relation.rows === undefined ? undefined : count(relation.rows)],
        ['size', relation.bytes === undefined ? undefined : bytes(relation.bytes)],
        ['reads', relation.reads.join(', ')],
        ['owed', relation.owed.join(', ')],
        ['last refreshes', relation.durations.map(duration).join(', ')],
      ]),
      ...errorLines(relation.error),
    ],
  };
}

function stepDetails(step: StepModel): Details {
  return {
    title: [step.kind, step.target, step.period].filter((part) => part !== undefined).join(' '),
    lines: [
      `It is ${step.state}${step.reason === undefined ? '' : `: ${step.reason}`}.`,
      '',
      ...facts([
        ['started', step.startedAt],
        ['took', step.seconds === undefined ? undefined : duration(step.seconds)],
        ['usually', step.medianSeconds === undefined ? undefined : duration(step.medianSeconds)],
        ['rows', step.progress.rows === undefined ? undefined : count(step.progress.rows)],
        ['bytes', step.progress.bytes === undefined ? undefined : bytes(step.progress.bytes)],
      ]),
      ...errorLines(step.error),
    ],
  };
}
