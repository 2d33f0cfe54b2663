import type { Action, ActionId, ActionState, Place } from './action.ts';

const SCREENS: readonly Place[] = ['board', 'runs', 'run', 'freshness'];

interface Look {
  id: ActionId;
  places: readonly Place[];
  keys: string[];
  label: string;
  help: string;
  footer?: number;
  off?: (state: ActionState) => string | undefined;
  cli?: (state: ActionState) => string | undefined;
}

function look({ id, places, keys, label, help, footer, off, cli }: Look): Action {
  return {
    id,
    places,
    keys,
    label,
    help,
    group: 'look',
    danger: 'read',
    ...(footer === undefined ? {} : { footer }),
    disabledReason: off ?? (() => undefined),
    cli: cli ?? (() => undefined),
  };
}

export const LOOKS: readonly Action[] = [
  look({
    id: 'open',
    places: ['board'],
    keys: ['enter'],
    label: 'last run',
    help: 'open the last run of the cell, or its details where it has none',
    footer: 40,
  }),
  look({
    id: 'open',
    places: ['runs'],
    keys: ['enter', 'l', 'right'],
    label: 'open',
    help: 'open the run',
    footer: 10,
    cli: (state) => (state.run === undefined ? undefined : `dayboard runs show ${state.run.id}`),
  }),
  look({
    id: 'open',
    places: ['run', 'freshness'],
    keys: ['enter'],
    label: 'details',
    help: 'everything known of the line under the cursor',
    footer: 40,
  }),
  look({
    id: 'log.earlier',
    places: ['run'],
    keys: ['pageup'],
    label: 'earlier log',
    help: 'earlier lines of the log',
  }),
  look({
    id: 'log.later',
    places: ['run'],
    keys: ['pagedown'],
    label: 'later log',
    help: 'later lines of the log; at its end it is followed again',
  }),
  look({
    id: 'background',
    places: ['run'],
    keys: ['b'],
    label: 'leave it running',
    help: 'go back and leave the run going',
    footer: 35,
    off: (state) => (state.run?.state === 'running' ? undefined : 'the run has ended'),
  }),
  look({
    id: 'back',
    places: ['runs', 'run', 'freshness'],
    keys: ['esc', 'backspace'],
    label: 'back',
    help: 'back',
    footer: 60,
  }),
  look({
    id: 'reload',
    places: SCREENS,
    keys: ['r', 'ctrl-r'],
    label: 'reload',
    help: 'ask the source what it has, and read the ledger again',
    off: (state) => (state.lost === undefined ? undefined : `the connection is lost: ${state.lost}`),
    cli: () => 'dayboard status',
  }),
  look({ id: 'wider', places: ['board'], keys: ['+', '='], label: 'wider days', help: 'wider days' }),
  look({
    id: 'narrower',
    places: ['board'],
    keys: ['-'],
    label: 'narrower days',
    help: 'narrower days: more of them',
  }),
  look({
    id: 'show.board',
    places: SCREENS,
    keys: ['1'],
    label: 'board',
    help: 'the board',
    cli: () => 'dayboard status',
  }),
  look({
    id: 'show.runs',
    places: SCREENS,
    keys: ['2'],
    label: 'runs',
    help: 'the list of runs',
    footer: 70,
    cli: () => 'dayboard runs',
  }),
  look({
    id: 'show.freshness',
    places: SCREENS,
    keys: ['3'],
    label: 'freshness',
    help: 'how far every relation reaches, and why not further',
    footer: 71,
    cli: () => 'dayboard freshness',
  }),
  look({
    id: 'help',
    places: SCREENS,
    keys: ['?'],
    label: 'help',
    help: 'this; Enter does what the cursor is on',
    footer: 80,
  }),
  look({
    id: 'quit',
    places: SCREENS,
    keys: ['q', 'ctrl-c'],
    label: 'quit',
    help: 'quit; asks when a run that was started here is in flight',
    footer: 90,
  }),
];
