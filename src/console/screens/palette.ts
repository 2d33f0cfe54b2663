import { visibleWindow } from '../layout.ts';
import { type PaletteItem, paletteItems } from '../palette.ts';
import type { ConsoleState, CopyChoice, Dialog } from '../state.ts';
import type { Theme } from '../theme.ts';
import { box, type Overlay } from '../widgets/box.ts';
import type { Row } from '../widgets/rows.ts';
import { fit, fitMiddle, pad } from '../width.ts';
import { answers } from './dialogs.ts';

function boxWidth(state: ConsoleState): number {
  return Math.min(100, state.size.columns - 4);
}

/** How many lines of the palette are shown. */
export function palettePage(state: ConsoleState): number {
  return Math.max(3, Math.min(14, state.size.rows - 8));
}

/** What can be done by its words. */
export function paletteDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'palette' }>,
): Overlay {
  const width = boxWidth(state);
  const items = paletteItems(state, dialog.typed);
  const page = palettePage(state);
  const window = visibleWindow(dialog.row, page, items.length, dialog.first);
  const shown = items.slice(window.first, window.end);
  const text = Math.min(44, Math.max(16, ...items.map((item) => item.text.length)), Math.floor(width / 2));
  const rows = shown.map((item, index) =>
    itemRow(theme, width, text, item, window.first + index === dialog.row),
  );
  const input: Row = [
    [' : ', theme.heading],
    [dialog.typed, theme.strong],
    [' ', theme.cursor],
  ];
  return box(theme, state.size, {
    title: 'COMMAND',
    ...(items.length > page ? { badge: `${dialog.row + 1} of ${items.length}` } : {}),
    width,
    rows: [
      input,
      [],
      ...(rows.length > 0 ? rows : [[[' Nothing is called so.', theme.muted]] as Row]),
      ...Array.from({ length: Math.max(0, page - Math.max(1, rows.length)) }, (): Row => []),
      [],
      answers(state, theme),
    ],
  });
}

function itemRow(theme: Theme, width: number, text: number, item: PaletteItem, here: boolean): Row {
  const off = item.off !== undefined;
  const help = item.off === undefined ? item.help : `off: ${item.off}`;
  return [
    [here ? theme.glyphs.pointer : ' ', theme.heading],
    [
      pad(fitMiddle(item.text, text, theme.glyphs.ellipsis), text),
      off ? theme.faint : here ? theme.strong : '',
    ],
    [`  ${fit(help, Math.max(0, width - text - 4), theme.glyphs.ellipsis)}`, off ? theme.warn : theme.muted],
  ];
}

/** What can be copied of what is selected. */
export function copyDialog(
  state: ConsoleState,
  theme: Theme,
  dialog: Extract<Dialog, { kind: 'copy' }>,
): Overlay {
  const width = boxWidth(state);
  return box(theme, state.size, {
    title: 'COPY',
    width,
    rows: [
      [],
      ...dialog.choices.map((choice, index) => choiceRow(theme, width, choice, index === dialog.row)),
      [],
      answers(state, theme),
    ],
  });
}

function choiceRow(theme: Theme, width: number, { what, text }: CopyChoice, here: boolean): Row {
  const line = text.replaceAll('\n', ' / ');
  return [
    [here ? theme.glyphs.pointer : ' ', theme.heading],
    [pad(what, 10), theme.muted],
    [fit(line, width - 13, theme.glyphs.ellipsis), here ? theme.strong : ''],
  ];
}
