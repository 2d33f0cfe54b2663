import type { RunSummary } from '../../plan/board.ts';
import type { CellState } from '../../project/model.ts';
import { type Clock, secondsBetween } from '../clock.ts';
import { age } from '../format.ts';
import { typedFilter } from '../filter.ts';
import { Line, type Style } from '../line.ts';
import { stepCounts } from '../run-model.ts';
import { isBehind } from '../selection.ts';
import { type Connection, type ConsoleState, derivedOf } from '../state.ts';
import type { Theme } from '../theme.ts';
import { displayWidth, fit } from '../width.ts';

/** ' dayboard › board          prod  stats@db:5432/stats  RW  07:38 UTC'. What has no room goes from the middle. */
export function titleLine(state: ConsoleState, theme: Theme, clock: Clock, trail: readonly string[]): string {
  const { context, size } = state;
  const line = new Line(size.columns).add(' dayboard', theme.heading);
  const filter = state.screen === 'log' ? '' : typedFilter(state).trim();
  for (const part of filter === '' ? trail : [...trail, `/${filter}`])
    line
      .add(` ${theme.glyphs.separator} `, theme.faint)
      .add(fit(part, 44, theme.glyphs.ellipsis), theme.strong);
  const badge = ` ${context.name.toUpperCase()} `;
  const time = `${clock.time(state.now)} ${clock.zone(state.now)}`;
  const mode = context.readOnly ? 'read-only' : '';
  const fixed = displayWidth(badge) + displayWidth(time) + (mode === '' ? 0 : mode.length + 2) + 3;
  const room = line.room - fixed - 5;
  const database = room >= 12 ? fit(context.database, Math.min(room, 60), theme.glyphs.ellipsis) : '';
  line.to(size.columns - fixed - (database === '' ? 0 : displayWidth(database) + 2));
  line.add(badge, context.production ? theme.badge.production : theme.badge.other).add('  ');
  if (database !== '') line.add(database, theme.muted).add('  ');
  if (mode !== '') line.add(mode, theme.badge.readOnly).add('  ');
  return line.add(time, theme.muted).end();
}

/** States that need somebody, or are under way, the worst first. */
export const COUNTED: readonly CellState[] = [
  'failed',
  'running',
  'suspicious',
  'stale',
  'owed',
  'missing',
  'available',
  'fetched',
];

type Piece = readonly [text: string, style: Style];

/** Counts of what needs somebody, or that nothing does; or that the connection is lost. What goes on stands right. */
export function statusLine(state: ConsoleState, theme: Theme, clock: Clock): string {
  const line = new Line(state.size.columns).add(' ');
  if (state.lost !== undefined || (state.boardError !== undefined && state.board !== undefined))
    return staleLine(state, theme, line, clock);
  if (state.board === undefined)
    return line
      .add(state.boardError === undefined ? 'reading the ledger' : 'nothing was read', theme.muted)
      .end();
  const parts = activity(state, clock);
  const room = (right: readonly string[]) => line.width - 4 - displayWidth(right.join('  '));
  const candidates = [counts(state, theme, 'words'), counts(state, theme, 'short')];
  // Words matter more than when the next run is, and that more than words.
  const choices = [parts, parts.slice(0, -1), parts.slice(0, 1)].flatMap((right) =>
    candidates.map((left) => ({ left, right })),
  );
  const order = [0, 2, 1, 4, 3, 5].flatMap((index) => choices[index] ?? []);
  const fits = order.find(({ left, right }) => widthOf(left) <= room(right)) ?? {
    left: candidates[1] ?? [],
    right: [],
  };
  for (const [text, style] of fits.left) line.add(text, style);
  return line.right(fits.right.join('  '), theme.muted, line.width - 1).end();
}

function widthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, [text]) => sum + displayWidth(text), 0);
}

