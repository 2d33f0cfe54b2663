import { secondsBetween } from '../clock.ts';
import { duration } from '../format.ts';
import { secondsLeft, shareOf, stepCounts } from '../run-model.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { bar, type Row } from '../widgets/rows.ts';
import { fitMiddle } from '../width.ts';

const MOST_STEPS = 6;

/** The run in flight beside the board: its running steps with their bars. Empty when nothing that is known runs. */
export function liveRows(state: ConsoleState, theme: Theme, width: number): Row[] {
  const known = new Map(state.board?.board.runs.map((each) => [each.id, each.state]));
  // A run that was watched and left may have ended since: the board knows.
  const run = [...state.models.values()].findLast(
    (model) => model.state === 'running' && (known.get(model.id) ?? 'running') === 'running',
  );
  if (run === undefined) return [];
  const counts = stepCounts(run);
  const ended = run.steps.length - counts.queued - counts.running;
  const elapsed = duration(Math.max(0, secondsBetween(run.startedAt, state.now)));
  const rows: Row[] = [
    [
      [` RUN ${run.id} `, theme.heading],
      [`${ended}/${run.steps.length} steps, ${elapsed}`, theme.muted],
      [run.cancelling === undefined ? '' : `, stopping`, theme.warn],
    ],
  ];
  const running = run.steps.filter((step) => step.state === 'running').slice(0, MOST_STEPS);
  for (const step of running) {
    const share = shareOf(step, state.now);
    const left = secondsLeft(step, state.now);
    const name = `${step.kind} ${step.target}${step.period === undefined ? '' : ` ${step.period.slice(5)}`}`;
    rows.push([
      [' '],
      [fitMiddle(name, Math.max(8, width - 24), theme.glyphs.ellipsis).padEnd(Math.max(8, width - 24))],
      [' '],
      ...bar(theme, 10, share?.share ?? 0, share?.estimated ?? true),
      [left === undefined ? '' : ` ${duration(left.seconds)}${left.estimated ? ' est' : ''}`, theme.muted],
    ]);
  }
  return rows;
}
