import type { Cell } from '../../plan/board.ts';
import type { Clock } from '../clock.ts';
import { filesRows, filesWindow, loadedness, type Loadedness } from '../files.ts';
import { bytes, count, plural } from '../format.ts';
import { Line } from '../line.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { footerLine } from '../widgets/footer.ts';
import { titleLine } from '../widgets/header.ts';
import { columns, drawRows, heading, paragraph, REST } from '../widgets/rows.ts';
import { fitMiddle } from '../width.ts';
import { periodTitle } from './board-panel.ts';

/** Title, counts, column names, footer. */
const FIXED = 4;
/** Its heading and what it says. */
const PANEL = 4;

export function filesPage(state: ConsoleState): number {
  return Math.max(1, state.size.rows - FIXED - PANEL);
}

/** What the source has for each delivery, beside what is loaded of it. */
export function filesScreen(state: ConsoleState, theme: Theme, clock: Clock): string[] {
  const width = state.size.columns;
  const rows = filesRows(state);
  const page = filesPage(state);
  const window = filesWindow(state, page);
  const lines = rows
    .slice(window.first, window.end)
    .map((cell, index) => fileRow(state, theme, clock, cell, window.first + index === state.filesView.row));
  const empty = state.board === undefined ? 'Reading the ledger.' : 'Nothing has these words.';
  const shown = lines.length > 0 ? lines : ['', `  ${empty}`];
  const cell = rows[state.filesView.row];
  return [
    titleLine(state, theme, clock, ['files']),
    countsLine(state, theme, rows),
    head(state, theme),
    ...Array.from({ length: page }, (_, index) => shown[index] ?? ''),
    ...panel(theme, width, cell),
    footerLine(state, theme),
  ];
}

function panel(theme: Theme, width: number, cell: Cell | undefined): string[] {
  if (cell === undefined) return ['', '', '', ''];
  const badge = `${theme.glyphs.state[cell.state]} ${cell.state}`;
  const facts = [cell.object?.key ?? '', cell.object === undefined ? '' : `etag ${cell.object.etag}`];
  const rows = drawRows(
    [
      ...paragraph(theme, cell.why, width, 2),
      [[` ${facts.filter((each) => each !== '').join(` ${theme.glyphs.bar} `)}`, theme.muted]],
    ],
    width,
  );
  return [
    heading(theme, width, `${periodTitle(cell.period)}  ${cell.dataset}`, badge, theme.state[cell.state]),
    ...Array.from({ length: PANEL - 1 }, (_, index) => rows[index] ?? ''),
  ];
}

const KINDS: ReadonlyArray<readonly [Loadedness, string]> = [
  ['not loaded', 'not loaded'],
  ['other', 'loaded from another object'],
  ['none', 'with nothing at the source'],
  ['only published', 'loaded and gone from the source'],
];

function countsLine(state: ConsoleState, theme: Theme, rows: readonly Cell[]): string {
  const objects = rows.filter((cell) => cell.object !== undefined);
  const total = objects.reduce((sum, cell) => sum + (cell.object?.size ?? 0), 0);
  const line = new Line(state.size.columns).add(
    ` ${plural(objects.length, 'object')}, ${bytes(total)}`,
    theme.strong,
  );
  for (const [kind, words] of KINDS) {
    const number = rows.filter((cell) => loadedness(cell) === kind).length;
    if (number > 0 && line.room > words.length + 10)
      line.add('   ').add(`${count(number)} ${words}`, kind === 'only published' ? theme.muted : theme.warn);
  }
  return line.end();
}

function nameWidth(state: ConsoleState): number {
  const longest = Math.max(
    12,
    ...((state.whole ?? state.board)?.tracks.map(({ row }) => row.dataset.length) ?? []),
  );
  return Math.min(longest, Math.floor(state.size.columns / 4));
}

function head(state: ConsoleState, theme: Theme): string {
  const style = theme.faint;
  return columns(new Line(state.size.columns).add(' '), theme, [
    { text: 'STATE', width: 12, style: theme.heading },
    { text: 'PERIOD', width: 10, style },
    { text: 'TABLE', width: nameWidth(state), style },
    { text: 'SIZE', width: 8, style, align: 'right' },
    { text: 'MODIFIED', width: 11, style },
    { text: 'LOADED', width: loadedWidth(state), style },
    { text: 'OBJECT', width: REST, style },
  ]).end();
}

function fileRow(state: ConsoleState, theme: Theme, clock: Clock, cell: Cell, here: boolean): string {
  const name = nameWidth(state);
  const { object } = cell;
  const line = new Line(state.size.columns).add(here ? theme.glyphs.pointer : ' ', theme.heading);
  return columns(line, theme, [
    {
      text: `${theme.glyphs.state[cell.state]} ${cell.state}`,
      width: 12,
      style: theme.state[cell.state],
    },
    { text: cell.period, width: 10, style: here ? theme.strong : '' },
    {
      text: fitMiddle(cell.dataset, name, theme.glyphs.ellipsis),
      width: name,
      style: here ? theme.strong : '',
    },
    { text: object === undefined ? '' : bytes(object.size), width: 8, align: 'right', style: theme.muted },
    {
      text: object === undefined ? theme.glyphs.dash : clock.moment(object.modified, state.now),
      width: 11,
      style: theme.muted,
    },
    {
      text: loadedText(cell, loadedWidth(state)),
      width: loadedWidth(state),
      style: loadedness(cell) === 'same' ? theme.muted : theme.warn,
    },
    { text: object?.key ?? '', width: REST, style: theme.faint },
  ]).end();
}

/** Where there is little room, the version alone. */
const SHORT = 6;

function loadedWidth(state: ConsoleState): number {
  return state.size.columns < 110 ? SHORT : 28;
}

function loadedText(cell: Cell, width: number): string {
  if (cell.version === 0) return width === SHORT ? 'no' : 'nothing';
  if (width === SHORT) return `v${cell.version}`;
  const rows = cell.rows === undefined ? '' : `, ${plural(cell.rows, 'row')}`;
  return `version ${cell.version}${loadedness(cell) === 'other' ? ' of another object' : rows}`;
}
