import type { Cell } from '../../plan/board.ts';
import { shareOfProgress } from '../progress.ts';
import { type BoardPlace, isMarked } from '../board-cursor.ts';
import { type BoardModel, cellAt, type DayColumn } from '../board-model.ts';
import { CELL_STATES, type CellState } from '../../project/model.ts';
import { bytes, duration } from '../format.ts';
import type { Window } from '../layout.ts';
import { Line, type Style, styles } from '../line.ts';
import { type ConsoleState, markKey } from '../state.ts';
import type { Theme } from '../theme.ts';
import { fitMiddle, pad } from '../width.ts';

/** What all rows of the table share. */
export interface TableView {
  state: ConsoleState;
  model: BoardModel;
  place: BoardPlace;
  range: { rows: Window; columns: Window } | undefined;
  theme: Theme;
}

/** The two lines above the table: months, and days of the month. */
export function tableHead(view: TableView): [string, string] {
  return [monthLine(view), dayLine(view)];
}

function monthLine({ model, place, theme }: TableView): string {
  const { layout, days, tables } = place;
  const line = new Line(layout.width);
  const total = model.tracks.length;
  const part =
    tables.end - tables.first < total
      ? ` ${tables.first + 1}${theme.glyphs.dash}${tables.end} of ${total}`
      : ` ${total}`;
  line.add(' TABLES', theme.heading).add(part, theme.muted);
  const earlier = [
    `${theme.glyphs.arrows.left} ${days.first} more`,
    `${theme.glyphs.arrows.left} ${days.first}`,
  ];
  const fitting =
    days.first > 0 ? earlier.find((text) => text.length < layout.daysAt - line.column - 1) : undefined;
  if (fitting !== undefined) line.right(fitting, theme.faint, layout.daysAt - 1);
  for (let column = days.first; column < days.end; column += 1) {
    const day = model.days[column];
    if (day === undefined || (column > days.first && day.number !== 1)) continue;
    const at =
      layout.daysAt +
      (column - days.first) * layout.dayWidth +
      (layout.dayWidth === 1 ? 0 : layout.dayWidth - 2);
    const next = columnsUntilNextMonth(model.days, column, days.end) * layout.dayWidth;
    const label = [day.month, day.month.slice(0, 3)].find((text) => text.length < next);
    if (label !== undefined && line.column <= at) line.to(at).add(label, theme.heading);
  }
  return line.full();
}

function columnsUntilNextMonth(days: readonly DayColumn[], from: number, end: number): number {
  let column = from + 1;
  while (column < end && days[column]?.number !== 1) column += 1;
  return column - from;
}

function dayLine({ model, place, theme }: TableView): string {
  const { layout, days } = place;
  const line = new Line(layout.width);
  if (layout.facts > 0)
    line
      .to(layout.daysAt - layout.facts)
      .add(pad('MEDIAN', 7, 'left'), theme.faint)
      .add(pad('SIZE', 9, 'left'), theme.faint);
  const labels = dayLabels({ days: model.days, window: days, cursor: place.column }, layout.dayWidth);
  for (const { column, text } of labels) {
    const day = model.days[column];
    const at = layout.daysAt + (column - days.first) * layout.dayWidth;
    const style =
      column === place.column
        ? theme.cursor
        : day?.today === true
          ? theme.heading
          : day?.weekend === true
            ? theme.faint
            : theme.muted;
    line.to(at).add(text, style);
  }
  return line.full();
}

interface LabelView {
  days: readonly DayColumn[];
  window: Window;
  cursor: number;
}

/**
 * The numbers above the days. Three columns have room for every day; narrower ones show Mondays and today, and always
 * the cursor's day. Two labels never touch: the cursor's wins, then today's.
 */
export function dayLabels(
  { days, window, cursor }: LabelView,
  width: number,
): Array<{ column: number; text: string }> {
  const texts = new Map<number, string>();
  const wanted = (column: number) => {
    const day = days[column];
    return width === 3 || column === cursor || day?.today === true || day?.weekday === 'mon';
  };
  const order = [
    cursor,
    days.length - 1,
    ...Array.from({ length: window.end - window.first }, (_, index) => window.first + index),
  ];
  for (const column of order) {
    const day = days[column];
    if (
      day === undefined ||
      column < window.first ||
      column >= window.end ||
      texts.has(column) ||
      !wanted(column)
    )
      continue;
    const reach = width === 1 ? 2 : 1;
    const near = width === 3 ? false : [...texts.keys()].some((other) => Math.abs(other - column) <= reach);
    if (near) continue;
    texts.set(
      column,
      width === 3 ? `${String(day.number).padStart(2)} ` : String(day.number).padStart(Math.max(width, 1)),
    );
  }
  return [...texts].sort(([a], [b]) => a - b).map(([column, text]) => ({ column, text }));
}

