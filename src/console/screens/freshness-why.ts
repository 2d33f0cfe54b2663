import { owedText } from '../../plan/command-line.ts';
import type { Cell, DerivedStatus } from '../../plan/board.ts';
import { chainOf, holderOf, type Link } from '../cause.ts';
import { type Clock, secondsBetween } from '../clock.ts';
import { age, bytes, duration } from '../format.ts';
import type { ConsoleState } from '../state.ts';
import type { Theme } from '../theme.ts';
import { paragraph, type Row } from '../widgets/rows.ts';
import { fit } from '../width.ts';

/**
 * Why a relation is as old as it is: its own reason, what it reads down to the object that is not there, the run that
 * failed or who is at it, when it is tried next, and what to do.
 */
export function whyRows(state: ConsoleState, theme: Theme, clock: Clock, each: DerivedStatus): Row[] {
  const width = state.size.columns;
  return [
    ...paragraph(theme, each.error?.message ?? each.why, width, 2),
    ...chainOf(state, each).flatMap((link, at) =>
      linkRows(state, theme, clock, link, at === state.freshnessView.link),
    ),
    named(theme, 'refreshed', refreshedText(state, clock, each)),
    ...(each.owed.length === 0 ? [] : [named(theme, 'owed', owedText(each.owed), theme.warn)]),
    ...holderRows(state, theme, clock, each),
    named(theme, 'next try', nextText(state, clock)),
    ...paragraph(theme, advice(each), width, 2, theme.accent),
    [],
    ...paragraph(
      theme,
      'Age counts from the end of the newest day inside, not from the last refresh.',
      width,
      1,
      theme.faint,
    ),
  ];
}

function named(theme: Theme, name: string, text: string, style = theme.muted): Row {
  return [
    [` ${name.padEnd(11)}`, theme.faint],
    [text, style],
  ];
}

function refreshedText(state: ConsoleState, clock: Clock, each: DerivedStatus): string {
  const last = each.durations.at(-1);
  if (each.refreshed === undefined) return 'never';
  return `${clock.moment(each.refreshed, state.now)}${last === undefined ? '' : `, took ${duration(last)}`}`;
}

/** Who is at the delivery that keeps it back: from where, since when, and what another try would do. */
function holderRows(state: ConsoleState, theme: Theme, clock: Clock, each: DerivedStatus): Row[] {
  const run = holderOf(state, each);
  if (run === undefined) return [];
  const { id, by, host, pid, startedAt } = run;
  const held = `${clock.moment(startedAt, state.now)}, ${age(secondsBetween(startedAt, state.now))} ago`;
  return [
    named(theme, 'held by', `run ${id} of ${by}@${host}, process ${pid}, since ${held}`, theme.accent),
    named(theme, '', 'Enter watches it. Until it ends another import of that day is refused.'),
  ];
}

function nextText(state: ConsoleState, clock: Clock): string {
  const next = (state.whole ?? state.board)?.board.nextScheduled;
  return next === undefined ? 'nothing is scheduled' : `${clock.moment(next, state.now)} by the schedule`;
}

/** What is read, and under a delivery that lacks something why it does. */
function linkRows(state: ConsoleState, theme: Theme, clock: Clock, link: Link, here: boolean): Row[] {
  const { depth, name, derived, loaded, cell } = link;
  const indent = '  '.repeat(depth - 1) + (depth > 1 ? `${theme.glyphs.branch} ` : '');
  const head: Row = [
    here ? [`${theme.glyphs.pointer}reads      `, theme.heading] : [' reads      ', theme.faint],
    [`${indent}${name}  `, here ? theme.strong : ''],
    ...(derived === undefined
      ? [[loaded === undefined ? 'nothing is loaded' : `loaded through ${loaded}`, theme.muted] as const]
      : [
          [
            `${theme.glyphs.verdict[derived.verdict]} through ${derived.through ?? 'nothing'}`,
            theme.verdict[derived.verdict],
          ] as const,
        ]),
  ];
  if (cell === undefined) return [head];
  const room = Math.max(20, state.size.columns - 14 - 2 * depth);
  return [
    head,
    [
      [' '.repeat(12 + 2 * depth)],
      [`${theme.glyphs.state[cell.state]} ${cell.period} ${cell.state}  `, theme.state[cell.state]],
      [
        fit(cellText(state, clock, cell), Math.max(8, room - cell.state.length - 16), theme.glyphs.ellipsis),
        theme.muted,
      ],
    ],
  ];
}

function cellText(state: ConsoleState, clock: Clock, cell: Cell): string {
  const object =
    cell.object === undefined
      ? 'nothing at the source'
      : `${cell.object.key}, ${bytes(cell.object.size)}, ${clock.moment(cell.object.modified, state.now)}`;
  const run = cell.run === undefined || cell.state === 'missing' ? '' : `run ${cell.run}: `;
  return cell.state === 'failed' || cell.state === 'running' ? `${run}${cell.why}` : object;
}

function advice(each: DerivedStatus): string {
  if (each.kind === 'table')
    return each.verdict === 'pass' ? '' : 'Enter opens what failed; the board shows each day: 1.';
  const last = each.durations.at(-1);
  const time = last === undefined ? '' : `, about ${duration(last)}`;
  if (each.verdict === 'pass' && each.owed.length === 0)
    return `Nothing to do. m refreshes it all the same${time}.`;
  return `m refreshes it${time}; M refreshes all that are owed or late.`;
}
