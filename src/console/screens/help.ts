import type { Action } from '../../actions/action.ts';
import { helpActions } from '../../actions/list.ts';
import { groupHeading, keyLabel } from '../../actions/table.ts';
import { visibleWindow } from '../layout.ts';
import { actionState } from '../selection.ts';
import type { ConsoleState, Dialog } from '../state.ts';
import type { Theme } from '../theme.ts';
import { box, type Overlay } from '../widgets/box.ts';
import { paragraph, type Row } from '../widgets/rows.ts';
import { pad } from '../width.ts';
import { answers } from './dialogs.ts';

type HelpDialog = Extract<Dialog, { kind: 'help' }>;

/** Columns of the keys in help. */
const KEYS = 13;

const GROUPS: ReadonlyArray<Action['group']> = ['do', 'select', 'move', 'look'];

/** Something that can be done on the screen under help, and why it is off. */
export interface HelpItem {
  action: Action;
  off: string | undefined;
}

/** What the cursor of help goes over: all that can be done, or what has the typed text in its keys or words. */
export function helpItems(state: ConsoleState, typed: string): HelpItem[] {
  const all = helpActions(actionState({ ...state, dialog: undefined }));
  const wanted = typed.trim().toLowerCase();
  return GROUPS.flatMap((group) => all.filter(({ action }) => action.group === group)).filter(({ action }) =>
    [...action.keys, action.label, action.help].join(' ').toLowerCase().includes(wanted),
  );
}

/** The dialog after typing: the cursor on the key that was typed, if it is one. */
export function helpTyped(state: ConsoleState, typed: string): HelpDialog {
  const row = helpItems(state, typed).findIndex(({ action }) => action.keys.includes(typed));
  return { kind: 'help', typed, row: Math.max(0, row), first: 0 };
}

interface HelpRows {
  rows: Row[];
  /** The rows of the item under the cursor. */
  cursor: { first: number; last: number };
}

function helpRows(state: ConsoleState, theme: Theme, width: number, dialog: HelpDialog): HelpRows {
  const rows: Row[] = [];
  const cursor = { first: 0, last: 0 };
  let group: Action['group'] | undefined;
  for (const [index, item] of helpItems(state, dialog.typed).entries()) {
    if (item.action.group !== group) {
      group = item.action.group;
      if (rows.length > 0) rows.push([]);
      rows.push([[` ${groupHeading(group)}`, theme.heading]]);
    }
    const here = index === dialog.row;
    const first = rows.length;
    rows.push(...itemRows(theme, width, item, here));
    // With the first item its heading comes into sight too.
    if (here) Object.assign(cursor, { first: index === 0 ? 0 : first, last: rows.length - 1 });
  }
  if (rows.length === 0) rows.push([[' Nothing has that in its keys or words.', theme.muted]]);
  return { rows, cursor };
}

function itemRows(theme: Theme, width: number, { action, off }: HelpItem, here: boolean): Row[] {
  const keys = action.keys.map(keyLabel).join(' ');
  const text = off === undefined ? action.help : `${action.help} (off: ${off})`;
  const style = off !== undefined ? theme.muted : here ? theme.strong : '';
  const [first = [], ...rest] = paragraph(theme, text, width - KEYS, 4, style);
  return [
    [
      [here ? theme.glyphs.pointer : ' ', theme.heading],
      [pad(` ${keys}`, KEYS - 2), off === undefined ? theme.key : theme.faint],
      ...first,
    ],
    ...rest.map((row): Row => [[' '.repeat(KEYS - 1)], ...row]),
  ];
}

/** The first row that is shown, so that the item under the cursor is seen whole. */
export function helpFirst(state: ConsoleState, theme: Theme, dialog: HelpDialog): number {
  const { rows, cursor } = helpRows(state, theme, helpWidth(state), dialog);
  const page = helpPage(state);
  const whole = visibleWindow(cursor.last, page, rows.length, dialog.first).first;
  return visibleWindow(cursor.first, page, rows.length, whole).first;
}

export function helpDialog(state: ConsoleState, theme: Theme, dialog: HelpDialog): Overlay {
  const width = helpWidth(state);
  const { rows } = helpRows(state, theme, width, dialog);
  const page = helpPage(state);
  const first = helpFirst(state, theme, dialog);
  const end = Math.min(rows.length, first + page);
  const more = rows.length > page ? `${keyLabel('down')} ${end} of ${rows.length}` : '';
  const input: Row = [
    [' type to find: ', theme.muted],
    [dialog.typed, theme.strong],
    [' ', theme.cursor],
    ['  '],
  ];
  return box(theme, state.size, {
    title: `KEYS  ${state.screen}`,
    badge: more,
    badgeStyle: theme.muted,
    width,
    rows: [...rows.slice(first, end), [], [...input, ...answers(state, theme)]],
  });
}

function helpWidth(state: ConsoleState): number {
  return Math.min(112, state.size.columns - 4);
}

export function helpPage(state: ConsoleState): number {
  return Math.max(1, state.size.rows - 5);
}
