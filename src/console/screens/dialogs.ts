import { groupHeading, keyLabel } from '../../actions/table.ts';
import { footerActions, helpActions } from '../../actions/list.ts';
import type { Action } from '../../actions/action.ts';
import { visibleWindow } from '../layout.ts';
import { actionState } from '../selection.ts';
import type { ConsoleState, Dialog } from '../state.ts';
import type { Theme } from '../theme.ts';
import { box, type Overlay } from '../widgets/box.ts';
import { paragraph, type Row } from '../widgets/rows.ts';
import { pad } from '../width.ts';

/** The keys of the dialog in front, from its actions. */
function answers(state: ConsoleState, theme: Theme): Row {
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

/** Columns of the keys in help. */
const KEYS = 13;

const GROUPS: ReadonlyArray<Action['group']> = ['do', 'select', 'move', 'look'];

/** Every key of the screen under it, with why it is off. */
export function helpRows(state: ConsoleState, theme: Theme, width: number): Row[] {
  const entries = helpActions(actionState({ ...state, dialog: undefined }));
  const rows: Row[] = [];
  for (const group of GROUPS) {
    const found = entries.filter(({ action }) => action.group === group);
    if (found.length === 0) continue;
    if (rows.length > 0) rows.push([]);
    rows.push([[` ${groupHeading(group)}`, theme.heading]]);
    for (const { action, off } of found) rows.push(...helpRow(theme, width, action, off));
  }
  return rows;
}

function helpRow(theme: Theme, width: number, action: Action, off: string | undefined): Row[] {
  const keys = action.keys.map(keyLabel).join(' ');
  const text = off === undefined ? action.help : `${action.help} (off: ${off})`;
  const [first = [], ...rest] = paragraph(theme, text, width - KEYS, 4, off === undefined ? '' : theme.muted);
  return [
    [[pad(`  ${keys}`, KEYS - 1), off === undefined ? theme.key : theme.faint], ...first],
    ...rest.map((row): Row => [[' '.repeat(KEYS - 1)], ...row]),
  ];
}

export function helpDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'help' }>,
): Overlay {
  const width = helpWidth(state);
  const rows = helpRows(state, theme, width);
  const page = helpPage(state);
  const window = visibleWindow(
    Math.min(dialog.first, Math.max(0, rows.length - page)),
    page,
    rows.length,
    dialog.first,
  );
  const more = rows.length > page ? `${keyLabel('down')} ${window.end} of ${rows.length}` : '';
  return box(theme, state.size, {
    title: `KEYS  ${state.screen}`,
    badge: more,
    badgeStyle: theme.muted,
    width,
    rows: [...rows.slice(window.first, window.end), [], answers(state, theme)],
  });
}

export function helpWidth(state: ConsoleState): number {
  return Math.min(112, state.size.columns - 4);
}

export function helpPage(state: ConsoleState): number {
  return Math.max(1, state.size.rows - 5);
}
