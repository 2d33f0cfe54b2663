import type { Cell, DerivedStatus } from '../../plan/board.ts';
import { owedText } from '../../plan/command-line.ts';
import type { CellState } from '../../project/model.ts';
import { firstDay, lastDay } from '../../project/period.ts';
import type { BoardPlace } from '../board-cursor.ts';
import { type BoardModel, WEEKDAYS } from '../board-model.ts';
import type { Clock } from '../clock.ts';
import { age, bytes, count, duration, plural } from '../format.ts';
import { byWorst } from '../glyphs.ts';
import { derivedUnderCursor, markedCells } from '../selection.ts';
import { type ConsoleState, markKey } from '../state.ts';
import type { Theme } from '../theme.ts';
import { paragraph, type Row } from '../widgets/rows.ts';
import { fitMiddle } from '../width.ts';

export interface Panel {
  title: string;
  badge: string;
  badgeStyle: string;
  rows: Row[];
}

export interface PanelContext {
  state: ConsoleState;
  model: BoardModel;
  place: BoardPlace;
  theme: Theme;
  clock: Clock;
  width: number;
  /** Rows under the title. */
  height: number;
}

/** What is selected, why it is as it is, and what to do about it. */
export function panel(context: PanelContext): Panel {
  const marked = markedCells(context.state, context.model);
  if (marked.length > 0) return markedPanel(context, marked);
  const derived = derivedUnderCursor(context.state);
  if (derived !== undefined) return derivedPanel(context, derived);
  const { cell } = context.place;
  return cell === undefined ? nothingPanel(context) : cellPanel(context, cell);
}

/** Panels with more rows than this leave blank rows between their parts, and say more. */
const TALL = 8;

/** Parts of a panel under each other; a tall one leaves a blank row before each. */
function blocks(height: number, ...parts: Row[][]): Row[] {
  return parts.filter((part) => part.length > 0).flatMap((part) => (height > TALL ? [[], ...part] : part));
}

function nothingPanel({ theme, place, model }: PanelContext): Panel {
  const day = model.days[place.column]?.day ?? '';
  return {
    title: day,
    badge: '',
    badgeStyle: theme.muted,
    rows: [[[' No delivery is expected here.', theme.muted]]],
  };
}

/** '2026-11-13 fri'. */
export function periodTitle(period: string): string {
  if (period.length !== 10) return period;
  return `${period} ${WEEKDAYS[firstDay(period).dayOfWeek - 1]}`;
}

function cellPanel(context: PanelContext, cell: Cell): Panel {
  const { theme, height, state } = context;
  const live = state.live.get(markKey(cell.dataset, cell.period));
  const shown: CellState = live !== undefined && !live.ended ? 'running' : cell.state;
  return {
    title: `${periodTitle(cell.period)}  ${cell.dataset}`,
    badge: `${theme.glyphs.state[shown]} ${shown}`,
    badgeStyle: theme.state[shown],
    rows: height > TALL ? tallCell(context, cell, shown) : shortCell(context, cell, shown),
  };
}

function tallCell(context: PanelContext, cell: Cell, shown: CellState): Row[] {
  const { theme, width, height } = context;
  const why = paragraph(theme, cell.why, width, 8);
  return blocks(
    height,
    why,
    tallFacts(context, cell),
    paragraph(theme, nextStep(cell, shown), width, 6, theme.accent),
  );
}

/** In few rows the reason comes first, then what to do, each with as many rows as it needs; facts where there is room. */
function shortCell(context: PanelContext, cell: Cell, shown: CellState): Row[] {
  const { theme, width, height } = context;
  const advice = nextStep(cell, shown);
  const needed = paragraph(theme, advice, width, height).length;
  const why = paragraph(theme, cell.why, width, Math.max(Math.ceil(height / 2), height - needed));
  const next = paragraph(theme, advice, width, Math.max(1, height - why.length), theme.accent);
  const facts = shortFacts(context, cell).slice(0, Math.max(0, height - why.length - next.length));
  return [...why, ...facts, ...next].slice(0, height);
}

function shortFacts({ theme, clock, state }: PanelContext, cell: Cell): Row[] {
  const object = cell.object;
  const rows = plural(cell.rows ?? 0, 'row');
  const published = cell.version > 0 ? `version ${cell.version}, ${rows}` : 'nothing published';
  const computed = cell.publishedBefore ? rows : 'never computed';
  const parts = [
    cell.computed ? computed : published,
    ...(object === undefined
      ? []
      : [`object ${bytes(object.size)}, ${clock.moment(object.modified, state.now)}`]),
    ...(cell.run === undefined ? [] : [`run ${cell.run}`]),
  ];
  return [[[` ${parts.join(` ${theme.glyphs.bar} `)}`, theme.muted]]];
}

/** Facts of an error that the panel says anyway. */
const NAMED_BEFORE: ReadonlySet<string> = new Set(['dataset', 'period', 'object', 'key', 'run']);