/** A dataset's row. */
export function tableRow(view: TableView, row: number): string {
  const { model, place, theme } = view;
  const { layout } = place;
  const track = model.tracks[row];
  if (track === undefined) return '';
  const here = row === place.row;
  const off = track.row.off !== undefined;
  const line = new Line(layout.width);
  line.add(here ? theme.glyphs.pointer : ' ', theme.heading);
  line.add(
    fitMiddle(track.row.dataset, layout.name, theme.glyphs.ellipsis),
    here ? theme.strong : off ? theme.faint : '',
  );
  if (layout.facts > 0) addFacts(line, view, row);
  line.to(layout.daysAt);
  for (let column = place.days.first; column < place.days.end; column += 1) addDay(line, view, row, column);
  return line.full();
}

function addFacts(line: Line, { model, place, theme }: TableView, row: number): void {
  const { medianSeconds, bytes: size } = model.tracks[row]?.row ?? {};
  line.to(place.layout.daysAt - place.layout.facts);
  line.add(pad(medianSeconds === undefined ? '' : duration(medianSeconds), 7, 'left'), theme.muted);
  line.add(pad(size === undefined ? '' : bytes(size), 9, 'left'), theme.muted);
}

function addDay(line: Line, view: TableView, row: number, column: number): void {
  const { model, place, theme, state, range } = view;
  const width = place.layout.dayWidth;
  const track = model.tracks[row];
  const cell = cellAt(track, column);
  const day = model.days[column];
  const under = day?.today === true ? theme.today : day?.weekend === true ? theme.weekend : '';
  if (cell === undefined) {
    line.add(' '.repeat(width), under);
    return;
  }
  const marked = isMarked(state.view, range, { row, column, cell });
  const cursor = row === place.row && cell === place.cell;
  const { glyph, style } = drawnCell(view, cell);
  const front = cursor ? styles(style, theme.cursor) : styles(style, marked ? theme.marked : under);
  const continues = cell === cellAt(track, column + 1) && column + 1 < place.days.end;
  if (continues)
    line.add(
      theme.glyphs.rule.repeat(width),
      cursor ? front : styles(theme.faint, marked ? theme.marked : under),
    );
  else if (width === 3) line.add(marked ? `[${glyph}]` : ` ${glyph} `, front);
  else line.add(pad(glyph, width, 'left'), front);
}

/** Glyph and style of a cell; one that runs grows with what it has done. */
function drawnCell({ state, theme }: TableView, cell: Cell): { glyph: string; style: Style } {
  const live = state.live.size === 0 ? undefined : state.live.get(markKey(cell.dataset, cell.period));
  const running = live !== undefined && !live.ended;
  if (!running && cell.state !== 'running')
    return { glyph: theme.glyphs.state[cell.state], style: theme.state[cell.state] };
  const share = shareOfProgress(running ? live.progress : cell.progress);
  const { growth } = theme.glyphs;
  const glyph =
    share === undefined
      ? theme.glyphs.state.running
      : growth[Math.min(growth.length - 1, Math.floor(share * growth.length))];
  return { glyph: glyph ?? theme.glyphs.state.running, style: theme.state.running };
}

/** The glyphs that are on the board, with their words; what is plain to see goes first when there is no room. */
export function legend(theme: Theme, width: number, found: BoardModel['present']): string {
  const present = CELL_STATES.filter((state) => found.has(state) && state !== 'not due');
  const shown = [present, present.filter((state) => state !== 'loaded' && state !== 'off')];
  const widthOf = (states: readonly CellState[]) => states.reduce((sum, state) => sum + state.length + 4, 0);
  const fitting = shown.find((states) => widthOf(states) < width) ?? [];
  const line = new Line(width).add(' ');
  for (const state of fitting)
    line.add(theme.glyphs.state[state], theme.state[state]).add(` ${state}  `, theme.muted);
  if (found.has('not due') && line.room > 15) line.add('blank not due', theme.muted);
  return line.end();
}
