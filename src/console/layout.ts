/** A part of a list or axis: indexes from `first` up to but without `end`. */
export interface Window {
  first: number;
  end: number;
}

/**
 * The part of `total` items that `size` places show, with the cursor inside. It stays at `from` while the cursor is in
 * it and jumps by half its size otherwise: moving inside a window rewrites two rows, moving the window all of them.
 */
export function visibleWindow(cursor: number, size: number, total: number, from = 0): Window {
  const room = Math.max(0, Math.min(size, total));
  if (room === 0) return { first: 0, end: 0 };
  const at = Math.max(0, Math.min(cursor, total - 1));
  const half = Math.floor(room / 2);
  let first = Math.max(0, Math.min(from, total - room));
  if (at < first) first = at - half + 1;
  else if (at >= first + room) first = at - room + half;
  // A window of one or two places has no half to jump by.
  first = Math.max(at - room + 1, Math.min(first, at));
  first = Math.max(0, Math.min(first, total - room));
  return { first, end: first + room };
}

export interface Size {
  columns: number;
  rows: number;
}

export const SMALLEST: Size = { columns: 60, rows: 16 };

export function isTooSmall(size: Size): boolean {
  return size.columns < SMALLEST.columns || size.rows < SMALLEST.rows;
}

export type DayWidth = 1 | 2 | 3;

/** What the board has to show, in numbers. */
export interface BoardContents {
  tables: number;
  views: number;
  checks: number;
  runs: number;
  /** Days that are loaded. */
  days: number;
  /** Display width of the longest name of a table or view. */
  longestName: number;
  /** As the operator set it with + and -. */
  dayWidth: DayWidth | undefined;
  /** A line with a tip is wanted. */
  tip: boolean;
}

/** Where the parts of the board are. Rows add up to the screen's height at most, columns to its width. */
export interface BoardLayout {
  /** Columns of tables and views; the panel is right of them or under them. */
  width: number;
  panel: { at: 'right' | 'below'; width: number; rows: number };
  name: number;
  /** Columns of MEDIAN and SIZE together, 0 when they are hidden. */
  facts: number;
  dayWidth: DayWidth;
  dayCount: number;
  /** Column at which the first day stands. */
  daysAt: number;
  tableRows: number;
  viewRows: number;
  checkRows: number;
  runRows: number;
  legend: boolean;
  tip: boolean;
  /** A blank line before each section under the table. */
  spaced: boolean;
}

/** Title line, summary line, month line, day line. */
const TOP = 4;
const FOOTER = 1;
const SIDE_PANEL_FROM = 150;
const FACTS_FROM = 100;
const FACTS = 17;

export function boardLayout(size: Size, contents: BoardContents): BoardLayout {
  const side = size.columns >= SIDE_PANEL_FROM;
  const panelWidth = side ? Math.min(60, Math.floor(size.columns * 0.28)) : size.columns;
  const width = side ? size.columns - panelWidth - 1 : size.columns;
  const facts = width >= FACTS_FROM ? FACTS : 0;
  const name = nameWidth(width, contents.longestName);
  const dayWidth = contents.dayWidth ?? (width >= FACTS_FROM ? 3 : 2);
  const daysAt = 1 + name + 1 + facts + 1;
  const dayCount = Math.max(1, Math.min(contents.days, Math.floor((width - daysAt) / dayWidth)));
  return { width, name, facts, dayWidth, dayCount, daysAt, ...heights(size, contents, side, panelWidth) };
}

/** As wide as the names need, and never more than leaves two thirds of the board to the days. */
function nameWidth(width: number, longest: number): number {
  return Math.max(12, Math.min(longest, Math.floor(width / 3), 40));
}

type Heights = Pick<
  BoardLayout,
  'panel' | 'tableRows' | 'viewRows' | 'checkRows' | 'runRows' | 'legend' | 'tip' | 'spaced'
>;

/**
 * Rows are handed out by need: the tables' first rows, the panel, the views, the rest of the tables; what is left shows
 * checks and the last runs.
 */
function heights(size: Size, contents: BoardContents, side: boolean, panelWidth: number): Heights {
  const legend = size.rows >= 20;
  const tip = contents.tip && size.rows >= 22;
  let left = size.rows - TOP - FOOTER - Number(legend) - Number(tip);
  const panelRows = side ? size.rows - TOP - FOOTER + 2 : panelBelow(size, left, contents);
  if (!side) left -= panelRows;
  const least = Math.min(contents.tables, 6);
  const viewRows =
    contents.views > 0 && left - least >= 2
      ? Math.min(contents.views, left - least - 1, Math.max(3, Math.floor(left / 4)))
      : 0;
  left -= viewRows > 0 ? viewRows + 1 : 0;
  const tableRows = Math.max(1, Math.min(contents.tables, left));
  left -= tableRows;
  const moreViews = viewRows > 0 ? Math.min(contents.views - viewRows, left) : 0;
  left -= moreViews;
  const checkRows = contents.checks > 0 && left >= 3 ? Math.min(contents.checks, left - 2) : 0;
  left -= checkRows > 0 ? checkRows + 1 : 0;
  const spaced = side && left >= 9;
  if (spaced) left -= 3;
  const runRows = contents.runs > 0 && left >= 3 ? Math.min(contents.runs, left - 2) : 0;
  return {
    panel: { at: side ? 'right' : 'below', width: panelWidth, rows: panelRows },
    tableRows,
    viewRows: viewRows + moreViews,
    checkRows,
    runRows,
    legend,
    tip,
    spaced,
  };
}

/** The panel gives its last rows to tables that would not be seen otherwise. */
function panelBelow(size: Size, room: number, { tables, views }: BoardContents): number {
  const [wanted, least] = size.rows >= 24 ? [6, 5] : size.rows >= 20 ? [5, 4] : [4, 4];
  const needed = tables + (views > 0 ? Math.min(views, 3) + 1 : 0);
  return Math.max(least, Math.min(wanted, room - needed));
}

/** A list screen: `fixed` rows besides the list and an optional panel under it. */
export function listLayout(
  size: Size,
  fixed: number,
  items: number,
  wantedPanel: number,
): { list: number; panel: number } {
  const room = Math.max(1, size.rows - fixed);
  const panel = Math.min(wantedPanel, Math.max(0, room - Math.min(items, 5)));
  return { list: Math.max(1, room - panel), panel };
}