function counts(state: ConsoleState, theme: Theme, kind: 'words' | 'short'): Piece[] {
  const counted = COUNTED.flatMap((each): Piece[] => {
    const number = state.board?.counts[each] ?? 0;
    const word = kind === 'words' || each === 'failed' ? ` ${each}` : '';
    return number === 0 ? [] : [[`${theme.glyphs.state[each]} ${number}${word}  `, theme.state[each]]];
  });
  const calm: Piece[] = [[`${theme.glyphs.state.loaded} all that is due is loaded  `, theme.good]];
  return [...(counted.length > 0 ? counted : calm), ...viewCounts(state, theme)];
}

function viewCounts(state: ConsoleState, theme: Theme): Piece[] {
  const views = derivedOf(state);
  if (views.length === 0) return [];
  const behind = views.filter(isBehind).length;
  const unknown = views.filter((view) => view.verdict === 'unknown').length;
  const parts = [behind > 0 ? `${behind} behind` : '', unknown > 0 ? `${unknown} unknown` : ''].filter(
    (part) => part !== '',
  );
  const worst = views.some((view) => view.verdict === 'error') ? theme.bad : theme.warn;
  return [
    [`${theme.glyphs.bar} `, theme.faint],
    [`views: ${parts.length > 0 ? parts.join(', ') : 'fresh'}`, parts.length > 0 ? worst : theme.good],
  ];
}

const SPINNER = ['|', '/', '-', '\\'];

/** The run in flight that is spoken of: one of this process before others. */
export function runInFlight({ here, board }: ConsoleState): string | undefined {
  return here.at(-1) ?? board?.board.runs.find((run) => run.state === 'running')?.id;
}

/** What goes on, the most important first: the run in flight, the listing, the next scheduled run. */
function activity(state: ConsoleState, clock: Clock): string[] {
  const board = state.board?.board;
  const running = runInFlight(state);
  const parts: string[] = [];
  if (state.leaving) parts.push('quits when the run ends');
  if (running !== undefined) parts.push(runningText(state, running));
  if (state.listing)
    parts.push(`listing ${SPINNER[Math.floor(Date.parse(state.now) / 1000) % SPINNER.length]}`);
  else if (board?.listingError !== undefined) parts.push('listing failed');
  else if (board?.listedAt !== undefined)
    parts.push(`listed ${age(coarse(secondsBetween(board.listedAt, state.now)))} ago`);
  if (running === undefined && board?.nextScheduled !== undefined)
    parts.push(`next run ${clock.moment(board.nextScheduled, state.now)}`);
  return parts;
}

/** Ages that tick in steps of five seconds: a line that changes each second is looked at for nothing. */
function coarse(seconds: number): number {
  return seconds < 60 ? Math.floor(seconds / 5) * 5 : seconds;
}

/** 'run 12: 3/40', for a run in flight. */
export function runningText(state: ConsoleState, id: string): string {
  const model = state.models.get(id);
  const summary: RunSummary | undefined = state.board?.board.runs.find((run) => run.id === id);
  if (model !== undefined) {
    const counts = stepCounts(model);
    return `run ${id}: ${counts.done + counts.failed + counts.skipped + counts.cancelled}/${model.steps.length}`;
  }
  if (summary === undefined) return `run ${id}`;
  return `run ${id}: ${summary.steps.done + summary.steps.failed + summary.steps.skipped + summary.steps.cancelled}/${summary.steps.total} by ${summary.by}`;
}

/** That what is on the screen is no longer fed, why, and of when it is. */
function staleLine(state: ConsoleState, theme: Theme, line: Line, clock: Clock): string {
  const { lost, board } = state;
  const read =
    board === undefined ? 'nothing was read yet' : `this is as of ${clock.seconds(board.board.asOf)}`;
  const error = lost?.error ?? state.boardError;
  line.add(
    `${theme.glyphs.verdict.warn} ${lost === undefined ? 'the ledger could not be read' : lostText(lost, state.now)}; ${read}`,
    theme.warn,
  );
  return line.add(`  ${error?.message ?? ''}`, theme.muted).end();
}

function lostText(lost: Connection, now: string): string {
  const wait = Math.max(0, Math.ceil(secondsBetween(now, lost.retryAt)));
  const since = age(secondsBetween(lost.since, now));
  return `connection lost ${since} ago, ${wait > 0 ? `next try in ${wait}s` : 'trying now'}`;
}