function tallFacts({ theme, clock, state, place, width }: PanelContext, cell: Cell): Row[] {
  const object = cell.object;
  const median = place.track?.row.medianSeconds;
  const publishing: Array<[string, string]> = [
    ['published', cell.version > 0 ? `version ${cell.version}` : 'nothing'],
    ...(cell.version > 0 && cell.rows !== undefined ? [['rows', count(cell.rows)] as [string, string]] : []),
    ...(object === undefined
      ? [['object', 'none at the source'] as [string, string]]
      : ([
          ['object', object.key],
          ['', `${bytes(object.size)}, modified ${clock.moment(object.modified, state.now)}`],
        ] as Array<[string, string]>)),
  ];
  const facts: Array<[string, string]> = [
    ...(cell.computed ? computing(cell) : publishing),
    ...(cell.run === undefined ? [] : [['last run', cell.run] as [string, string]]),
    ...(cell.since === undefined ? [] : [['since', clock.moment(cell.since, state.now)] as [string, string]]),
    ...(median === undefined
      ? []
      : [['usually', `${duration(median)} (median of past runs)`] as [string, string]]),
    ...Object.entries(cell.error?.facts ?? {}).flatMap(([name, value]) =>
      value === undefined || value === null || NAMED_BEFORE.has(name)
        ? []
        : [[name, String(value)] as [string, string]],
    ),
  ];
  return facts.map(([name, value]) => [
    [` ${name.padEnd(11)}`, theme.faint],
    [fitMiddle(value, width - 13, theme.glyphs.ellipsis), theme.muted],
  ]);
}

function computing({ period, rows }: Cell): Array<[string, string]> {
  const days = `${firstDay(period).toString()} to ${lastDay(period).toString()}`;
  return [['days', days], ...(rows === undefined ? [] : [['rows', count(rows)] as [string, string]])];
}

/** What to do about a period of an aggregate. */
const COMPUTED_NEXT: Partial<Record<CellState, string>> = {
  failed: 'm computes it again; what it held stays until then.',
  running: 'Enter follows the run, x stops it after its step.',
  owed: 'm computes it, M all that is owed.',
  loaded: 'Nothing to do. m computes it again.',
};

/** What to do, in one sentence. */
function nextStep(cell: Cell, shown: CellState): string {
  if (cell.computed) return COMPUTED_NEXT[shown] ?? '';
  const advice: Record<CellState, string> = {
    failed: `${cell.error?.next ?? ''} R retries it, Enter opens its run.`.trim(),
    running: 'Enter follows the run, x stops it after its step.',
    suspicious: 'Enter opens the run that published it; i loads it again.',
    stale: 'i loads what is at the source now; what is published stays until then.',
    owed: 'i loads it again under the rules of today.',
    missing: 'r asks the source again; i imports it as soon as it is there.',
    available: 'i imports it.',
    fetched: 'i imports it; the file is in the cache.',
    loaded: 'Nothing to do. i loads it again.',
    'not due': '',
    off: '',
  };
  return advice[shown];
}

function markedPanel(
  { theme, width, height, model, state }: PanelContext,
  marked: ReturnType<typeof markedCells>,
): Panel {
  const counts = new Map<CellState, number>();
  for (const cell of marked) counts.set(cell.state, (counts.get(cell.state) ?? 0) + 1);
  const seconds = marked.reduce((sum, cell) => {
    const track = model.tracks.find(({ row }) => row.dataset === cell.dataset);
    return sum + (['loaded', 'suspicious'].includes(cell.state) ? 0 : (track?.row.medianSeconds ?? 0));
  }, 0);
  const states: Row = byWorst(counts.keys()).flatMap((each) => [
    [` ${theme.glyphs.state[each]} ${counts.get(each)} ${each} `, theme.state[each]] as const,
  ]);
  const periods = new Set(marked.map((cell) => cell.period)).size;
  const tables = [...new Set(marked.map((cell) => cell.dataset))];
  const time =
    seconds > 0
      ? `Loading what is not loaded takes about ${duration(seconds)} one after the other (medians).`
      : '';
  const advice = `${state.context.readOnly ? '' : 'i imports them, '}p shows the plan, Esc takes the marks off.`;
  const rows = blocks(
    height,
    [states],
    paragraph(theme, tables.join(', '), width, height > TALL ? 8 : 1, theme.muted),
    paragraph(theme, time, width, 2, theme.muted),
    paragraph(theme, advice, width, 2, theme.accent),
  );
  return {
    title: `${plural(marked.length, 'cell')} marked: ${plural(periods, 'period')} of ${plural(tables.length, 'table')}`,
    badge: state.view.range === undefined ? '' : 'range: move to widen it',
    badgeStyle: theme.muted,
    rows,
  };
}

function derivedPanel({ theme, width, height, clock, state }: PanelContext, view: DerivedStatus): Panel {
  const facts = [
    view.through === undefined ? 'no data' : `through ${view.through}`,
    ...(view.ageSeconds === undefined ? [] : [`${age(view.ageSeconds)} old`]),
    ...(view.rows === undefined ? [] : [plural(view.rows, 'row')]),
    ...(view.bytes === undefined ? [] : [bytes(view.bytes)]),
    view.refreshed === undefined ? 'never refreshed' : `refreshed ${clock.moment(view.refreshed, state.now)}`,
  ];
  const owed =
    view.owed.length === 0
      ? []
      : paragraph(theme, `owed: ${owedText(view.owed)}`, width, height > TALL ? 4 : 1, theme.warn);
  const rows = blocks(
    height,
    paragraph(theme, view.error?.message ?? view.why, width, height > TALL ? 6 : 2),
    owed,
    paragraph(theme, facts.join(` ${theme.glyphs.bar} `), width, height > TALL ? 6 : 1, theme.muted),
    paragraph(theme, `reads ${view.reads.join(', ')}`, width, height > TALL ? 4 : 1, theme.muted),
    paragraph(theme, 'm refreshes it, Enter says more.', width, 1, theme.accent),
  );
  return {
    title: `${view.kind} ${view.name}`,
    badge: `${theme.glyphs.verdict[view.verdict]} ${view.verdict}`,
    badgeStyle: theme.verdict[view.verdict],
    rows,
  };
}
