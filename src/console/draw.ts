import type { Clock } from './clock.ts';
import { isTooSmall, SMALLEST } from './layout.ts';
import { auditScreen } from './screens/audit.ts';
import { sizesScreen } from './screens/sizes.ts';
import { boardScreen } from './screens/board.ts';
import { confirmDialog, dateDialog, detailsDialog, leaveDialog } from './screens/dialogs.ts';
import { filesScreen } from './screens/files.ts';
import { freshnessScreen } from './screens/freshness.ts';
import { helpDialog } from './screens/help.ts';
import { logScreen } from './screens/log.ts';
import { copyDialog, paletteDialog } from './screens/palette.ts';
import { planDialog, planningDialog } from './screens/plan.ts';
import { runScreen } from './screens/run.ts';
import { runsScreen } from './screens/runs.ts';
import { parametersDialog, scriptDialog, scriptsScreen } from './screens/scripts.ts';
import type { ConsoleState } from './state.ts';
import type { Theme } from './theme.ts';
import type { Overlay } from './widgets/box.ts';
import { runInFlight, runningText } from './widgets/header.ts';
import { wrap } from './width.ts';

/** A whole screen: exactly as many lines as the terminal has rows, none wider than it, and what lies over them. */
export interface Frame {
  lines: string[];
  overlay?: Overlay;
}

/** The screen for a state. Pure: the same state, theme and clock give the same frame. */
export function draw(state: ConsoleState, theme: Theme, clock: Clock): Frame {
  const { rows } = state.size;
  if (isTooSmall(state.size)) return { lines: whole(tooSmall(state), rows) };
  const { dialog } = state;
  const lines = whole(screen(state, theme, clock), rows);
  // A filter is typed at the foot of the screen that it filters.
  if (dialog === undefined || dialog.kind === 'filter') return { lines };
  return { lines: lines.map((line) => faded(line, theme)), overlay: overlay(state, theme, clock, dialog) };
}

/** The escapes of a drawn line; they are all ours. */
// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[[\d;]*m/gu;

/** A line of the screen behind a dialog: all in one faint style. */
function faded(line: string, theme: Theme): string {
  return `\u001b[${theme.faint}m${line.replaceAll(SGR, '')}\u001b[0m`;
}

/** An empty Text has no height: a blank row is a blank. */
function whole(lines: readonly string[], rows: number): string[] {
  return Array.from({ length: rows }, (_, index) => lines[index] || ' ');
}

function screen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  switch (state.screen) {
    case 'board':
      return boardScreen(state, theme, clock);
    case 'run':
      return runScreen(state, theme, clock);
    case 'runs':
      return runsScreen(state, theme, clock);
    case 'log':
      return logScreen(state, theme, clock);
    case 'freshness':
      return freshnessScreen(state, theme, clock);
    case 'files':
      return filesScreen(state, theme, clock);
    case 'scripts':
      return scriptsScreen(state, theme, clock);
    case 'audit':
      return auditScreen(state, theme, clock);
    case 'sizes':
      return sizesScreen(state, theme, clock);
  }
}

function overlay(
  state: ConsoleState,
  theme: Theme,
  clock: Clock,
  dialog: Exclude<NonNullable<ConsoleState['dialog']>, { kind: 'filter' }>,
): Overlay {
  switch (dialog.kind) {
    case 'planning':
      return planningDialog(state, theme);
    case 'plan':
      return planDialog(state, theme, clock, dialog);
    case 'parameters':
      return parametersDialog(state, theme, dialog);
    case 'script':
      return scriptDialog(state, theme, dialog);
    case 'confirm':
      return confirmDialog(state, theme, dialog);
    case 'leave':
      return leaveDialog(state, theme);
    case 'date':
      return dateDialog(state, theme, dialog);
    case 'details':
      return detailsDialog(state, theme, dialog);
    case 'palette':
      return paletteDialog(state, theme, dialog);
    case 'copy':
      return copyDialog(state, theme, dialog);
    case 'help':
      return helpDialog(state, theme, dialog);
  }
}

/** Below the smallest size: what is needed, and what must not be missed all the same. */
function tooSmall(state: ConsoleState): string[] {
  const { size, dialog } = state;
  const running = runInFlight(state);
  const asked =
    dialog?.kind === 'leave' ? 'Quit? w waits, s stops after its step, c cancels, Esc stays' : 'q quits';
  const lines = [
    `needs ${SMALLEST.columns}x${SMALLEST.rows}, this is ${size.columns}x${size.rows}`,
    ...(running === undefined ? [] : [`${runningText(state, running)} is in flight`]),
    asked,
  ];
  return lines.flatMap((line) => wrap(line, size.columns, size.rows));
}
