import { type Action, type ActionId, type Place, SCREENS } from './action.ts';

const LISTS: readonly Place[] = [
  ...SCREENS.filter((screen) => screen !== 'board'),
  'plan',
  'script',
  'details',
  'palette',
  'copy',
  'help',
];
const EVERYWHERE: readonly Place[] = ['board', ...LISTS];

function move(
  id: ActionId,
  places: readonly Place[],
  keys: string[],
  label: string,
  help: string,
  footer?: number,
): Action {
  return {
    id,
    places,
    keys,
    label,
    help,
    group: 'move',
    danger: 'read',
    ...(footer === undefined ? {} : { footer }),
    disabledReason: () => undefined,
    cli: () => undefined,
    screenOnly: true,
  };
}

function select(id: ActionId, keys: string[], label: string, help: string, footer?: number): Action {
  return { ...move(id, ['board'], keys, label, help, footer), group: 'select' };
}

/** Letters are not bound where something can be typed. */
const TYPED: readonly Place[] = ['plan', 'script', 'palette', 'help'];
const UNTYPED = EVERYWHERE.filter((place) => !TYPED.includes(place));

/** A run's pages are those of its log. */
const PAGED = EVERYWHERE.filter((place) => place !== 'run');

export const MOVES: readonly Action[] = [
  move('move.up', TYPED, ['up'], 'up', 'up'),
  move('move.up', UNTYPED, ['up', 'k'], 'up', 'up'),
  move('move.down', TYPED, ['down'], 'down', 'down'),
  move('move.down', UNTYPED, ['down', 'j'], 'down', 'down'),
  move('move.left', ['board'], ['left', 'h'], 'left', 'a day back'),
  move('move.right', ['board'], ['right', 'l'], 'right', 'a day on'),
  move('move.pageUp', PAGED, ['pageup'], 'page up', 'a page up'),
  move('move.pageDown', PAGED, ['pagedown'], 'page down', 'a page down'),
  move('move.halfUp', EVERYWHERE, ['ctrl-u'], 'half up', 'half a page up'),
  move('move.halfDown', EVERYWHERE, ['ctrl-d'], 'half down', 'half a page down'),
  move('move.first', ['board'], ['g g'], 'first', 'first table'),
  move('move.last', ['board'], ['G'], 'last', 'last row'),
  move(
    'move.first',
    LISTS.filter((place) => !TYPED.includes(place)),
    ['g g', 'home'],
    'first',
    'first line',
  ),
  move(
    'move.last',
    LISTS.filter((place) => !TYPED.includes(place)),
    ['G', 'end'],
    'last',
    'last line',
  ),
  move('move.firstDay', ['board'], ['0', 'home'], 'first day', 'the oldest day that is loaded here'),
  move('move.lastDay', ['board'], ['$', 'end'], 'today', 'today'),
  move(
    'move.previousProblem',
    ['board'],
    ['['],
    'problem before',
    'the problem before this one, at first the newest: failed, suspicious, stale or missing',
  ),
  move('move.nextProblem', ['board'], [']'], 'next problem', 'the problem after this one', 45),
  move('move.date', ['board'], ['t'], 'go to date', 'a date: 2026-11-13, 11-13, -3 (days back), mon'),
  select('select.mark', ['space'], 'mark', 'mark the cell, or take its mark off', 50),
  select('select.range', ['v'], 'range', 'a range from here to where the cursor goes', 55),
  select('select.day', ['V'], 'whole day', 'mark the whole day, every table'),
  select('select.table', ['C'], 'whole table', 'mark the whole table, every day that is loaded here'),
  select('select.missing', ['a m'], 'all missing', 'mark all that is missing or waits at the source'),
  select('select.failed', ['a f'], 'all failed', 'mark all that failed'),
  select('select.stale', ['a s'], 'all stale', 'mark all that is stale, suspicious or owed'),
  select('select.clear', ['esc'], 'clear', 'take all marks off; without any, show all tables again'),
];
