import type { Cell, DerivedStatus } from '../plan/board.ts';
import type { ErrorValue } from '../project/errors.ts';
import { owedText } from '../plan/command-line.ts';
import { diffLines } from './diff-lines.ts';
import { bytes, count, duration } from './format.ts';
import { phaseText } from './progress.ts';
import { foundText, type StepModel } from './run-model.ts';
import { cursorStep } from './screens/run.ts';
import { cellUnderCursor, freshnessRows } from './selection.ts';
import { sizeDetails, sizeRows } from './sizes.ts';
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
  if (state.screen === 'sizes') {
    const relation = sizeRows(state)[state.sizesView.row];
    return relation === undefined ? undefined : sizeDetails(relation);
  }
  const cell = cellUnderCursor(state);
  return cell === undefined ? undefined : cellDetails(cell);
}

/** A cell's details as one text. */
export function cellDetailsText(cell: Cell): string {
  const { title, lines } = cellDetails(cell);
  return [title, ...lines].join('\n');
}

function facts(pairs: ReadonlyArray<readonly [string, string | undefined]>): string[] {
  return pairs.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}: ${value}`]));
}

/** What happened, what to do, then the facts. */
function errorLines(error: ErrorValue | undefined): string[] {
  if (error === undefined) return [];
  const known = Object.entries(error.facts).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${name}: ${value}`],
  );
  return [
    error.message,
    ...(error.next === undefined ? [] : ['', error.next]),
    '',
    `error: ${error.code}`,
    ...known,
  ];
}

function cellDetails(cell: Cell): Details {
  return {
    title: `${cell.period} ${cell.dataset}: ${cell.state}`,
    lines: [
      cell.why,
      '',
      ...facts([
        ...(cell.computed
          ? []
          : ([
              ['version', cell.version === 0 ? 'nothing is published' : String(cell.version)],
              ['object', cell.object?.key ?? 'none at the source'],
            ] as const)),
        ['rows', cell.rows === undefined ? undefined : count(cell.rows)],
        ['size', cell.object === undefined ? undefined : bytes(cell.object.size)],
        ['modified', cell.object?.modified],
        ['etag', cell.object?.etag],
        ['run', cell.run],
        ['since', cell.since],
      ]),
      ...(cell.error === undefined ? [] : ['', ...errorLines(cell.error)]),
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
        ['owed', owedText(relation.owed)],
        ['last refreshes', relation.durations.map(duration).join(', ')],
      ]),
      ...(relation.error === undefined ? [] : ['', ...errorLines(relation.error)]),
    ],
  };
}

function stepDetails(step: StepModel): Details {
  return {
    title: [step.kind, step.target, step.period].filter((part) => part !== undefined).join(' '),
    lines: [
      ...(step.error === undefined ? [stateText(step)] : errorLines(step.error)),
      ...(step.diff === undefined ? [] : diffLines(step.diff).map(({ text }) => text)),
      '',
      ...facts([
        ['findings', step.found === undefined ? undefined : count(step.found.findings)],
        ['started', step.startedAt],
        ['took', step.seconds === undefined ? undefined : duration(step.seconds)],
        ['usually', step.medianSeconds === undefined ? undefined : duration(step.medianSeconds)],
        ['rows', step.progress.rows === undefined ? undefined : count(step.progress.rows)],
        ['bytes', step.progress.bytes === undefined ? undefined : bytes(step.progress.bytes)],
      ]),
    ],
  };
}

/** How a step stands, in a sentence. */
function stateText({ state, reason, found, progress }: StepModel): string {
  const texts: Record<StepModel['state'], string> = {
    queued: 'It waits for steps before it.',
    running: `It is running${progress.phase === undefined ? '' : `: ${phaseText(progress)}`}.`,
    done: found === undefined ? 'It is done.' : `The check says: ${foundText(found)}.`,
    failed: 'It failed, and the ledger does not say why. What was published before is as it was.',
    skipped: `It was not begun: ${reason ?? 'a step that it needs did not end well'}.`,
    cancelled: 'It was cancelled. What it had begun is rolled back; R retries it.',
  };
  return texts[state];
}
