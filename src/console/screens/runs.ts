import type { Clock } from '../clock.ts';
import { visibleWindow } from '../layout.ts';
import { Line } from '../line.ts';
import { runRows } from '../selection.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { statusLine, titleLine } from '../widgets/header.ts';
import { columns, REST, rule } from '../widgets/rows.ts';
import { runRow } from './board-lists.ts';

const FIXED = 5;

export function runsPage(state: ConsoleState): number {
  return Math.max(1, state.size.rows - FIXED);
}

/** Runs, the newest first. */
export function runsScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const width = state.size.columns;
  const runs = runRows(state);
  const page = runsPage(state);
  const window = visibleWindow(state.runsView.row, page, runs.length);
  const context = { theme, clock, now: state.now, width, at: 0 };
  const empty =
    state.runs === undefined
      ? 'Reading the runs.'
      : state.runs.length > 0
        ? 'No run has these words.'
        : 'Nothing was run yet. i on the board imports what is selected.';
  const lines =
    runs.length === 0
      ? ['', `  ${empty}`]
      : runs
          .slice(window.first, window.end)
          .map((run, index) => runRow(context, run, window.first + index === state.runsView.row));
  return [
    titleLine(state, theme, clock, ['runs']),
    statusLine(state, theme, clock),
    head(theme, width),
    ...Array.from({ length: page }, (_, index) => lines[index] ?? ''),
    rule(theme, width),
    footerLine(state, theme),
  ];
}

function head(theme: Theme, width: number): string {
  const style = theme.faint;
  const line = new Line(width).add(' ');
  return columns(line, theme, [
    { text: 'STATE', width: 13, style: theme.heading },
    { text: 'RUN', width: 6, style, align: 'right' },
    { text: 'STARTED', width: 11, style },
    { text: 'TOOK', width: 7, style, align: 'right' },
    { text: 'STEPS', width: 14, style },
    { text: 'BY', width: 18, style },
    { text: 'COMMAND', width: REST, style },
  ]).end();
}
