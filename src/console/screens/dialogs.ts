import { keyLabel } from '../../actions/table.ts';
import { footerActions } from '../../actions/list.ts';
import { visibleWindow } from '../layout.ts';
import { actionState } from '../selection.ts';
import type { ConsoleState, Dialog } from '../state.ts';
import type { Theme } from '../theme.ts';
import { box, type Overlay } from '../widgets/box.ts';
import { paragraph, type Row } from '../widgets/rows.ts';
import { pad } from '../width.ts';

/** The keys of the dialog in front, from its actions. */
export function answers(state: ConsoleState, theme: Theme): Row {
  return footerActions(actionState(state)).flatMap((action) => [
    [` ${keyLabel(action.keys[0] ?? '')}`, theme.key] as const,
    [` ${action.label} `, theme.muted] as const,
  ]);
}

export function confirmDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'confirm' }>,
): Overlay {
  const width = Math.min(66, state.size.columns - 4);
  const text =
    dialog.mode === 'step'
      ? 'What it is at is finished and published; nothing new is started. What is left can be retried.'
      : 'What is in flight is cancelled and rolled back: nothing half done stays. What was published stays published.';
  return box(theme, state.size, {
    title:
      dialog.mode === 'step' ? `STOP run ${dialog.run} after this step?` : `CANCEL run ${dialog.run} now?`,
    width,
    rows: [[], ...paragraph(theme, text, width, 4), [], answers(state, theme)],
  });
}

export function leaveDialog(state: ConsoleState, theme: Theme): Overlay {
  const width = Math.min(70, state.size.columns - 4);
  const runs = state.here;
  const many = runs.length > 1;
  const text = `${many ? `Runs ${runs.join(', ')} live` : `Run ${runs[0]} lives`} in this process: when it ends, ${many ? 'they end' : 'the run ends'} with it.`;
  return box(theme, state.size, {
    title: many ? 'QUIT while runs are in flight?' : 'QUIT while a run is in flight?',
    width,
    rows: [
      [],
      ...paragraph(theme, text, width, 3),
      [],
      choice(theme, 'w', 'wait: the console stays until it ends, then quits'),
      choice(theme, 's', 'stop after this step, then quit'),
      choice(theme, 'c', 'cancel now and roll back what is in flight, then quit'),
      choice(theme, 'ctrl-c', 'cancel now and quit at once'),
      choice(theme, 'Esc', 'stay here'),
    ],
  });
}

function choice(theme: Theme, key: string, label: string): Row {
  return [[`  ${pad(key, 7)}`, theme.key], [label]];
}

export function dateDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'date' }>,
): Overlay {
  const width = Math.min(64, state.size.columns - 4);
  const problem = dialog.problem ?? '2026-11-13, 11-13, -3 (days back), mon, today';
  return box(theme, state.size, {
    title: 'GO TO DATE',
    width,
    rows: [
      [],
      [[' date: '], [dialog.typed, theme.strong], [' ', theme.cursor]],
      ...paragraph(theme, problem, width, 2, dialog.problem === undefined ? theme.faint : theme.warn),
      [],
      answers(state, theme),
    ],
  });
}

export function detailsDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'details' }>,
): Overlay {
  const width = Math.min(100, state.size.columns - 4);
  const lines = detailRows(theme, width, dialog);
  const page = Math.max(1, state.size.rows - 6);
  const window = visibleWindow(dialog.first, page, lines.length, dialog.first);
  return box(theme, state.size, {
    title: dialog.title,
    width,
    rows: [...lines.slice(window.first, window.end), [], answers(state, theme)],
  });
}

export function detailRows(theme: Theme, width: number, dialog: Extract<Dialog, { kind: 'details' }>): Row[] {
  return dialog.lines.flatMap((line) => (line === '' ? [[]] : paragraph(theme, line, width, 200)));
}
