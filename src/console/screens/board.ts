import { boardPlace, rangeOf } from '../board-cursor.ts';
import type { Clock } from '../clock.ts';
import { Line } from '../line.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { statusLine, titleLine } from '../widgets/header.ts';
import { drawRows, heading, type Row } from '../widgets/rows.ts';
import { checkRow, type ListContext, runRow, viewHead, viewRow } from './board-lists.ts';
import { type Panel, panel } from './board-panel.ts';
import { legend, tableHead, tableRow, type TableView } from './board-table.ts';
import { liveRows } from './live.ts';

/** The board: tables by days, views, what is selected and why. */
export function boardScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const top = [titleLine(state, theme, clock, ['board']), statusLine(state, theme, clock)];
  const footer = footerLine(state, theme);
  if (state.board === undefined) return [...top, '', ...unread(state, theme), footer];
  const place = boardPlace(state, state.board);
  const { layout } = place;
  const view: TableView = { state, model: state.board, place, range: rangeOf(state, state.board), theme };
  const left = [...tableHead(view), ...tables(view), ...lists(view, clock)];
  const height = layout.panel.rows - 1;
  const selected = panel({
    state,
    model: state.board,
    place,
    theme,
    clock,
    width: layout.panel.width,
    height,
  });
  const ends = [
    ...(layout.tip ? [tipLine(state, theme)] : []),
    ...(layout.legend ? [legend(theme, state.size.columns, state.board.present)] : []),
    footer,
  ];
  const room = state.size.rows - top.length - ends.length;
  const body =
    layout.panel.at === 'right'
      ? sideBySide(view, left, selected, room)
      : stacked(view, left, selected, room);
  return [...top, ...body, ...ends];
}

function tables(view: TableView): string[] {
  const { first, end } = view.place.tables;
  return Array.from({ length: end - first }, (_, index) => tableRow(view, first + index));
}

function lists({ state, model, place, theme }: TableView, clock: Clock): string[] {
  const { layout } = place;
  const context: ListContext = {
    theme,
    clock,
    now: state.now,
    width: layout.width,
    at: Math.max(16, layout.daysAt - layout.facts),
  };
  const { derived } = model;
  const { checks, runs } = model.board;
  const lines: string[] = [];
  const section = (head: string) => lines.push(...(layout.spaced ? [' '.repeat(layout.width)] : []), head);
  if (layout.viewRows > 0) {
    const { first, end } = place.views;
    const part =
      end - first < derived.length
        ? `VIEWS ${first + 1}-${end} of ${derived.length}`
        : `VIEWS ${derived.length}`;
    section(viewHead(context, part));
    for (let index = first; index < end; index += 1) {
      const each = derived[index];
      if (each !== undefined) lines.push(viewRow(context, each, place.row === model.tracks.length + index));
    }
  }
  if (layout.checkRows > 0) {
    section(heading(theme, layout.width, 'CHECKS'));
    lines.push(...checks.slice(0, layout.checkRows).map((check) => checkRow(context, check)));
  }
  if (layout.runRows > 0) {
    section(heading(theme, layout.width, 'LAST RUNS'));
    lines.push(...runs.slice(0, layout.runRows).map((run) => runRow(context, run, false)));
  }
  return lines;
}

/** The panel under the board, at the bottom of the screen. */
function stacked(
  { place, theme, state }: TableView,
  left: readonly string[],
  selected: Panel,
  room: number,
): string[] {
  const { layout } = place;
  const rows = drawRows(selected.rows, state.size.columns).slice(0, layout.panel.rows - 1);
  const under = [
    heading(theme, state.size.columns, selected.title, selected.badge, selected.badgeStyle),
    ...rows,
  ];
  const above = room - layout.panel.rows;
  return [...filled(left, above), ...filled(under, layout.panel.rows)];
}

/** The panel at the right, as high as the board; the run in flight under it. */
function sideBySide(view: TableView, left: readonly string[], selected: Panel, room: number): string[] {
  const { place, theme, state } = view;
  const { layout } = place;
  const { width } = layout.panel;
  const running = liveRows(state, theme, width);
  const title: Row = [[` ${selected.title}`, theme.heading]];
  const badge: Row = selected.badge === '' ? [] : [[` ${selected.badge}`, selected.badgeStyle]];
  const text: Row[] = [title, badge, ...selected.rows];
  const most = room - (running.length > 0 ? running.length + 1 : 0);
  const right = drawRows([...filledRows(text, most), ...(running.length > 0 ? [[], ...running] : [])], width);
  const side = new Line(1).add(theme.glyphs.bar, theme.faint).end();
  return filled(left, room, ' '.repeat(layout.width)).map(
    (line, index) => line + side + (right[index] ?? ''),
  );
}

function filled(lines: readonly string[], count: number, blank = ''): string[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => lines[index] ?? blank);
}

function filledRows(rows: readonly Row[], count: number): Row[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => rows[index] ?? []);
}

function tipLine(state: ConsoleState, theme: Theme): string {
  return new Line(state.size.columns)
    .add(' tip  ', theme.heading)
    .add(state.tips[state.tip] ?? '', theme.muted)
    .end();
}

/** Before the first reading, or when it failed. */
function unread(state: ConsoleState, theme: Theme): string[] {
  const room = state.size.rows - 4;
  const error = state.boardError;
  if (error === undefined)
    return filled(['', `  ${new Line(40).add('Reading the ledger', theme.muted).end()}`], room);
  const rows: Row[] = [
    [['  The board could not be read.', theme.bad]],
    [],
    [[`  ${error.message}`]],
    [],
    [[`  ${error.next ?? 'r tries again, q quits.'}`, theme.accent]],
  ];
  return filled(drawRows(rows, state.size.columns), room);
}
